import * as assert from "assert";
import { readToolchain } from "../../scripts/lib/toolchain";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";
import { connectDevice, connects, liveConnection, refusal } from "../support/liveDevice";

/** Two environments of one subscription, deployed at the same time. */
describe("two stacks side by side", function () {
    this.timeout(600_000);
    const { manage } = shared();
    let one: Deployment;
    let other: Deployment;
    let said: string;
    let ofOne: StackOutputs;
    let ofOther: StackOutputs;

    before(async function () {
        const settings = {
            groups: { pumps: { keyAlgorithm: "ECDSA-P256" } },
            devices: [{ id: "pump-01", group: "pumps" }],
        };
        const only = { id: "pump-02", group: "pumps" };
        one = await Deployment.make(this, "side-one", settings);
        other = await Deployment.make(this, "side-other", {
            ...settings,
            devices: [...settings.devices, only],
        });
        [said] = await Promise.all([one.up(), other.up()]);
        [ofOne, ofOther] = await Promise.all([one.outputs(), other.outputs()]);
    });

    after(async () => {
        await one?.remove();
        await other?.remove();
    });

    const deviceIds = async (deployment: Deployment): Promise<string[]> => {
        const { responseBody } = await (await deployment.registry()).list();
        return responseBody.map(({ deviceId }) => deviceId).sort();
    };

    it("say which engine, host and plug-ins run, in one line", () => {
        const engine = readToolchain();
        assert.ok(engine.cli !== null);
        const lines = said.split("\n").filter((line) => line.includes("Engine: "));
        // The diagnostics repeat what was said while it ran.
        assert.equal(new Set(lines.map((line) => line.replace(/^.*Engine/, ""))).size, 1, said);
        assert.match(lines[0], /Engine: Pulumi .*Node\.js host; .*plugins tls .*azure-native \d/);
        assert.ok(lines[0].includes(` ${engine.version} `));
    });

    it("have a hub, CAs and devices each", async () => {
        assert.notEqual(ofOne.hub.id, ofOther.hub.id);
        assert.notEqual(ofOne.resourceGroupName, ofOther.resourceGroupName);
        assert.deepEqual(await deviceIds(one), ["pump-01"]);
        assert.deepEqual(await deviceIds(other), ["pump-01", "pump-02"]);
        const [caOfOne] = await one.authorities();
        const [caOfOther] = await other.authorities();
        assert.ok(caOfOne.isVerified && caOfOther.isVerified);
        assert.notEqual(caOfOne.thumbprint, caOfOther.thumbprint);
    });

    it("accept their own devices and refuse the other's", async () => {
        await connects(ofOne.devices["pump-01"]);
        await connects(ofOther.devices["pump-01"]);
        const { connectionString } = ofOther.devices["pump-01"];
        const stranger = { ...ofOne.devices["pump-01"], connectionString };
        assert.equal(await refusal(stranger), "issuerNotUploaded");
        const unknown = {
            ...ofOther.devices["pump-02"],
            connectionString: `HostName=${ofOne.hub.hostName};DeviceId=pump-02;x509=true`,
        };
        assert.equal(await refusal(unknown), "deviceUnknown");
    });

    it("are destroyed without affecting each other", async () => {
        const device = await connectDevice(ofOther.devices["pump-02"]);
        const before = await liveConnection(ofOther.hub.name, "pump-02");
        assert.ok(before);
        await one.stack.destroy();
        const hubs = await manage<{ hub: string }[]>("GET", "/hubs");
        const left = hubs.map(({ hub }) => hub).filter((name) => name.startsWith("side-"));
        assert.deepEqual(left, [ofOther.hub.name]);
        assert.deepEqual(await liveConnection(ofOther.hub.name, "pump-02"), before);
        await device.close();
        const { changeSummary } = await other.stack.preview({ refresh: true });
        assert.deepEqual(Object.keys(changeSummary), ["same"]);
    });
});
