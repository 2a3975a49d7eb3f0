import { strict as assert } from "assert";
import { cpSync, readdirSync, readFileSync, statSync } from "fs";
import * as paths from "path";
import * as pulumi from "@pulumi/pulumi";
import { load } from "js-yaml";
import { ConfigurationError, loadSettings, readSettings } from "../../../../stacks/config";
import { Settings } from "../../../../stacks/settings";
import { good, problemsOf, ProjectFolder, Raw } from "./configSupport";

const project = paths.resolve(__dirname, "../../../..");
const region = { defaultLocation: "westeurope" };

/** The settings of a stack file as it stands, without their namespace. */
function stackFile(stack: string): Raw {
    const text = readFileSync(paths.join(project, `Pulumi.${stack}.yaml`), "utf8");
    const { config } = load(text) as { config: Raw };
    return Object.fromEntries(
        Object.entries(config)
            .filter(([key]) => key.startsWith("iot-x509:"))
            .map(([key, value]) => [key.slice("iot-x509:".length), value]),
    );
}

describe("configuration: the sample stack files", () => {
    it("dev is valid: five devices of all kinds in two groups", () => {
        const { devices, groups, hub, protect } = readSettings(stackFile("dev"), project, region);
        const kinds = devices.map(({ id, authentication, status }) => [
            id,
            authentication.kind,
            status,
        ]);
        assert.deepEqual(kinds, [
            ["pump-01", "csr", "enabled"],
            ["pump-02", "generated", "enabled"],
            ["sensor-01", "generated", "enabled"],
            ["sensor-02", "generated", "disabled"],
            ["gateway-01", "thumbprint", "enabled"],
        ]);
        assert.deepEqual(devices[0].tags, { environment: "dev", site: "lab" });
        assert.deepEqual(
            groups.map(({ keyAlgorithm }) => keyAlgorithm),
            ["RSA-2048", "ECDSA-P256"],
        );
        assert.deepEqual([hub.localAuth, protect], [false, false]);
    });

    it("prod lacks only the user's root, and is valid with one", () => {
        const problems = problemsOf(stackFile("prod"), project, region);
        assert.deepEqual(
            problems.map(({ path }) => path),
            ["pki.root.certificate"],
        );

        const folder = new ProjectFolder();
        try {
            folder.openssl(
                "req -x509 -newkey rsa:2048 -noenc -keyout root.key -days 3650 -out root.pem " +
                    "-addext basicConstraints=critical,CA:TRUE,pathlen:1 -addext keyUsage=critical,keyCertSign",
                "-subj",
                "/O=MyOrg/CN=IoT Root CA",
            );
            const raw = stackFile("prod");
            cpSync(paths.join(project, "devices"), paths.join(folder.path, "devices"), {
                recursive: true,
            });
            const root = { keys: "offline", certificate: "root.pem" };
            const settings = readSettings({ ...raw, pki: { root } }, folder.path, region);
            assert.equal(settings.devices.length, 5);
            assert.deepEqual(settings.devices[1].tags, {
                environment: "prod",
                site: "augsburg",
                line: "2",
            });
            assert.equal(settings.protect, true);
            assert.equal(settings.pruneDevices, false);
            assert.deepEqual(settings.outputDevices, []);
        } finally {
            folder.remove();
        }
    });

    it("the samples contain no private key", () => {
        const files = readdirSync(paths.join(project, "devices"), { recursive: true })
            .map((name) => paths.join(project, "devices", String(name)))
            .filter((name) => statSync(name).isFile());
        assert(files.length >= 7);
        assert(files.every((name) => !readFileSync(name, "utf8").includes("PRIVATE KEY")));
    });
});

describe("configuration: as a whole", () => {
    it("fills in the defaults of the PKI", () => {
        const settings = readSettings(
            { organization: "Contoso", location: "westeurope", groups: { pumps: {} } },
            project,
        );
        const expected: Settings = {
            organization: "Contoso",
            country: undefined,
            location: "westeurope",
            resourceGroupName: undefined,
            resourceGroup: "create",
            maxCutOff: undefined,
            rollover: { accept: 0 },
            alerts: undefined,
            hub: {
                name: undefined,
                prefix: "iot",
                sku: "S1",
                units: 1,
                minTlsVersion: "1.2",
                localAuth: false,
                dataRole: "assign",
                roleWaitSeconds: 600,
                isStrict: false,
                routes: [],
                routeWaitSeconds: 120,
            },
            dps: undefined,
            est: undefined,
            pki: {
                trust: "intermediates",
                root: {
                    keys: "managed",
                    generation: 1,
                    keyAlgorithm: "RSA-4096",
                    commonName: "IoT Root CA",
                    validityDays: 3650,
                    certificatePem: undefined,
                    proofPem: undefined,
                },
            },
            groups: [
                {
                    name: "pumps",
                    intermediate: {
                        keyAlgorithm: "RSA-4096",
                        commonName: "IoT Intermediate CA pumps",
                        validityDays: 1825,
                        generation: 1,
                        retain: [],
                        certificatePems: {},
                    },
                    validityDays: 365,
                    renewBeforeDays: 30,
                    keyAlgorithm: "RSA-2048",
                    provisioning: "listed",
                    blocked: false,
                    enrollment: {
                        reprovision: "migrate",
                        allocationPolicy: undefined,
                        iotEdge: false,
                        initialTwin: { tags: {}, desired: {} },
                    },
                },
            ],
            devices: [],
            protect: false,
            pruneDevices: true,
            outputDevices: [],
            ci: undefined,
            shards: undefined,
            shard: undefined,
        };
        assert.deepEqual(settings, expected);
    });

    it("reports all problems at once, one line each", () => {
        const raw = good({
            organization: null,
            hub: { sku: "S9" },
            groups: { pumps: { validityDays: 9999 } },
            devices: [{ id: "sensor 3", group: "pump", status: "off" }],
            deivces: [],
        });
        const problems = problemsOf(raw, project);
        assert.deepEqual(problems.map(({ path }) => path).sort(), [
            "deivces",
            "devices[0].group",
            "devices[0].id",
            "devices[0].status",
            "groups.pumps.validityDays",
            "hub.sku",
            "organization",
        ]);
        const lines = new ConfigurationError(problems).message.split("\n");
        assert.equal(lines[0], "The configuration has 7 problems; nothing was changed:");
        assert.equal(lines.length, 8);
        assert(
            lines.some((line) =>
                line.startsWith('  devices[0].id: "sensor 3" — must have 1 to 128 ASCII'),
            ),
        );
    });

    it("accepts thumbprints with colons, and SHA-1 if allowed", () => {
        const colons = Array(32).fill("ab").join(":");
        const { devices } = readSettings(
            good({
                allowSha1Thumbprints: true,
                devices: [
                    { id: "cam-1", auth: "thumbprint", thumbprints: [colons, "cd".repeat(20)] },
                ],
            }),
            project,
        );
        assert.deepEqual(devices[0].authentication, {
            kind: "thumbprint",
            primary: "AB".repeat(32),
            secondary: "CD".repeat(20),
        });
    });

    it("outputs all devices only for small fleets", () => {
        const fleet = (size: number): Raw =>
            good({
                deviceDefaults: { group: "pumps" },
                devices: Array.from({ length: size }, (_, index) => ({ id: `p${index}` })),
            });
        assert.equal(readSettings(fleet(25), project).outputDevices.length, 25);
        assert.deepEqual(readSettings(fleet(26), project).outputDevices, []);
        const asked = { ...fleet(26), outputDevices: ["p7"] };
        assert.deepEqual(readSettings(asked, project).outputDevices, ["p7"]);
    });

    it("accepts as many CAs as a hub can hold, and more under a trusted root", () => {
        const groups = (count: number): Raw =>
            Object.fromEntries(Array.from({ length: count }, (_, index) => [`g${index}`, {}]));
        assert.equal(readSettings(good({ groups: groups(25) }), project).groups.length, 25);
        const trustRoot = good({ groups: groups(40), pki: { trust: "root" } });
        assert.equal(readSettings(trustRoot, project).groups.length, 40);
    });

    it("does not show the value of a secret setting", () => {
        const raw = good({ organization: "\u0007hush", hub: { name: "hush hush" } });
        const problems = problemsOf(raw, project, { secretKeys: ["organization", "hub"] });
        assert.deepEqual(
            problems.map(({ path, value }) => [path, value]),
            [
                ["organization", "(secret, not shown)"],
                ["hub.name", "(secret, not shown)"],
            ],
        );
    });
});

describe("configuration: as Pulumi passes it", () => {
    const before = pulumi.runtime.allConfig();
    afterEach(() => pulumi.runtime.setAllConfig(before));

    it("reads text, flags and JSON of its own namespace, and the provider's location", () => {
        pulumi.runtime.setAllConfig({
            "azure-native:location": "northeurope",
            "iot-x509:organization": "Contoso",
            "iot-x509:protect": "true",
            "iot-x509:hub": '{"units":2,"minTlsVersion":1.2}',
            "iot-x509:devicesFile": "[]",
            "other:colour": "red",
        });
        const { location, protect, hub } = loadSettings();
        assert.deepEqual([location, protect, hub.units], ["northeurope", true, 2]);
    });

    it("raises an error that the CLI shows without a stack trace, and hides secrets", () => {
        pulumi.runtime.setAllConfig(
            { "iot-x509:organization": "Contoso", "iot-x509:hub": '{"name":"hush_1"}' },
            ["iot-x509:hub"],
        );
        assert.throws(loadSettings, (error: Error) => {
            assert(pulumi.RunError.isInstance(error));
            assert(error.message.includes("2 problems"), error.message);
            assert(error.message.includes("hub.name: (secret, not shown) —"), error.message);
            assert(!error.message.includes("hush"));
            return true;
        });
    });
});
