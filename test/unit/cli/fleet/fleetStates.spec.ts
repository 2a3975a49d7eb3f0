import { strict as assert } from "assert";
import { FleetStacks } from "../../../../cli/fleet/fleetStacks";
import { Placement, platformOf } from "../../../../cli/fleet/placement";
import { ExportedState, StateResource } from "../../../../cli/fleet/stackState";
import { readSettings } from "../../../../stacks/config";
import { isFleetStack } from "../../../../stacks/shards";
import { good, Raw } from "../../stacks/config/configSupport";

/** With what a state keeps beside what is read of it. */
type Resource = StateResource & Readonly<Record<string, unknown>>;

const identity = "pulumi-nodejs:dynamic/iothub:DeviceIdentity";
const certificate = "pulumi-nodejs:dynamic/pki:DeviceCertificate";
const enrollment = "pulumi-nodejs:dynamic/dps:IndividualEnrollment";
const issuer = "pulumi-nodejs:dynamic/pki:Issuer";
const reference = "pulumi:pulumi:StackReference";
const root = "pulumi:pulumi:Stack";
const provider = "pulumi:providers:pulumi-nodejs";

function urnOf(stack: string, type: string, name: string): string {
    return `urn:pulumi:${stack}::iot-x509::${type}::${name}`;
}

function one(stack: string, type: string, name: string, more: object = {}): Resource {
    return { urn: urnOf(stack, type, name), type, ...more };
}

function state(...resources: readonly StateResource[]): ExportedState {
    return { version: 3, deployment: { resources } };
}

/** A stack with identity and certificate of some devices. */
function holding(stack: string, ...ids: readonly string[]): ExportedState {
    return state(
        one(stack, root, `iot-x509-${stack}`),
        ...ids.flatMap((id) => [one(stack, certificate, id), one(stack, identity, id)]),
    );
}

const groups: Raw = { pumps: {}, sensors: {} };
const devices = [
    { id: "pump-01", group: "pumps" },
    { id: "sensor-01", group: "sensors" },
    { id: "gate-01", auth: "thumbprint", thumbprints: ["AB".repeat(32)] },
];

/** The stacks of `dev`, of which `states` exist. */
function stacks(raw: Raw, states: Readonly<Record<string, ExportedState>>): FleetStacks {
    const settings = readSettings(good({ groups, devices, ...raw }), __dirname);
    return new FleetStacks(settings, "dev", new Map(Object.entries(states)));
}

/** `from > to: type name, …` of each move, and `stack: type name, …` of each leftover. */
function told({ moves, leftovers }: Placement) {
    const named = (parts: Placement["leftovers"][number]["parts"]) =>
        parts.map(({ urn }) => /[^:]+::[^:]+$/.exec(urn)?.[0]);
    return {
        moves: moves.map(({ from, to, parts }) => [`${from} > ${to}`, ...named(parts)]),
        leftovers: leftovers.map(({ stack, parts }) => [stack, ...named(parts)]),
    };
}

const both = (id: string) => [`DeviceCertificate::${id}`, `DeviceIdentity::${id}`];

describe("fleet stacks: where the device resources belong", () => {
    // SHA-256 and the jump hash put pump-01 and gate-01 in shard-1 of 2, and d-7 in shard-2; pump-01 in shard-3 of 3.
    const two = [...devices, { id: "d-7", group: "pumps" }];

    it("nothing moves when everything is where it belongs", () => {
        const { placement } = stacks(
            { shards: 2, devices: two },
            {
                dev: holding("dev"),
                "dev-shard-1": holding("dev-shard-1", "pump-01", "gate-01"),
                "dev-shard-2": holding("dev-shard-2", "d-7"),
            },
        );
        assert.deepEqual(placement, { moves: [], leftovers: [], differing: [] });
        assert.deepEqual(stacks({}, { dev: holding("dev", "pump-01") }).placement, {
            moves: [],
            leftovers: [],
            differing: [],
        });
    });

    it("from one stack to shards that do not exist yet", () => {
        const { placement } = stacks(
            { shards: 2, devices: two },
            { dev: holding("dev", "pump-01", "d-7", "gate-01") },
        );
        assert.deepEqual(told(placement), {
            moves: [
                ["dev > dev-shard-1", ...both("pump-01"), ...both("gate-01")],
                ["dev > dev-shard-2", ...both("d-7")],
            ],
            leftovers: [],
        });
    });

    it("an individual enrollment goes with its device, and nothing else of the hub's stack", () => {
        const { placement } = stacks(
            { shards: 1 },
            {
                dev: state(
                    one("dev", root, "iot-x509-dev"),
                    one("dev", issuer, "pumps"),
                    one("dev", "azure-native:iothub:IotHubResource", "iot-hub"),
                    one("dev", "pulumi-nodejs:dynamic/dps:EnrollmentGroup", "pumps"),
                    one("dev", "pulumi-nodejs:dynamic/iothub:VerifiedCertificate", "pumps-g1"),
                    one("dev", enrollment, "pump-01"),
                ),
            },
        );
        assert.deepEqual(told(placement).moves, [
            ["dev > dev-shard-1", "IndividualEnrollment::pump-01"],
        ]);
    });

    it("with an added shard: devices move only to it", () => {
        const { placement } = stacks(
            { shards: 3, devices: two },
            {
                dev: holding("dev"),
                "dev-shard-1": holding("dev-shard-1", "pump-01", "gate-01"),
                "dev-shard-2": holding("dev-shard-2", "d-7"),
            },
        );
        assert.deepEqual(told(placement), {
            moves: [["dev-shard-1 > dev-shard-3", ...both("pump-01")]],
            leftovers: [],
        });
    });

    it("back to no shards: everything moves to the hub's stack, even what the settings dropped", () => {
        const { placement } = stacks(
            {},
            {
                dev: holding("dev", "sensor-01"),
                "dev-shard-1": holding("dev-shard-1", "pump-01"),
                "dev-shard-2": holding("dev-shard-2", "dropped"),
            },
        );
        assert.deepEqual(told(placement), {
            moves: [
                ["dev-shard-1 > dev", ...both("pump-01")],
                ["dev-shard-2 > dev", ...both("dropped")],
            ],
            leftovers: [],
        });
    });

    it("from a number of shards to a stack for each group", () => {
        const { placement } = stacks(
            { shards: "group" },
            {
                dev: holding("dev"),
                "dev-shard-1": holding("dev-shard-1", "pump-01", "gate-01"),
                "dev-shard-2": holding("dev-shard-2", "sensor-01"),
            },
        );
        assert.deepEqual(told(placement).moves, [
            ["dev-shard-1 > dev-group-pumps", ...both("pump-01")],
            ["dev-shard-1 > dev-groupless", ...both("gate-01")],
            ["dev-shard-2 > dev-group-sensors", ...both("sensor-01")],
        ]);
    });

    it("from a stack for each group to a number of shards", () => {
        const { placement } = stacks(
            { shards: 2, devices: two },
            {
                dev: holding("dev"),
                "dev-group-pumps": holding("dev-group-pumps", "pump-01", "d-7"),
                "dev-groupless": holding("dev-groupless", "gate-01"),
            },
        );
        assert.deepEqual(told(placement).moves, [
            ["dev-group-pumps > dev-shard-1", ...both("pump-01")],
            ["dev-group-pumps > dev-shard-2", ...both("d-7")],
            ["dev-groupless > dev-shard-1", ...both("gate-01")],
        ]);
    });

    it("a device that the settings dropped goes to its shard, where it is deleted", () => {
        const { placement } = stacks({ shards: 2 }, { dev: holding("dev", "d-7") });
        assert.deepEqual(told(placement).moves, [["dev > dev-shard-2", ...both("d-7")]]);
    });

    it("by group, a device that was dropped stays in a fleet stack, and leaves any other", () => {
        const { placement } = stacks(
            { shards: "group" },
            {
                dev: holding("dev", "dropped-1"),
                "dev-group-sensors": holding("dev-group-sensors", "dropped-2"),
                "dev-group-gone": holding("dev-group-gone", "dropped-3"),
            },
        );
        assert.deepEqual(told(placement).moves, [
            ["dev > dev-group-pumps", ...both("dropped-1")],
            ["dev-group-gone > dev-group-pumps", ...both("dropped-3")],
        ]);
    });

    it("what the next run deletes does not move", () => {
        const { placement } = stacks(
            { shards: 1 },
            {
                dev: state(
                    one("dev", identity, "pump-01", { delete: true }),
                    one("dev", certificate, "pump-01"),
                ),
                "dev-shard-1": state(one("dev-shard-1", identity, "pump-01")),
            },
        );
        assert.deepEqual(told(placement), {
            moves: [["dev > dev-shard-1", "DeviceCertificate::pump-01"]],
            leftovers: [],
        });
    });

    it("after an interrupted move, the copy that is where it belongs is kept", () => {
        for (const order of [
            ["dev", "dev-shard-1"],
            ["dev-shard-1", "dev"],
        ]) {
            const { placement } = stacks(
                { shards: 1 },
                Object.fromEntries(order.map((stack) => [stack, holding(stack, "pump-01")])),
            );
            assert.deepEqual(told(placement), {
                moves: [],
                leftovers: [["dev", ...both("pump-01")]],
            });
        }
    });

    it("of two different copies, the later one stays wherever it is, and is reported", () => {
        const copy = (stack: string, modified: string) =>
            state(one(stack, certificate, "pump-01", { modified }));
        const [early, late] = ["2026-11-28T01:31:37.173Z", "2026-11-28T01:31:37.17345Z"];
        const { placement } = stacks(
            { shards: 1 },
            { dev: copy("dev", late), "dev-shard-1": copy("dev-shard-1", early) },
        );
        assert.deepEqual(told(placement), {
            moves: [["dev > dev-shard-1", "DeviceCertificate::pump-01"]],
            leftovers: [["dev-shard-1", "DeviceCertificate::pump-01"]],
        });
        assert.deepEqual(
            placement.differing.map(({ stack }) => stack),
            ["dev"],
        );
        const other = stacks(
            { shards: 1 },
            { dev: copy("dev", early), "dev-shard-1": copy("dev-shard-1", late) },
        ).placement;
        assert.deepEqual(told(other), {
            moves: [],
            leftovers: [["dev", "DeviceCertificate::pump-01"]],
        });
        assert.equal(other.differing.length, 1);
    });

    it("of two copies that are both elsewhere, one moves and the other is removed", () => {
        const { placement } = stacks(
            { shards: "group" },
            {
                dev: holding("dev", "pump-01"),
                "dev-shard-1": state(one("dev-shard-1", identity, "pump-01")),
            },
        );
        assert.deepEqual(told(placement), {
            moves: [["dev > dev-group-pumps", ...both("pump-01")]],
            leftovers: [["dev-shard-1", "DeviceIdentity::pump-01"]],
        });
    });
});

describe("fleet stacks: which exist", () => {
    it("all shards are wanted in order, with or without devices, existing or not", () => {
        const { wanted } = stacks({ shards: 2 }, { "dev-shard-2": state() });
        assert.deepEqual(wanted, [
            { stack: "dev-shard-1", shard: "shard-1", devices: 2, exists: false },
            { stack: "dev-shard-2", shard: "shard-2", devices: 1, exists: true },
        ]);
        assert.deepEqual(
            stacks({ shards: "group" }, {}).wanted.map(({ stack, devices }) => [stack, devices]),
            [
                ["dev-group-pumps", 1],
                ["dev-group-sensors", 1],
                ["dev-groupless", 1],
            ],
        );
        assert.deepEqual(stacks({}, {}).wanted, []);
    });

    it("fleet stacks that the settings no longer have are obsolete", () => {
        const states = { dev: state(), "dev-shard-1": state(), "dev-shard-2": state() };
        assert.deepEqual(stacks({ shards: 1 }, states).obsolete, ["dev-shard-2"]);
        assert.deepEqual(stacks({}, states).obsolete, ["dev-shard-1", "dev-shard-2"]);
        assert.deepEqual(stacks({ shards: 2 }, states).obsolete, []);
    });

    it("a fleet stack may be removed when it contains no device resources", () => {
        const own = [
            one("dev-shard-1", root, "iot-x509-dev-shard-1"),
            one("dev-shard-1", provider, "default"),
            one("dev-shard-1", reference, "organization/iot-x509/dev"),
            one("dev-shard-1", issuer, "pumps"),
        ];
        const isRemovable = (...resources: Resource[]) =>
            stacks({}, { "dev-shard-1": state(...resources) }).isRemovable("dev-shard-1");
        assert.equal(isRemovable(...own), true);
        assert.equal(isRemovable(), true);
        const rules = ["iot-x509:alerts:AlertRules", "azure-native:monitor:ScheduledQueryRule"].map(
            (type) => one("dev-shard-1", type, "alerts"),
        );
        assert.equal(isRemovable(...own, ...rules), true, "its alert rules are about nothing");
        const held = stacks({}, { "dev-shard-1": state(...own, ...rules) });
        assert.equal(held.hasAlertRules("dev-shard-1"), true, "they are deleted on Azure first");
        assert.equal(
            stacks({}, { "dev-shard-1": state(...own) }).hasAlertRules("dev-shard-1"),
            false,
        );
        assert.equal(isRemovable(...own, one("dev-shard-1", identity, "pump-01")), false);
        const doomed = one("dev-shard-1", identity, "pump-01", { delete: true });
        assert.equal(isRemovable(...own, doomed), false);
        assert.equal(stacks({}, {}).isRemovable("dev-shard-1"), false);
        const neverDeployed: ExportedState = { version: 3, deployment: {} };
        assert.equal(stacks({}, { "dev-shard-1": neverDeployed }).isRemovable("dev-shard-1"), true);
    });

    it("counts the device resources that are listed or held, those of the provisioning service by certificate and registration", () => {
        const states = {
            dev: holding("dev", "pump-01", "dropped"),
            "dev-shard-1": state(one("dev-shard-1", identity, "pump-01")),
        };
        const fleet = stacks(
            { dps: {}, groups: { ...groups, sensors: { provisioning: "dps" } } },
            states,
        );
        // pump-01 and dropped 2 each, the thumbprint device an identity, sensor-01 a certificate and a registration.
        assert.equal(fleet.expectedParts, 7);
        assert.equal(stacks({}, {}).expectedParts, 5);
    });

    it("lists what is protected, by stack", () => {
        const hub = one("dev", "azure-native:iothub:IotHubResource", "iot-hub", { protect: true });
        const states = { dev: state(hub, one("dev", issuer, "pumps")), "dev-shard-1": state() };
        assert.deepEqual([...stacks({}, states).protectedResources], [["dev", [hub.urn]]]);
    });

    it("names that only resemble a fleet stack's belong to others", () => {
        const names = (platform: string, ...all: string[]) =>
            all.filter((name) => isFleetStack(platform, name));
        assert.deepEqual(
            names("dev", "dev-shard-1", "dev-shard-12", "dev-group-pumps", "dev-groupless"),
            ["dev-shard-1", "dev-shard-12", "dev-group-pumps", "dev-groupless"],
        );
        assert.deepEqual(
            names(
                "dev",
                ...["dev", "dev-", "dev-shard-", "dev-shard-1x", "dev-shard-x", "dev-group-"],
                ...["dev2-shard-1", "devshard-1", "dev_shard-1", "prod-shard-1", "my-dev-shard-1"],
                ...["dev-groupless-2", "dev-east", "dev-east-shard-1", "DEV-shard-1"],
            ),
            [],
        );
        assert.deepEqual(names("dev.x", "dev.x-shard-1", "dev-x-shard-1"), ["dev.x-shard-1"]);
    });

    it("a stack's platform is known from its reference, or before its first deployment from its devices' owner", () => {
        const name = "dev-group-eu";
        const refersTo = (platform: string) =>
            one(name, reference, `organization/iot-x509/${platform}`);
        const owned = (owner: string) => one(name, identity, "pump-01", { outputs: { owner } });
        assert.equal(platformOf(state(refersTo("dev"), owned("iot-x509/east"))), "dev");
        assert.equal(platformOf(state(owned("iot-x509/dev"))), "dev");
        assert.equal(platformOf(state(owned("iot-x509/dev"), owned("iot-x509/east"))), null);
        assert.equal(
            platformOf(state(refersTo("dev"), one(name, "iot-x509:iothub:Hub", "h"))),
            null,
        );
        assert.equal(platformOf(state(one(name, certificate, "pump-01"))), undefined);
        assert.equal(platformOf({ version: 3, deployment: {} }), undefined);
    });
});
