import { strict as assert } from "assert";
import { FleetPlan, planFleet, PlanOptions } from "../../scripts/lib/plan";
import { readSettings } from "../../stacks/config";
import { good, Raw } from "./configSupport";

/** So many devices of the group pumps with keys made by the program. */
const fleet = (count: number): Raw[] =>
    Array.from({ length: count }, (_, index) => ({ id: `d-${index}`, group: "pumps" }));
const elliptic = { pumps: { keyAlgorithm: "ECDSA-P256" } };
const someGroups = (count: number, settings: Raw = {}): Raw =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`g-${index}`, settings]));

function planOf(change: Raw, options: Partial<PlanOptions> = {}): FleetPlan {
    return planFleet(readSettings(good(change), "/"), { cores: 2, ...options });
}

const listed = (count: number, hub: Raw = {}, options: Partial<PlanOptions> = {}) =>
    planOf({ groups: elliptic, devices: fleet(count), hub }, options);

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

    it("100 devices go at once, the 101st waits for its hundredth of a minute", () => {
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

    it("a refresh of 10,000: 100 pages and a count, (101 - 20) / 20 = 4.05 minutes at S1 x 1", () => {
        const { queries, hubMinutes } = listed(10_000).refresh;
        assert.deepEqual([queries, hubMinutes], [101, 4.05]);
    });

    it("more devices later: up to 100 go at once, in one request", () => {
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

    it("one device more to 1,000: 4 + 8 + 0.015 + 2,001 x 0.0002 = 12.4152 s", () => {
        near(listed(1000).additions[0].engineMinutes * 60, 12.4152);
    });

    it("no devices: the start alone", () => {
        const { firstUp, state } = planOf({});
        assert.deepEqual([firstUp.registryOperations, firstUp.httpRequests], [0, 0]);
        near(firstUp.engineMinutes * 60, 4);
        assert.deepEqual([state.bytes, state.bytesPerDevice], [0, 0]);
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
    it("none when nothing is near", () => {
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
        assert.match(reason, /1\.1 min of all 2 cores/);
        assert.match(action, /groups\.pumps\.keyAlgorithm ECDSA-P256$/);
    });

    it("a configuration near 128 KiB, and not one of 100 KiB", () => {
        const plan = listed(10, {}, { configurationBytes: 110 * 1024 });
        assert.match(advised(plan, "configuration").reason, /110 KiB.* 128 KiB/);
        assert.deepEqual(topics(listed(10, {}, { configurationBytes: 100 * 1024 })), []);
    });
});
