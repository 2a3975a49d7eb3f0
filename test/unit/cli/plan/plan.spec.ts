import { strict as assert } from "assert";
import { planFleet } from "../../../../cli/plan/plan";
import { FleetPlan, PlanOptions } from "../../../../cli/plan/fleetPlan";
import { planLines } from "../../../../cli/plan/planReport";
import { readSettings } from "../../../../stacks/config";
import { good, Raw } from "../../stacks/config/configSupport";

/** So many devices of the group pumps with keys made by the program. */
const fleet = (count: number): Raw[] =>
    Array.from({ length: count }, (_, index) => ({ id: `d-${index}`, group: "pumps" }));
const elliptic = { pumps: { keyAlgorithm: "ECDSA-P256" } };
const someGroups = (count: number, settings: Raw = {}): Raw =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`g-${index}`, settings]));

function planOf(change: Raw, options: Partial<PlanOptions> = {}): FleetPlan {
    return planFleet(readSettings(good(change), "/"), { cores: 2, ...options });
}

const listed = (count: number, hub: Raw = {}, more: Raw = {}) =>
    planOf({ groups: elliptic, devices: fleet(count), hub, ...more });

/** A stack for each group; devices of no group have a thumbprint. */
function inGroups(pumps: number, valves: number, none: number): FleetPlan {
    const named = (count: number, prefix: string, deviceOf: (index: number) => Raw): Raw[] =>
        Array.from({ length: count }, (_, i) => ({ id: `${prefix}-${i}`, ...deviceOf(i) }));
    const thumbprint = (index: number) => index.toString(16).toUpperCase().padStart(64, "A");
    return planOf({
        shards: "group",
        groups: { ...elliptic, valves: { keyAlgorithm: "ECDSA-P256" } },
        devices: [
            ...fleet(pumps),
            ...named(valves, "v", () => ({ group: "valves" })),
            ...named(none, "n", (i) => ({ auth: "thumbprint", thumbprints: [thumbprint(i)] })),
        ],
    });
}

/** The same device so many times, which no configuration could say but which is fast. */
function veryMany(count: number, more: Raw = {}, cores = 2): FleetPlan {
    const settings = readSettings(good({ groups: elliptic, devices: fleet(1), ...more }), "/");
    const devices = new Array<(typeof settings.devices)[0]>(count).fill(settings.devices[0]);
    return planFleet({ ...settings, devices }, { cores });
}

const topics = ({ advice }: FleetPlan) => advice.map(({ topic }) => topic);

function advised(plan: FleetPlan, topic: string): { reason: string; action: string } {
    const found = plan.advice.find((advice) => advice.topic === topic);
    return found ?? assert.fail(`no advice on ${topic}: ${JSON.stringify(plan.advice)}`);
}

/** Equal but for what floating point adds. */
function near(actual: number, expected: number): void {
    assert(Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`);
}

/** All figures here are worked out by hand from the tier's documented rate and the model's constants. */
describe("plan: the hub's throttle", () => {
    it("10,000 devices at S1 x 1: (10,000 - 100) / 100 = 99 minutes", () => {
        const { firstUp } = listed(10_000);
        assert.deepEqual([firstUp.registryOperations, firstUp.httpRequests], [10_000, 100]);
        assert.equal(firstUp.hubMinutes, 99);
    });

    it("at S1 x 10 (10,000 - 1,000) / 1,000 = 9, at S3 x 1 (10,000 - 5,000) / 5,000 = 1", () => {
        assert.equal(listed(10_000, { units: 10 }).firstUp.hubMinutes, 9);
        assert.equal(listed(10_000, { sku: "S3" }).firstUp.hubMinutes, 1);
    });

    it("100 devices pass immediately, the 101st waits a hundredth of a minute", () => {
        assert.equal(listed(100).firstUp.hubMinutes, 0);
        assert.equal(listed(101).firstUp.hubMinutes, 0.01);
        assert.equal(listed(101).firstUp.httpRequests, 2);
    });

    it("compares five hubs", () => {
        const rows = listed(10_000).tiers.map((row) => [row.sku, row.units, row.hubMinutes]);
        assert.deepEqual(rows, [
            ["S1", 1, 99],
            ["S1", 2, 49],
            ["S1", 10, 9],
            ["S2", 1, 99],
            ["S3", 1, 1],
        ]);
    });

    it("a refresh of 12,000 reads each twin: at 100 per second, 2 minutes at S1 x 1", () => {
        const { reads, hubMinutes } = listed(12_000).refresh;
        assert.deepEqual([reads, hubMinutes], [12_000, 2]);
    });

    it("devices added later: up to 100 pass immediately, in one request", () => {
        const rows = listed(1000).additions.map((added) => [
            added.devices,
            added.registryOperations,
            added.httpRequests,
            added.hubMinutes,
        ]);
        assert.deepEqual(rows, [
            [1, 1, 1, 0],
            [100, 100, 1, 0],
        ]);
    });
});

describe("plan: bulk requests", () => {
    const lines = (plan: FleetPlan) => planLines(plan).join("\n");

    it("in one stack, the count is the minimum", () => {
        const report = lines(listed(1000));
        assert.match(report, /bulk requests +at least 10\n/);
        assert.match(report, /100 more .*; at least 1 bulk request\n/);
        assert.match(report, /1 more .*\); 1 bulk request\n/);
    });

    it("in shards, and without devices, the count is exact", () => {
        assert.match(lines(listed(1000, {}, { shards: 2 })), /bulk requests +10\n/);
        assert.match(lines(planOf({})), /bulk requests +0\n/);
    });
});

describe("plan: the engine's own time", () => {
    it("400 elliptic devices in one stack: 4 + 400 x 0.015 + 160,000 x 0.0002 = 42 s; with the hub 4 s and 3 min", () => {
        const { engineMinutes, hubMinutes, minutes } = listed(400).firstUp;
        near(engineMinutes * 60, 42);
        assert.equal(hubMinutes, 3);
        near(minutes * 60, 184);
    });

    it("10,000 in one stack: 4 + 150 + 20,000 s, longer than the hub's 99 min", () => {
        const { engineMinutes, minutes } = listed(10_000).firstUp;
        near(engineMinutes * 60, 20_154);
        assert.equal(minutes, engineMinutes);
    });

    it("1,000 in 10 shards on 2 cores: 4 + 5 x (4 + 1.5) x 1.8 = 53.5 s; with the hub 8 s and 9 min", () => {
        const { engineMinutes, minutes } = listed(1000, {}, { shards: 10 }).firstUp;
        near(engineMinutes * 60, 53.5);
        near(minutes * 60, 548);
    });

    it("1,000 in 1 shard: 4 + 4 + 15 = 23 s", () => {
        near(listed(1000, {}, { shards: 1 }).firstUp.engineMinutes * 60, 23);
    });

    it("50 RSA-2048 keys: 4 + 0.75 + 0.5 + 50 x 0.22 / 2 cores = 10.75 s", () => {
        const plan = planOf({ devices: fleet(50) });
        near(plan.firstUp.engineMinutes * 60, 10.75);
    });

    it("a device added to 1,000: 4 + 8 + 0.015 + 2,001 x 0.0002 = 12.4152 s", () => {
        near(listed(1000).additions[0].engineMinutes * 60, 12.4152);
    });

    it("no devices: only the start", () => {
        const { firstUp, state } = planOf({});
        assert.deepEqual([firstUp.registryOperations, firstUp.httpRequests], [0, 0]);
        near(firstUp.engineMinutes * 60, 4);
        assert.deepEqual([state.bytes, state.bytesPerDevice], [0, 0]);
    });
});

describe("plan: a stack for each group", () => {
    /*
     * Two cores. By themselves pumps take 4 + 15 = 19 s, valves 5.5 s, devices of no group 4.15 s. Beside these two, pumps
     * do 9.65 of their 19 s in 1.8 times as long, and the rest alone: 4 + 9.65 x 1.8 + 9.35 = 30.72.
     */
    it("runs two stacks at a time, each with its own devices: 30.72 s", () => {
        near(inGroups(1000, 100, 10).firstUp.engineMinutes * 60, 30.72);
    });

    it("takes at least as long as the largest: 4 + 4.15 x 1.8 + (4 + 149.85 - 4.15) = 161.17 s", () => {
        near(inGroups(9990, 10, 0).firstUp.engineMinutes * 60, 161.17);
    });

    it("a group alone, with its keys: 4 + 19 + 1,000 x 0.22 / 2 cores = 133 s", () => {
        const { firstUp } = planOf({ shards: "group", devices: fleet(1000) });
        near(firstUp.engineMinutes * 60, 133);
    });

    it("names the largest shard, and reports its state size", () => {
        const plan = inGroups(1000, 100, 10);
        assert.equal(plan.shards, 3);
        const largest = { name: "group-pumps", devices: 1000, bytes: 4_096_000 };
        assert.deepEqual(plan.largestShard, largest);
        assert.equal(plan.state.bytesPerShard, 4_096_000);
        const report = planLines(plan).join("\n");
        assert.match(report, /the largest shard {2}3\.9 MiB; group-pumps, 1,000 devices/);
    });

    it("names no largest shard if a hash spreads the devices evenly", () => {
        const plan = listed(1000, {}, { shards: 4 });
        assert.equal(plan.largestShard, null);
        assert.match(planLines(plan).join("\n"), /per shard +1000\.0 KiB/);
    });

    it("counts bulk requests per shard: 10 for pumps, 2 for valves, 1 for the others; 100 added devices need one", () => {
        const { firstUp, additions } = inGroups(1000, 101, 10);
        assert.equal(firstUp.httpRequests, 13);
        assert.equal(additions[1].httpRequests, 1);
    });

    it("100 added devices are assumed in the largest shard: 4 + (4 + 8 + 1.5), and 0.8 x 4.8 for valves", () => {
        const [, { engineMinutes }] = inGroups(1000, 100, 0).additions;
        near(engineMinutes * 60, 4 + 13.5 + 4.8 * 0.8);
    });

    it("a refresh reads each listed device once, and none that only registers", () => {
        const reads = (devices: Raw["devices"]) =>
            planOf({
                shards: "group",
                dps: {},
                groups: { pumps: {}, meters: { provisioning: "dps" } },
                devices,
            }).refresh.reads;
        const meter = { id: "m", group: "meters" };
        assert.deepEqual([reads([...fleet(3), meter]), reads([meter])], [3, 0]);
        assert.equal(listed(10_000, {}, { shards: 20 }).refresh.reads, 10_000);
    });

    it("advises fewer shards than groups if one of 31 groups has 12,000 devices", () => {
        const plan = planOf(
            {
                shards: "group",
                groups: { ...elliptic, ...someGroups(30) },
                devices: fleet(12_000),
                pki: { trust: "root" },
            },
            { cores: 8 },
        );
        const { reason, action } = advised(plan, "shards");
        assert.match(
            reason,
            /^the largest of 31 shards, group-pumps, holds 12,000 devices and 46\.9 MiB of state: /,
        );
        assert.equal(action, "npm run fleet -- up --shards 24");
    });
});

describe("plan: state and limits", () => {
    it("state: 1,000 x 4 KiB, in 4 shards 1,024,000 bytes each", () => {
        const { bytes, bytesPerDevice, bytesPerShard } = listed(1000, {}, { shards: 4 }).state;
        assert.deepEqual([bytes, bytesPerDevice, bytesPerShard], [4_096_000, 4096, 1_024_000]);
    });

    it("a thumbprint device is listed in no group, with 1.5 KiB", () => {
        const thumbprints = ["AB".repeat(32)];
        const plan = planOf({ devices: [{ id: "gate", auth: "thumbprint", thumbprints }] });
        assert.deepEqual(plan.devices.byAuthentication, { csr: 0, generated: 0, thumbprint: 1 });
        const [, without] = plan.devices.byGroup;
        assert.deepEqual(without, { group: null, devices: 1, provisioning: "listed" });
        assert.equal(plan.state.bytes, 1536);
    });

    it("devices of the provisioning service cost no registry operation", () => {
        const plan = planOf({
            dps: {},
            groups: {
                pumps: {},
                meters: { provisioning: "dps" },
                valves: { provisioning: "both", intermediate: { generation: 2, retain: [1] } },
            },
            devices: [
                { id: "p", group: "pumps" },
                { id: "m", group: "meters", enrollment: "individual" },
                { id: "v", group: "valves" },
            ],
        });
        assert.deepEqual([plan.devices.listed.count, plan.devices.provisioned], [2, 1]);
        assert.equal(plan.firstUp.registryOperations, 2);
        // On the hub pumps-g1, valves-g2 and valves-g1; on the service meters-g1 instead of pumps-g1.
        const certificates = { count: 3, limit: 25, retained: 1, groups: 2, canRollOver: 2 };
        assert.deepEqual(plan.hub.certificates, certificates);
        assert.deepEqual(plan.dps, {
            certificates,
            enrollmentGroups: { count: 2, limit: 100 },
            individualEnrollments: { count: 1, limit: 1_000_000 },
        });
    });

    it("a trusted root is one certificate, and every group can roll over", () => {
        const plan = planOf({ groups: someGroups(30), pki: { trust: "root" } });
        const { count, canRollOver } = plan.hub.certificates;
        assert.deepEqual([count, canRollOver, topics(plan)], [1, 30, []]);
    });

    it("a blocked group's CA is not on the hub", () => {
        const plan = planOf({ groups: { pumps: {}, valves: { blocked: true } } });
        assert.equal(plan.hub.certificates.count, 1);
    });
});

describe("plan: advice", () => {
    it("none if no limit is near", () => {
        assert.deepEqual(listed(100).advice, []);
        assert.deepEqual(planOf({ groups: someGroups(12) }).advice, []);
    });

    it("10,000 at S1 x 1: ten units, because nine need (10,000 - 900) / 900 = 10.1 min; 20 shards", () => {
        const plan = listed(10_000);
        assert.deepEqual(topics(plan), ["shards", "units"]);
        assert.equal(
            advised(plan, "units").action,
            "pulumi config set --path iot-x509:hub.units 10",
        );
        assert.equal(advised(plan, "shards").action, "npm run fleet -- up --shards 20");
        assert(listed(10_000, { units: 9 }).firstUp.hubMinutes > 10);
        assert.deepEqual(topics(listed(10_000, { units: 10 }, { shards: 20 })), []);
    });

    it("600,000 in one stack: 1,000 shards, the maximum of the command", () => {
        assert.equal(
            advised(veryMany(600_000), "shards").action,
            "npm run fleet -- up --shards 1000",
        );
        assert.equal(
            advised(veryMany(400_000), "shards").action,
            "npm run fleet -- up --shards 800",
        );
    });

    it("F1 cannot have more units, so another tier", () => {
        const { action } = advised(listed(2000, { sku: "F1" }), "units");
        assert.match(action, /hub\.sku S1; .*hub\.units 2$/);
    });

    it("300,000 at S1 x 1: 273 units are more than S1 has; S3 with (300,000 / 55,000) 6", () => {
        const plan = listed(300_000);
        assert.match(advised(plan, "units").action, /hub\.sku S3; .*hub\.units 6$/);
        assert.match(
            advised(plan, "dps").action,
            /dps\.units 1; .*groups\.pumps\.provisioning dps$/,
        );
        assert.match(
            advised(plan, "dps").reason,
            /already deployed, the next up deletes its listed identities, and devices .* are cut off$/,
        );
        const kept = veryMany(20_000, { pruneDevices: false });
        assert.match(advised(kept, "dps").reason, /the next up disables its listed identities/);
    });

    it("13 groups: 12 CAs are free, so not all can roll over at once", () => {
        const { reason, action } = advised(planOf({ groups: someGroups(13) }), "certificates");
        assert.match(reason, /13 of 25 .* 12 of 13 groups/);
        assert.equal(action, "pulumi config set --path iot-x509:pki.trust root");
    });

    it("many enrollment groups under a trusted root", () => {
        const groups = someGroups(81, { provisioning: "dps" });
        const plan = planOf({ dps: {}, pki: { trust: "root" }, groups });
        assert.match(advised(plan, "enrollmentGroups").reason, /^81 enrollment groups; .* 100$/);
    });

    it("RSA keys: 600 x 0.22 / 2 = 66 s", () => {
        const { reason, action } = advised(planOf({ devices: fleet(600) }), "keys");
        assert.match(reason, /1\.1 min on all 2 cores/);
        assert.match(action, /groups\.pumps\.keyAlgorithm ECDSA-P256$/);
    });

    it("for a configuration near 128 KiB, and not for one of 100 KiB", () => {
        const ofBytes = (configurationBytes: number) => planOf({}, { configurationBytes });
        const plan = ofBytes(110 * 1024);
        assert.match(advised(plan, "configuration").reason, /110 KiB.* 128 KiB/);
        assert.deepEqual(topics(ofBytes(100 * 1024)), []);
    });
});
