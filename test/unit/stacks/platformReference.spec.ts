import { strict as assert } from "assert";
import * as pulumi from "@pulumi/pulumi";
import { readSettings } from "../../../stacks/config";
import type { Platform } from "../../../stacks/platform";
import { issue, makeCa } from "../../support/pki";
import { declaredBy, setMocks, valueOf } from "../../support/pulumiMocks";
import { good, ProjectFolder, Raw } from "./config/configSupport";

type References = typeof import("../../../stacks/platformReference");
type FleetStacks = typeof import("../../../stacks/fleetStack");

const variable = "IOT_X509_RATE_LIMIT_SERVER";
const shard = { of: "dev", name: "shard-1" };
const later = new Date(Date.now() + 3650 * 24 * 3600 * 1000);

describe("the platform reference, with Pulumi's mocks", () => {
    let references: References;
    let fleetStacks: FleetStacks;
    let folder: ProjectFolder;
    let given: string | undefined;
    /** What the stack of the hub gave out when it was deployed last. */
    const lastRun: { outputs: Record<string, unknown> } = { outputs: {} };

    before(async () => {
        await setMocks(
            {
                "pulumi:pulumi:StackReference": () => ({
                    outputs: {
                        forFleetStacks: {
                            hubId: "the-hub-id",
                            hostName: "the-hub.example",
                            issuers: {
                                pumps: { certificate: "pumps PEM", privateKey: "pumps KEY" },
                            },
                            service: {
                                serviceId: "the-service-id",
                                hostName: "the-service.example",
                            },
                        },
                    },
                    secretOutputNames: ["forFleetStacks"],
                }),
                "pulumi-nodejs:dynamic/iothub:DeviceIdentity": () => ({}),
                "pulumi-nodejs:dynamic/pki:Issuer": () => ({}),
                "pulumi-nodejs:dynamic/pki:DeviceCertificate": () => ({
                    certificate: "leaf PEM",
                }),
            },
            {
                "pulumi:pulumi:readStackOutputs": lastRun,
                "pulumi:pulumi:readStackResourceOutputs": { outputs: {} },
            },
        );
        references = await import("../../../stacks/platformReference");
        fleetStacks = await import("../../../stacks/fleetStack");
        const root = await makeCa({ commonName: "IoT Root CA", notAfter: later });
        const pumps = await issue(root, {
            commonName: "IoT Pumps CA G1",
            ca: true,
            notAfter: later,
        });
        folder = new ProjectFolder();
        folder.write("root.pem", root.certificate);
        folder.write("pumps.pem", pumps.certificate);
        given = process.env[variable];
        process.env[variable] = "http://127.0.0.1:1";
    });

    after(() => {
        folder.remove();
        process.env[variable] = given;
        if (given === undefined) {
            delete process.env[variable];
        }
    });

    const settingsOf = (raw: Raw) => readSettings(good({ shards: 1, ...raw }), folder.path);

    it("the keys of the CAs are secrets, and nothing else is one", async () => {
        await declaredBy(async () => {
            const settings = settingsOf({ shard, dps: {} });
            const { hub, issuers, service } = references.handedOver(settings, shard);
            const ca = issuers.get("pumps");
            assert.ok(ca && service);
            for (const [name, output, value, isSecret] of [
                ["the key", ca.privateKey, "pumps KEY", true],
                ["the CA", ca.certificate, "pumps PEM", false],
                ["the hub", hub.hubId, "the-hub-id", false],
                ["the hub's name", hub.hostName, "the-hub.example", false],
                ["the service", service.serviceId, "the-service-id", false],
                ["the service's name", service.hostName, "the-service.example", false],
            ] as const) {
                assert.equal(await valueOf(output), value, name);
                assert.equal(await pulumi.isSecret(output), isSecret, name);
            }
        });
    });

    it("contains a provisioning service only if the settings have one", async () => {
        await declaredBy(() => {
            assert.equal(references.handedOver(settingsOf({ shard }), shard).service, undefined);
        });
    });

    it("contains no CA for a group without a signed intermediate: its devices get only identities", async () => {
        const settings = settingsOf({
            shard,
            pki: { root: { keys: "offline", certificate: "root.pem" } },
            groups: {
                pumps: {
                    intermediate: {
                        commonName: "IoT Pumps CA",
                        certificates: { 1: "pumps.pem" },
                    },
                },
                sensors: {},
                constructor: {},
            },
            devices: [
                { id: "odd-01", group: "constructor" },
                { id: "pump-01", group: "pumps" },
                { id: "sensor-01", group: "sensors" },
            ],
        });
        const declared = await declaredBy(() => {
            fleetStacks.createFleetStack(settings, shard);
        });
        assert.deepEqual([...declared.keys()].sort(), [
            "odd-01 DeviceIdentity",
            "organization/iot-x509/dev StackReference",
            "pump-01 DeviceCertificate",
            "pump-01 DeviceIdentity",
            "pumps Issuer",
            "sensor-01 DeviceIdentity",
        ]);
    });

    it("the hub's stack also outputs its provisioning service", async () => {
        // What the platform reference takes of a platform.
        const platform = {
            hub: { hubId: pulumi.output("hub"), hostName: pulumi.output("hub.example") },
            authorities: { issuers: new Map() },
            provisioning: {
                service: {
                    serviceId: pulumi.output("dps"),
                    hostName: pulumi.output("dps.example"),
                },
            },
        } as unknown as Platform;
        const { forFleetStacks } = references.exportPlatformReference(
            settingsOf({ dps: {} }),
            platform,
        );
        const output = pulumi.output(forFleetStacks);
        assert.deepEqual(await valueOf(output), {
            hubId: "hub",
            hostName: "hub.example",
            issuers: {},
            service: { serviceId: "dps", hostName: "dps.example" },
        });
        assert.equal(await pulumi.isSecret(output), true);
    });

    describe("a hub's stack whose devices are in fleet stacks", () => {
        const alone = async (raw: Raw): Promise<void> => {
            delete process.env[variable];
            const last = await references.lastOutputs();
            references.refuseFleetStackAlone(last);
            references.refuseToMakeAnew(readSettings(good(raw), folder.path), last);
        };
        const handedOut = { forFleetStacks: { hubId: "the-hub-id" } };

        afterEach(() => {
            process.env[variable] = "http://127.0.0.1:1";
            lastRun.outputs = {};
        });

        it("cannot be deployed alone once its settings have no shards", async () => {
            lastRun.outputs = handedOut;
            await assert.rejects(alone({}), ({ message, stack }: Error) => {
                assert.match(message, /^the devices of unit are in fleet stacks, .* new keys: /);
                assert.match(message, /"npm run fleet -- up --stack unit" brings them back$/);
                assert.equal(stack, undefined);
                return true;
            });
        });

        it("nor while the first devices move; nor can a fleet stack", async () => {
            lastRun.outputs = { forFleetStacks: { isMoving: true } };
            await assert.rejects(alone({}), /would all get new keys/);
            lastRun.outputs = { fleetOf: "dev" };
            await assert.rejects(
                alone({}),
                /is a fleet stack of dev .*npm run fleet -- preview --stack dev"/,
            );
        });

        it("can be deployed by npm run fleet, with shards, and if there never were any", async () => {
            await alone({});
            lastRun.outputs = handedOut;
            await alone({ shards: 1 });
            process.env[variable] = "http://127.0.0.1:1";
            assert.deepEqual(await references.lastOutputs(), {});
        });
    });
});
