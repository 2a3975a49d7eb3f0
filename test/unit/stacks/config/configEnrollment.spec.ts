import { strict as assert } from "assert";
import { readSettings } from "../../../../stacks/config";
import { good, inputs, ProjectFolder, Raw, refuses } from "./configSupport";

const group = (settings: Raw, change: Raw = {}): Raw =>
    good({ dps: {}, groups: { pumps: { provisioning: "dps", ...settings } }, ...change });
const enrollment = (settings: Raw): Raw => group({ enrollment: settings });
const twin = (settings: Raw): Raw => enrollment({ initialTwin: settings });
const device = (settings: Raw, provisioning = "dps"): Raw =>
    group({ provisioning }, { devices: [{ id: "pump-1", group: "pumps", ...settings }] });
const groups = (count: number, settings: Raw): Raw =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`g${index}`, settings]));
const rolling: Raw = { provisioning: "dps", intermediate: { generation: 2, retain: [1] } };

describe("configuration: enrollments", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    const read = (raw: Raw) => readSettings(raw, folder.path);

    it("reads a group's enrollment", () => {
        const initialTwin = {
            tags: { site: "north" },
            desired: { interval: 60, limits: { max: 1.5 }, on: true },
        };
        const [pumps] = read(
            group({
                provisioning: "both",
                blocked: true,
                enrollment: {
                    reprovision: "keep",
                    allocationPolicy: "geoLatency",
                    iotEdge: true,
                    initialTwin,
                },
            }),
        ).groups;
        assert.deepEqual(
            [pumps.provisioning, pumps.blocked, pumps.enrollment],
            [
                "both",
                true,
                {
                    reprovision: "keep",
                    allocationPolicy: "geoLatency",
                    iotEdge: true,
                    initialTwin,
                },
            ],
        );
    });

    it("blocks a listed group without a provisioning service", () => {
        const [pumps] = read(good({ groups: { pumps: { blocked: true } } })).groups;
        assert.deepEqual([pumps.provisioning, pumps.blocked], ["listed", true]);
    });

    it("counts a group's CAs for each service to which they are uploaded", () => {
        const mixed = { ...groups(24, { provisioning: "dps" }), both: { provisioning: "both" } };
        const listed = Object.fromEntries(
            Array.from({ length: 24 }, (_, index) => [`l${index}`, {}]),
        );
        const settings = read(good({ dps: {}, groups: { ...mixed, ...listed } }));
        assert.equal(settings.groups.length, 49);
    });

    it("accepts 100 enrollment groups under one trusted root", () => {
        const raw = { dps: {}, groups: groups(100, rolling), pki: { trust: "root" } };
        assert.equal(read(good(raw)).groups.length, 100);
    });

    it("accepts desired properties of 32 KB, texts in UTF-8", () => {
        const desired = Object.fromEntries(
            Array.from({ length: 8 }, (_, index) => [`k${index}`, "ü".repeat(2047)]),
        );
        assert.deepEqual(read(twin({ desired })).groups[0].enrollment.initialTwin.desired, desired);
    });

    it("enrolls single devices if configured, in YAML and in a table", () => {
        folder.write(
            "fleet.csv",
            "id,group,enrollment\na,pumps,individual\nb,pumps,\nc,pumps,group\n",
        );
        const { devices } = read(
            group(
                { provisioning: "both" },
                {
                    devices: [{ id: "pump-1", group: "pumps", enrollment: "individual" }],
                    devicesFile: "fleet.csv",
                },
            ),
        );
        assert.deepEqual(
            devices.map(({ id, individualEnrollment }) => [id, individualEnrollment]),
            [
                ["pump-1", true],
                ["a", true],
                ["b", false],
                ["c", false],
            ],
        );
    });

    it("accepts registration IDs of every allowed form, and the hub's larger alphabet elsewhere", () => {
        const ids = ["pump-1", "a.b_c", "7", "line-", "p".repeat(64)];
        const raw = (provisioning: string, list: string[]): Raw =>
            group(
                { provisioning },
                {
                    deviceDefaults: { group: "pumps" },
                    devices: list.map((id) => ({ id })),
                },
            );
        assert.equal(read(raw("dps", ids)).devices.length, ids.length);
        assert.equal(read(raw("listed", ["a*1", "b_", "c@d"])).devices.length, 3);
    });
});

describe("configuration: bad enrollments", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());
    folder.write("fleet.csv", "id,group,enrollment\na,pumps,individual\n");

    refuses(
        () => folder.path,
        inputs([
            [
                "provisioning without a service",
                good({ groups: { pumps: { provisioning: "both" } } }),
                "groups.pumps.provisioning",
                '"both"',
                "the stack has none",
                "dps: {}",
            ],
            [
                "unknown provisioning",
                group({ provisioning: "list" }),
                "groups.pumps.provisioning",
                '"list"',
                "listed, dps, both",
                'did you mean "listed"?',
            ],
            [
                "blocked as a word",
                group({ blocked: "partly" }),
                "groups.pumps.blocked",
                '"partly"',
                "true or false",
                "without quotes",
            ],
            [
                "enrollment of a listed group",
                good({ dps: {}, groups: { pumps: { enrollment: { iotEdge: true } } } }),
                "groups.pumps.enrollment",
                "a mapping of 1",
                "listed on the hub",
                "provisioning: dps or both",
            ],
            [
                "misspelt key of an enrollment",
                enrollment({ reprovisioning: "keep" }),
                "groups.pumps.enrollment.reprovisioning",
                '"reprovisioning"',
                "not a setting of an enrollment",
                'did you mean "reprovision"?',
            ],
            [
                "unknown reprovision policy",
                enrollment({ reprovision: "never" }),
                "groups.pumps.enrollment.reprovision",
                '"never"',
                "migrate, reset, keep",
                "known are migrate",
            ],
            [
                "enrollment allocated by a function",
                enrollment({ allocationPolicy: "custom" }),
                "groups.pumps.enrollment.allocationPolicy",
                '"custom"',
                "Azure Function",
                "hashed, geoLatency, static",
            ],
            [
                "unknown allocation policy",
                enrollment({ allocationPolicy: "weighted" }),
                "groups.pumps.enrollment.allocationPolicy",
                '"weighted"',
                "hashed, geoLatency, static",
                "known are hashed",
            ],
            [
                "edge as a word",
                enrollment({ iotEdge: "edge" }),
                "groups.pumps.enrollment.iotEdge",
                '"edge"',
                "true or false",
                "without quotes",
            ],
            [
                "reported properties",
                twin({ reported: {} }),
                "groups.pumps.enrollment.initialTwin.reported",
                '"reported"',
                "not a setting of an initial twin",
                "tags, desired",
            ],
            [
                "the program's own tag",
                twin({ tags: { iotX509: 1 } }),
                "groups.pumps.enrollment.initialTwin.tags.iotX509",
                "1",
                "reserved for this program",
                "another name",
            ],
            [
                "tags beyond 8 KB",
                twin({ tags: { a: "x".repeat(4096), b: "x".repeat(4095) } }),
                "groups.pumps.enrollment.initialTwin.tags",
                "8193 bytes",
                "tags of a device must have at most 8192",
                "queries",
            ],
            [
                "desired properties as a list",
                twin({ desired: [1] }),
                "groups.pumps.enrollment.initialTwin.desired",
                "a list of 1",
                "the list of desired properties must be a mapping",
                "key: value",
            ],
            [
                "desired property with a dot in its name",
                twin({ desired: { "a.b": 1 } }),
                'groups.pumps.enrollment.initialTwin.desired["a.b"]',
                '"a.b"',
                "name of a desired property must not contain a dot",
                "rename",
            ],
            [
                "desired properties beyond 32 KB",
                twin({
                    desired: Object.fromEntries(
                        Array.from({ length: 8 }, (_, index) => [`k${index}`, "x".repeat(4095)]),
                    ),
                }),
                "groups.pumps.enrollment.initialTwin.desired",
                "32776 bytes",
                "at most 32768",
                "what the device needs",
            ],
            [
                "more CAs than a provisioning service takes",
                good({ dps: {}, groups: groups(13, rolling) }),
                "groups",
                "26 CA certificates (13 groups and their retained generations)",
                "a provisioning service holds at most 25",
                "pki.trust: root",
            ],
            [
                "more enrollment groups than a service takes",
                good({ dps: {}, groups: groups(101, rolling), pki: { trust: "root" } }),
                "groups",
                "101 groups with provisioning dps or both",
                "at most 100 enrollment groups",
                "provisioning: listed",
            ],
            [
                "three CAs of one enrollment group",
                group({ intermediate: { generation: 3, retain: [1, 2] } }),
                "groups.pumps.intermediate.retain",
                "a list of 2",
                "at most two CAs",
                "delete the others",
            ],
            [
                "individual enrollment in a listed group",
                device({ enrollment: "individual" }, "listed"),
                "devices[0].enrollment",
                '"individual"',
                "the devices of group pumps are listed",
                "groups.pumps.provisioning: dps or both",
            ],
            [
                "tags of a device that the provisioning service makes",
                device({ tags: { site: "north" } }, "dps"),
                "devices[0].tags",
                "a mapping of 1",
                "requires an identity listed on the hub",
                "initialTwin.tags",
            ],
            [
                "adoption of a device that the provisioning service makes",
                device({ adopt: true }, "dps"),
                "devices[0].adopt",
                "true",
                "requires an identity listed on the hub",
                "groups.pumps.provisioning: both",
            ],
            [
                "individual enrollment in a table, in a listed group",
                good({ devicesFile: "fleet.csv" }),
                "fleet.csv:2: enrollment",
                '"individual"',
                "the devices of group pumps are listed",
                "delete it",
            ],
            [
                "individual enrollment of a thumbprint device",
                good({
                    dps: {},
                    devices: [
                        {
                            id: "cam-1",
                            auth: "thumbprint",
                            thumbprints: ["AB".repeat(32)],
                            enrollment: "individual",
                        },
                    ],
                }),
                "devices[0].enrollment",
                '"individual"',
                "requires auth: ca",
                "delete enrollment",
            ],
            [
                "unknown enrollment of a device",
                device({ enrollment: "single" }),
                "devices[0].enrollment",
                '"single"',
                "group, individual",
                "known are group",
            ],
            [
                "ID with a character of the hub's alphabet only",
                device({ id: "pump*1" }),
                "devices[0].id",
                '"pump*1"',
                "registration ID",
                "provisioning: listed",
            ],
            [
                "ID that ends with a dot",
                device({ id: "pump." }, "both"),
                "devices[0].id",
                '"pump."',
                "not end with a dot or underscore",
                "rename",
            ],
            [
                "ID of an individual enrollment that ends with an underscore",
                device({ id: "pump_", enrollment: "individual" }),
                "devices[0].id",
                '"pump_"',
                "not end with a dot or underscore",
                "rename",
            ],
            [
                "ID with a colon, which only the provisioning service takes",
                device({ id: "pump:1" }),
                "devices[0].id",
                '"pump:1"',
                "ASCII letters",
                "pump-01",
            ],
            [
                "registration ID longer than 64",
                device({ id: "p".repeat(65) }),
                "devices[0].id",
                `"${"p".repeat(60)}…"`,
                "at most 64",
                "shorten",
            ],
            [
                "upper case in a registration ID",
                device({ id: "Pump" }),
                "devices[0].id",
                '"Pump"',
                "lower-case ASCII letters",
                "rename",
            ],
        ]),
    );
});
