import * as assert from "assert";
import { EnvironmentCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { register } from "../../sample-device/registration";
import { Deployment, StackOutputs } from "../support/deployment";
import { connects, DeviceCredentials } from "../support/liveDevice";
import { OpenSsl } from "../support/openssl";
import { makeCa } from "../support/pki";

type Outputs = StackOutputs & { readonly provisioning: { readonly idScope: string } };

const hubName = "iot-take-over";
const victims = ["meter-1", "pump-1", "valve-1"];

describe("who has the key of one group's CA", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let openssl: OpenSsl;
    let outputs: Outputs;
    const stolen = new Map<string, DeviceCredentials>();

    before(async function () {
        openssl = await OpenSsl.create();
        deployment = await Deployment.make(this, "take-over", {
            hub: { name: hubName },
            dps: {},
            groups: {
                leaky: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
                meters: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
                pumps: { keyAlgorithm: "ECDSA-P256", provisioning: "both" },
                valves: { keyAlgorithm: "ECDSA-P256" },
            },
            devices: [
                { id: "leaky-1", group: "leaky" },
                { id: "meter-1", group: "meters" },
                { id: "pump-1", group: "pumps" },
                { id: "valve-1", group: "valves" },
            ],
            maxCutOff: "unlimited",
        });
        await deployment.up();
        outputs = (await deployment.outputs()) as Outputs;
        await Promise.all(["meter-1", "pump-1"].map((id) => registers(id, outputs.devices[id])));
        const { privateKeyPem: key } = await deployment.resource(
            "tls:index/privateKey:PrivateKey",
            "leaky-g1-key",
        );
        const { certPem: certificate } = await deployment.resource(
            "tls:index/locallySignedCert:LocallySignedCert",
            "leaky-g1-certificate",
        );
        for (const id of victims) {
            const extensions = ["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth"];
            const leaf = await openssl.issued(id, { certificate, key }, { extensions });
            const { connectionString } = outputs.devices[id];
            const chain = leaf.certificate + certificate;
            stolen.set(id, { connectionString, chain, privateKey: leaf.key });
        }
    });

    after(async () => {
        await deployment?.remove();
        await openssl?.remove();
    });

    function registers(
        id: string,
        { chain, privateKey }: Pick<DeviceCredentials, "chain" | "privateKey">,
    ): Promise<string> {
        const { idScope } = outputs.provisioning;
        return register({ idScope, registrationId: id, chainPem: chain, keyPem: privateKey });
    }

    const thief = (id: string): DeviceCredentials => stolen.get(id) as DeviceCredentials;

    /** The rightful device may connect, and the thief may not. */
    async function assertRightful(): Promise<void> {
        for (const id of victims) {
            await connects(outputs.devices[id]);
            await assert.rejects(connects(thief(id)), `the thief connects as ${id}`);
        }
    }

    async function leavesNothing(): Promise<void> {
        const { changeSummary, stdout } = await deployment.stack.preview({ refresh: true });
        assert.deepEqual(Object.keys(changeSummary), ["same"], stdout);
    }

    it("can register any ID of the service; a refresh says so, and up restores each", async () => {
        for (const id of victims) {
            await registers(id, thief(id));
            await connects(thief(id));
        }
        const { stdout, changeSummary } = await deployment.stack.preview({ refresh: true });
        assert.equal(changeSummary.update, 3, stdout);
        assert.match(
            stdout,
            /"meter-1" of group meters registered with a certificate of group leaky/,
        );
        await deployment.up("--refresh");
        await assertRightful();
        await leavesNothing();
    });

    it("is not accepted again by unblocking a group", async () => {
        for (const id of victims) {
            await registers(id, thief(id));
        }
        const block = (blocked: boolean) =>
            deployment.change((all) => void (all.groups.leaky.blocked = blocked));
        block(true);
        await deployment.up();
        await Promise.all(victims.map((id) => assert.rejects(connects(thief(id)))));
        block(false);
        const printed = await deployment.up();
        assert.match(printed, /meter-1, pump-1, valve-1: in another group, but registered/);
        await Promise.all(victims.map((id) => assert.rejects(connects(thief(id)))));
        await deployment.up("--refresh");
        await assertRightful();
        await leavesNothing();
    });

    it("cannot register the ID of a listed device whose ID is reserved", async () => {
        deployment.change((all) => void (all.dps = { reserveIds: true }));
        await deployment.up();
        await assert.rejects(registers("valve-1", thief("valve-1")));
        await connects(outputs.devices["valve-1"]);
        await leavesNothing();
        deployment.change((all) => void (all.dps = {}));
        await deployment.up();
        await registers("valve-1", thief("valve-1"));
        await deployment.up("--refresh");
        await assertRightful();
    });
});

describe("what others did to a device on the hub", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let registry: Registry;

    before(async function () {
        deployment = await Deployment.make(this, "others", {
            groups: { pumps: { keyAlgorithm: "ECDSA-P256" } },
            devices: [
                { id: "pump-1", group: "pumps" },
                { id: "pump-2", group: "pumps" },
            ],
        });
        await deployment.up();
        const { hub } = await deployment.outputs();
        registry = Registry.fromTokenCredential(hub.hostName, new EnvironmentCredential());
    });

    after(() => deployment?.remove());

    const status = async (id: string): Promise<string | undefined> =>
        (await registry.get(id)).responseBody.status;

    it("one that an operator disabled is not enabled by a change of its tags", async () => {
        const { responseBody } = await registry.get("pump-1");
        await registry.update({ ...responseBody, status: "disabled", statusReason: "stolen" });
        deployment.changeDevice("pump-1", { tags: { site: "north" }, status: "enabled" });
        await deployment.up();
        assert.equal(await status("pump-1"), "disabled");
        deployment.change((all) => void (all.pruneDevices = false));
        deployment.changeDevice("pump-1", { tags: { site: "south" } });
        await deployment.up("--refresh");
        assert.equal(await status("pump-1"), "enabled");
    });

    it("one that another stack claims is neither disabled nor deleted, and the run says so", async () => {
        await registry.updateTwin("pump-2", { tags: { iotX509: { stack: "x/other" } } }, "*");
        deployment.changeDevice("pump-2", { status: "disabled" });
        const isForeign = (error: Error) => {
            assert.match(
                error.message,
                /"pump-2" on .* no longer belongs to this stack \(it belongs to x\/other\)/,
            );
            return true;
        };
        await assert.rejects(deployment.up(), isForeign);
        assert.equal(await status("pump-2"), "enabled");
        deployment.change((all) => {
            all.pruneDevices = true;
            all.devices = all.devices.filter(({ id }) => id !== "pump-2");
        });
        await assert.rejects(deployment.up(), isForeign);
        assert.equal(await status("pump-2"), "enabled");
    });

    it("undeclared CAs and devices are named, and with hub.strict the run fails", async () => {
        const { hub, resourceGroupName } = await deployment.outputs();
        const ca = await makeCa({ commonName: "Somebody's CA" });
        await deployment.arm.certificates.createOrUpdate(resourceGroupName, hub.name, "backdoor", {
            properties: { certificate: Buffer.from(ca.certificate).toString("base64") },
        });
        await registry.create({ deviceId: "lodger-1" });
        const isNamed = (text: string): void => {
            assert.match(text, /CA certificates on .* did not declare: backdoor;/);
            assert.match(text, /devices on .* did not declare: lodger-1;.*--auth-type login/);
        };
        const { stdout } = await deployment.stack.preview();
        isNamed(stdout);
        deployment.change((all) => void (all.hub.strict = true));
        await assert.rejects(deployment.up(), (error: Error) => {
            isNamed(error.message);
            return true;
        });
        await Promise.all(["lodger-1", "pump-2"].map((id) => registry.delete(id)));
        const { etag = "" } = await deployment.arm.certificates.get(
            resourceGroupName,
            hub.name,
            "backdoor",
        );
        await deployment.arm.certificates.delete(resourceGroupName, hub.name, "backdoor", etag);
        await deployment.up();
    });
});
