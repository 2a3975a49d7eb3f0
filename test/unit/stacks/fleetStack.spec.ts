import { strict as assert } from "assert";
import { createHash } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import { azureCloud } from "../../../components/azure/cloud";
import { loader } from "../../../components/dynamic/resource";
import { readSettings } from "../../../stacks/config";
import { Declared, declaredBy, setMocks, valueOf } from "../../support/pulumiMocks";
import { makeCa } from "../../support/pki";
import { good, Raw } from "./config/configSupport";

type FleetStacks = typeof import("../../../stacks/fleetStack");
type Platforms = typeof import("../../../stacks/platform");
type Fleets = typeof import("../../../stacks/fleet");
type Outputs = typeof import("../../../stacks/outputs");

/** The Node SDK has it for tests, but leaves it out of its type declarations. */
const runtime = pulumi.runtime as unknown as { _setIsDryRun(isDryRun: boolean): void };

const variable = "IOT_X509_RATE_LIMIT_SERVER";
const hubId = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Devices/IotHubs/the-hub";
const groups: Raw = { pumps: { keyAlgorithm: "ECDSA-P256" }, sensors: {} };
const devices = [
    { id: "pump-01", group: "pumps" },
    { id: "pump-02", group: "pumps" },
    { id: "sensor-01", group: "sensors" },
    { id: "gate-01", auth: "thumbprint", thumbprints: ["AB".repeat(32)] },
];

const signedIn = {
    cloud: azureCloud("public"),
    credential: { getToken: () => Promise.resolve(null) },
    tenantId: "tenant",
    deployer: { objectId: "me", type: "ServicePrincipal", subscriptionId: "sub" },
} as const;

describe("a fleet stack, with Pulumi's mocks", () => {
    let stacks: FleetStacks;
    let platforms: Platforms;
    let fleets: Fleets;
    let outputs: Outputs;
    let pem: string;
    let given: string | undefined;
    /** What the stack of the hub hands over. */
    let handedOver: Record<string, unknown>;

    const issuers = {
        pumps: { certificate: "pumps PEM", privateKey: "pumps KEY" },
        sensors: { certificate: "sensors PEM", privateKey: "sensors KEY" },
    };

    before(async () => {
        ({ certificate: pem } = await makeCa({ commonName: "IoT CA" }));
        const certPem = () => ({ certPem: pem });
        const key = (name: string) => ({
            privateKeyPem: `${name} KEY`,
            privateKeyPemPkcs8: `${name} KEY`,
        });
        await setMocks({
            "pulumi:pulumi:StackReference": () => ({
                outputs: { forFleetStacks: handedOver },
                secretOutputNames: ["forFleetStacks"],
            }),
            "pulumi-nodejs:dynamic/iothub:DeviceIdentity": () => ({}),
            "pulumi-nodejs:dynamic/iothub:HubAudit": () => ({}),
            "pulumi-nodejs:dynamic/dps:LinkedHubs": () => ({}),
            "pulumi-nodejs:dynamic/fleet:Sharding": () => ({}),
            "pulumi-nodejs:dynamic/pki:Issuer": () => ({}),
            "pulumi-nodejs:dynamic/dps:IndividualEnrollment": () => ({}),
            "pulumi-nodejs:dynamic/dps:DeviceRegistration": () => ({}),
            "pulumi-nodejs:dynamic/iothub:VerifiedCertificate": () => ({ isVerified: true }),
            "pulumi-nodejs:dynamic/pki:DeviceCertificate": (name) => ({
                certificate: pem,
                privateKey: `${name} KEY`,
            }),
            "azure-native:resources:ResourceGroup": (name) => ({ name }),
            "azure-native:iothub:IotHubResource": () => ({
                name: "the-hub",
                properties: { hostName: "the-hub.azure-devices.net" },
            }),
            "random:index/randomString:RandomString": () => ({ result: "abc123" }),
            "tls:index/privateKey:PrivateKey": key,
            "tls:index/selfSignedCert:SelfSignedCert": certPem,
            "tls:index/certRequest:CertRequest": () => ({ certRequestPem: "request" }),
            "tls:index/locallySignedCert:LocallySignedCert": certPem,
        });
        stacks = await import("../../../stacks/fleetStack");
        platforms = await import("../../../stacks/platform");
        fleets = await import("../../../stacks/fleet");
        outputs = await import("../../../stacks/outputs");
    });

    beforeEach(() => {
        given = process.env[variable];
        process.env[variable] = "http://127.0.0.1:1";
        handedOver = {
            hubId,
            hostName: "the-hub.azure-devices.net",
            issuers,
            service: { serviceId: "the-service", hostName: "the-service.example" },
        };
    });

    afterEach(() => {
        process.env[variable] = given;
        if (given === undefined) {
            delete process.env[variable];
        }
        runtime._setIsDryRun(false);
    });

    const settingsOf = (raw: Raw) => readSettings(good({ groups, devices, ...raw }), __dirname);

    /** What the fleet stack of a shard declares, and its outputs. */
    async function declare(name: string, raw: Raw = {}) {
        const shard = { of: "dev", name };
        const settings = settingsOf({ shards: "group", shard, ...raw });
        let shown: pulumi.Inputs = {};
        const declared = await declaredBy(() => {
            shown = stacks.createFleetStack(settings, shard);
        });
        return { declared, shown };
    }

    function one(declared: ReadonlyMap<string, Declared>, key: string): Declared {
        const found = declared.get(key);
        assert.ok(found, `${key} is none of ${[...declared.keys()].join(", ")}`);
        return found;
    }

    describe("declares", () => {
        it("its devices, the issuers of their groups and a reference to the hub's stack", async () => {
            const { declared } = await declare("group-pumps");
            assert.deepEqual([...declared.keys()].sort(), [
                "organization/iot-x509/dev StackReference",
                "pump-01 DeviceCertificate",
                "pump-01 DeviceIdentity",
                "pump-02 DeviceCertificate",
                "pump-02 DeviceIdentity",
                "pumps Issuer",
            ]);
        });

        it("no issuer and no certificate for devices that bring thumbprints", async () => {
            const { declared } = await declare("groupless");
            assert.deepEqual([...declared.keys()].sort(), [
                "gate-01 DeviceIdentity",
                "organization/iot-x509/dev StackReference",
            ]);
        });

        it("of a number of shards, its own devices of any group", async () => {
            // SHA-256 and the jump hash put sensor-01 alone in shard-2 of 2.
            const fewer = devices.filter(({ id }) => id !== "pump-02");
            const { declared } = await declare("shard-2", { shards: 2, devices: fewer });
            assert.deepEqual([...declared.keys()].sort(), [
                "organization/iot-x509/dev StackReference",
                "sensor-01 DeviceCertificate",
                "sensor-01 DeviceIdentity",
                "sensors Issuer",
            ]);
        });

        it("identities on the referenced hub, owned by the hub's stack", async () => {
            const { declared } = await declare("group-pumps");
            const { inputs, secrets } = one(declared, "pump-01 DeviceIdentity");
            assert.deepEqual(inputs, {
                hubId,
                device: {
                    deviceId: "pump-01",
                    status: "enabled",
                    owner: "iot-x509/dev",
                    fleetSize: 2,
                },
                __provider: loader("iothub/deviceIdentity"),
            });
            assert.deepEqual(secrets, []);
        });

        it("individual enrollments at the referenced service", async () => {
            const { declared } = await declare("group-pumps", {
                dps: {},
                groups: { ...groups, pumps: { provisioning: "both" } },
                devices: [{ id: "pump-01", group: "pumps", enrollment: "individual" }],
            });
            const { inputs } = one(declared, "pump-01 IndividualEnrollment");
            assert.equal(inputs.serviceId, "the-service");
            assert.equal(inputs.hostName, "the-service.example");
        });
    });

    it("the key of an issuer is a secret, and no input of a device holds any", async () => {
        const { declared } = await declare("group-pumps");
        const { inputs, secrets } = one(declared, "pumps Issuer");
        assert.deepEqual(inputs.signer, { certificate: "pumps PEM", key: "pumps KEY" });
        assert.deepEqual(secrets, ["signer"]);
        const certificate = one(declared, "pump-01 DeviceCertificate");
        assert.equal(
            certificate.inputs.issuer,
            createHash("sha256").update("pumps PEM").digest("base64url").slice(0, 22),
        );
        assert.deepEqual(certificate.secrets, []);
        for (const [name, resource] of declared) {
            if (name !== "pumps Issuer" && !name.endsWith(" StackReference")) {
                assert.doesNotMatch(JSON.stringify(resource.inputs), /KEY/, name);
            }
        }
    });

    it("its outputs are its own devices, with their keys as secrets, and nothing of the hub's", async () => {
        const { declared, shown } = await declare("group-pumps");
        assert.deepEqual(Object.keys(shown).sort(), ["devices", "fleet", "fleetOf"]);
        const { fleet, devices: shownDevices } = await valueOf(pulumi.output(shown));
        assert.deepEqual(Object.keys(shownDevices as object), ["pump-01", "pump-02"]);
        assert.equal((fleet as { devices: number }).devices, 2);
        const { options } = one(declared, "pump-01 DeviceCertificate");
        assert.deepEqual(options.additionalSecretOutputs, ["privateKey"]);
    });

    describe("deployed alone", () => {
        const message =
            /^unit is a fleet stack of dev; deployed alone, it could delete devices that moved to another one: run "npm run fleet -- up --stack dev"$/;

        it("is refused before it declares anything, in a message without a stack", () => {
            delete process.env[variable];
            const shard = { of: "dev", name: "group-pumps" };
            const settings = settingsOf({ shards: "group", shard });
            assert.throws(
                () => stacks.createFleetStack(settings, shard),
                (error) => {
                    assert.ok(pulumi.RunError.isInstance(error));
                    assert.match(error.message, message);
                    assert.equal(error.stack, undefined);
                    return true;
                },
            );
        });

        it("may be previewed", async () => {
            delete process.env[variable];
            runtime._setIsDryRun(true);
            const { declared } = await declare("groupless");
            assert.ok(declared.has("gate-01 DeviceIdentity"));
        });
    });

    describe("without outputs of the hub's stack", () => {
        const shard = { of: "dev", name: "group-pumps" };

        /** How an output ends: its value, its error, or that it is not known. */
        async function end(output: pulumi.Output<unknown>): Promise<unknown> {
            const inner = output as unknown as {
                promise(): Promise<unknown>;
                readonly isKnown: Promise<boolean>;
            };
            const value = await inner.promise().catch((error: Error) => error);
            return value instanceof Error || (await inner.isKnown) ? value : "not known";
        }

        async function hubOf(): Promise<unknown> {
            const { handedOver } = await import("../../../stacks/platformReference");
            const settings = settingsOf({ shards: "group", shard });
            let hub: unknown;
            await pulumi.runtime.runInPulumiStack(async () => {
                hub = await end(handedOver(settings, shard).hub.hubId);
                return {};
            });
            return hub;
        }

        it("a run ends with an error that names the command", async () => {
            handedOver = {};
            const error = await hubOf();
            assert.ok(pulumi.RunError.isInstance(error), String(error));
            assert.equal(
                error.message,
                'the stack dev lacks the outputs that its fleet stacks need: run "npm run fleet -- up --stack dev"',
            );
            assert.equal(error.stack, undefined);
        });

        it("a preview does not know the hub yet", async () => {
            handedOver = {};
            runtime._setIsDryRun(true);
            assert.equal(await hubOf(), "not known");
        });
    });

    describe("the platform reference in the hub's stack", () => {
        async function shownBy(raw: Raw): Promise<pulumi.Inputs> {
            const settings = settingsOf({ hub: { dataRole: "existing" }, ...raw });
            let shown: pulumi.Inputs = {};
            await declaredBy(async () => {
                const platform = await platforms.createPlatform(settings, signedIn);
                const fleet = fleets.createFleet(settings, platforms.ownBase(platform));
                shown = outputs.stackOutputs(settings, platform, fleet);
            });
            return shown;
        }

        it("is one secret: the hub and the CAs that sign, with their keys", async () => {
            const { forFleetStacks } = await shownBy({ shards: 2 });
            const output = pulumi.output(forFleetStacks);
            assert.equal(await pulumi.isSecret(output), true);
            assert.deepEqual(JSON.parse(JSON.stringify(await valueOf(output))), {
                hubId: "iot-hub-id",
                hostName: "iot-hub-id.azure-devices.net",
                issuers: {
                    pumps: { certificate: pem, privateKey: "pumps-g1-key KEY" },
                    sensors: { certificate: pem, privateKey: "sensors-g1-key KEY" },
                },
            });
        });

        it("is absent without fleet stacks", async () => {
            const shown = await shownBy({});
            assert.ok("hub" in shown && !("forFleetStacks" in shown), Object.keys(shown).join());
        });
    });
});
