import { strict as assert } from "assert";
import { readSettings } from "../../../stacks/config";
import { Settings, Sharding } from "../../../stacks/settings";
import { devicesOf, fleetStackName, jumpHash, shardNames, shardOf } from "../../../stacks/shards";
import { good, inputs, problemsOf, ProjectFolder, Raw, refuses } from "./config/configSupport";

const by = (count: number): Sharding => ({ by: "hash", count });
const device = (id: string, group?: string) => ({ id, group });
const many = (count: number) => Array.from({ length: count }, (_, index) => `device-${index}`);

const groups: Raw = { pumps: {}, sensors: {} };
const devices = [
    { id: "pump-01", group: "pumps" },
    { id: "pump-02", group: "pumps" },
    { id: "sensor-01", group: "sensors" },
    { id: "gate-01", auth: "thumbprint", thumbprints: ["AB".repeat(32)] },
];

describe("shards: the one that a device belongs to", () => {
    it("jumpHash matches published values of other implementations", () => {
        for (const [key, buckets, bucket] of [
            [1n, 1, 0],
            [42n, 57, 43],
            [0xdead10ccn, 1, 0],
            [0xdead10ccn, 666, 361],
            [256n, 1024, 520],
            [128n, 100_000_000, 38_172_097],
            [18_446_744_073_709_551_615n, 128, 92],
            [1n, 128, 55],
            [129n, 128, 120],
        ] as const) {
            assert.equal(jumpHash(key, buckets), bucket, `${key} over ${buckets}`);
        }
    });

    it("a device stays where an earlier release put it", () => {
        // By another implementation, in Python: SHA-256's first 8 bytes, big-endian, and the published jump hash.
        for (const [id, ...expected] of [
            ["pump-01", 1, 1, 3, 7, 199],
            ["gate-01", 1, 1, 1, 1, 499],
            ["d-7", 1, 2, 2, 2, 340],
            ["Ü-1", 1, 2, 3, 3, 20],
        ] as const) {
            const found = [1, 2, 3, 8, 1000].map((count) => shardOf(by(count), device(id)));
            const names = expected.map((number) => `shard-${number}`);
            assert.deepEqual(found, names, id);
        }
    });

    it("the group does not matter when devices are spread evenly", () => {
        const found = [undefined, "pumps", "sensors"].map((group) =>
            shardOf(by(1000), device("pump-01", group)),
        );
        assert.equal(new Set(found).size, 1);
    });

    it("10,000 devices over 8 shards: each has 1,250, plus or minus a tenth", () => {
        const counts = new Map<string, number>();
        for (const id of many(10_000)) {
            const shard = shardOf(by(8), device(id));
            counts.set(shard, (counts.get(shard) ?? 0) + 1);
        }
        assert.deepEqual(
            [...counts.keys()].sort(),
            [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `shard-${number}`),
        );
        for (const [shard, count] of counts) {
            assert.ok(count >= 1125 && count <= 1375, `${shard} has ${count}`);
        }
    });

    it("an added shard: only its share of devices moves, and only to it", () => {
        const ids = many(2000);
        for (let count = 1; count <= 12; count++) {
            const moved = ids
                .map((id) => [by(count), by(count + 1)].map((each) => shardOf(each, device(id))))
                .filter(([before, after]) => before !== after);
            assert.deepEqual([...new Set(moved.map(([, after]) => after))], [`shard-${count + 1}`]);
            const share = ids.length / (count + 1);
            assert.ok(moved.length > share * 0.7 && moved.length < share * 1.3, `${moved.length}`);
        }
    });

    it("by group: a shard per group, and one for devices without a group", () => {
        const sharding: Sharding = { by: "group" };
        assert.equal(shardOf(sharding, device("pump-01", "pumps")), "group-pumps");
        assert.equal(shardOf(sharding, device("pump-02", "pumps")), "group-pumps");
        assert.equal(shardOf(sharding, device("pump-01", "sensors")), "group-sensors");
        assert.equal(shardOf(sharding, device("gate-01")), "groupless");
    });

    it("a fleet stack is named after the platform's stack and the shard", () => {
        assert.equal(fleetStackName("dev", "shard-12"), "dev-shard-12");
    });
});

describe("shards: of a configuration", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    const read = (raw: Raw): Settings =>
        readSettings(good({ groups, devices, ...raw }), folder.path);
    const declared = (raw: Raw) => devicesOf(read(raw)).map(({ id }) => id);
    const names = (settings: Settings) =>
        settings.shards === undefined ? [] : shardNames(settings.shards, settings);

    it("none by default: the hub's stack declares all devices", () => {
        const { shards, shard } = read({});
        assert.deepEqual([shards, shard], [undefined, undefined]);
        assert.deepEqual(declared({}), ["pump-01", "pump-02", "sensor-01", "gate-01"]);
    });

    it("accepts a number from 1 to 1000, as YAML and as Pulumi write it", () => {
        for (const [value, count] of [
            [4, 4],
            ["4", 4],
            [1, 1],
            [1000, 1000],
        ] as const) {
            assert.deepEqual(read({ shards: value }).shards, { by: "hash", count });
        }
    });

    it("the names of a number of shards count from 1", () => {
        assert.deepEqual(names(read({ shards: 3 })), ["shard-1", "shard-2", "shard-3"]);
    });

    it("the names of shards by group are the groups', with or without devices", () => {
        assert.deepEqual(read({ shards: "group" }).shards, { by: "group" });
        assert.deepEqual(names(read({ shards: "group" })), [
            "group-pumps",
            "group-sensors",
            "groupless",
        ]);
        assert.deepEqual(names(read({ shards: "group", devices: [] })), [
            "group-pumps",
            "group-sensors",
        ]);
        const none = read({ shards: "group", groups: {}, devices: [] });
        assert.deepEqual(names(none), ["groupless"]);
    });

    it("the stack of the hub declares no device once there are shards", () => {
        assert.deepEqual(declared({ shards: 1 }), []);
        assert.deepEqual(declared({ shards: "group" }), []);
    });

    it("a fleet stack knows its platform", () => {
        const shard = { of: "dev", name: "shard-2" };
        assert.deepEqual(read({ shards: 2, shard }).shard, shard);
    });

    it("by group, each fleet stack declares its group's devices", () => {
        const of = (name: string) => declared({ shards: "group", shard: { of: "dev", name } });
        assert.deepEqual(of("group-pumps"), ["pump-01", "pump-02"]);
        assert.deepEqual(of("group-sensors"), ["sensor-01"]);
        assert.deepEqual(of("groupless"), ["gate-01"]);
    });

    it("over a number of shards, every device is declared by exactly one stack", () => {
        const ids = many(300);
        const fleet = ids.map((id) => ({ id, group: "pumps" }));
        const found = [1, 2, 3, 4, 5, 6, 7].flatMap((number) =>
            declared({
                shards: 7,
                shard: { of: "dev", name: `shard-${number}` },
                devices: fleet,
            }),
        );
        assert.deepEqual(found.sort(), [...ids].sort());
    });

    it("the message of a problem names path, value, rule and remedy on one line", () => {
        assert.throws(
            () => read({ shards: "many" }),
            /\n {2}shards: "many" — must be a number of fleet stacks from 1 to 1000, or "group" — write a number/,
        );
    });

    it("an unknown shard is one problem beside those of other settings", () => {
        const shard = { of: "dev", name: "shard-3" };
        const problems = problemsOf(good({ shards: 2, shard, protect: "maybe" }), folder.path);
        assert.deepEqual(problems.map(({ path }) => path).sort(), ["protect", "shard.name"]);
    });
});

describe("shards: bad values", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    const range = 'must be a number of fleet stacks from 1 to 1000, or "group"';
    const evenly = 'write a number to spread the devices evenly, or "group"';
    const anew = "delete it: npm run fleet writes this setting";
    const part = (shards: unknown, shard: unknown) => good({ groups, devices, shards, shard });

    refuses(
        () => folder.path,
        inputs([
            ["no shard", good({ shards: 0 }), "shards", "0", range, evenly],
            ["no shard, as text", good({ shards: "0" }), "shards", '"0"', range, evenly],
            ["less than none", good({ shards: -1 }), "shards", "-1", range, evenly],
            ["more than 1000", good({ shards: 1001 }), "shards", "1001", range, evenly],
            ["a text", good({ shards: "x" }), "shards", '"x"', range, evenly],
            ["half a shard", good({ shards: 2.5 }), "shards", "2.5", range, evenly],
            ["half a shard, as text", good({ shards: "2.5" }), "shards", '"2.5"', range, evenly],
            [
                "group in another spelling",
                good({ shards: "Group" }),
                "shards",
                '"Group"',
                range,
                evenly,
            ],
            ["a yes", good({ shards: true }), "shards", "true", range, evenly],
            [
                "names of shards",
                good({ shards: ["a", "b"] }),
                "shards",
                "a list of 2",
                range,
                evenly,
            ],
            ["a list of a number", good({ shards: [4] }), "shards", "a list of 1", range, evenly],
            [
                "a mapping",
                good({ shards: { by: "group" } }),
                "shards",
                "a mapping of 1",
                range,
                evenly,
            ],
            [
                "without a value",
                good({ shards: null }),
                "shards",
                "(empty)",
                "must have a value",
                "delete",
            ],
            [
                "a shard without shards",
                good({ shard: { of: "dev", name: "shard-1" } }),
                "shard",
                "a mapping of 2",
                "requires shards",
                anew,
            ],
            [
                "a shard that is near one of the shards",
                part(2, { of: "dev", name: "shard1" }),
                "shard.name",
                '"shard1"',
                "must be one of the shards",
                'did you mean "shard-1"?',
            ],
            [
                "a shard that is none of the shards",
                part(2, { of: "dev", name: "group-pumps" }),
                "shard.name",
                '"group-pumps"',
                "must be one of the shards",
                "known are shard-1, shard-2",
            ],
            [
                "the shard of a group that is gone",
                part("group", { of: "dev", name: "group-valves" }),
                "shard.name",
                '"group-valves"',
                "must be one of the shards",
                "group-pumps",
            ],
            [
                "the shard of devices without a group where all have one",
                good({ groups, shards: "group", shard: { of: "dev", name: "groupless" } }),
                "shard.name",
                '"groupless"',
                "must be one of the shards",
                "known are group-pumps, group-sensors",
            ],
            [
                "a shard of no stack",
                part(2, { name: "shard-1" }),
                "shard.of",
                "(not set)",
                "is required",
                anew,
            ],
            [
                "a shard without a name",
                part(2, { of: "dev" }),
                "shard.name",
                "(not set)",
                "is required",
                anew,
            ],
            [
                "a shard of a number",
                part(2, { of: 7, name: "shard-1" }),
                "shard.of",
                "7",
                "must be text",
                'write it in quotes: "7"',
            ],
            [
                "an unknown key of a shard",
                part(2, { of: "dev", name: "shard-1", nam: "shard-1" }),
                "shard.nam",
                '"nam"',
                "is not a setting of a fleet stack",
                'did you mean "name"?',
            ],
        ]),
    );
});
