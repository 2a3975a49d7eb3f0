import * as assert from "assert";
import { writeFileSync } from "fs";
import * as path from "path";
import { requestingDevice, selfSignedDevice } from "../../scripts/lib/sampleCertificates";
import { Deployment, StackSettings } from "../support/deployment";
import { makeCa } from "../support/pki";

const pack = path.resolve(__dirname, "../../policy");
const keyAlgorithm = "ECDSA-P256";

/** `pulumi preview --policy-pack policy`, as the CLI runs it. */
describe("the policy pack in the real CLI", function () {
    this.timeout(900_000);
    let deployment: Deployment;
    let initial: string;

    before(async function () {
        deployment = await Deployment.make(this, "policed", {
            pki: { keyAlgorithm },
            groups: { pumps: { keyAlgorithm } },
            devices: ["pump-1", "pump-2"].map((id) => ({ id, group: "pumps" })),
            protect: true,
            pruneDevices: true,
        });
        deployment.change((settings) => {
            initial = JSON.stringify(settings);
        });
    });

    after(async () => {
        deployment?.change((settings) => Object.assign(settings, { protect: false }));
        await deployment?.remove();
    });

    /** Names of the rules that a preview breaks, sorted. */
    async function brokenBy(
        edit: (settings: StackSettings) => void,
        config: object = {},
    ): Promise<{ readonly rules: string[]; readonly text: string }> {
        deployment.change((settings) => {
            Object.assign(settings, JSON.parse(initial));
            edit(settings);
        });
        const file = deployment.project.file("policy-config.json");
        writeFileSync(file, JSON.stringify(config));
        const args = ["--policy-pack", pack, "--policy-pack-config", file, "--color", "never"];
        let text: string;
        try {
            text = await deployment.pulumi("preview", ...args);
        } catch (error) {
            text = (error as Error).message;
            assert.match(text, /\[mandatory\]/, text);
        }
        const found = [...text.matchAll(/\[mandatory\]\s+(?:\[\w+\]\s+)?([a-z-]+)/g)];
        return { rules: [...new Set(found.map(([, name]) => name))].sort(), text };
    }

    it("passes a stack that is to be made", async () => {
        const { rules, text } = await brokenBy(() => undefined);
        assert.deepEqual(rules, [], text);
        assert.match(text, /iot-x509/);
    });

    it("refuses settings that break rules, each by its name and with its remedy", async () => {
        const { rules, text } = await brokenBy(
            ({ hub, groups, devices }) => {
                hub.localAuth = true;
                Object.assign(groups.pumps, { validityDays: 800, renewBeforeDays: 3 });
                groups.taps = { keyAlgorithm: "RSA-2048" };
                devices.push({ id: "Tap_1", group: "taps", adopt: true });
            },
            {
                "key-size": { minRsaBits: 3072 },
                "tls-floor": { floor: "1.3" },
            },
        );
        assert.deepEqual(
            rules,
            [
                "key-size",
                "names",
                "no-shared-keys",
                "protected-stack",
                "renewal-window",
                "tls-floor",
                "validity",
            ],
            text,
        );
        assert.match(text, /set hub\.localAuth: false/);
    });

    it("refuses a CA whose possession nobody has proven", async () => {
        const { certificate } = await makeCa({
            commonName: "Root",
            notAfter: new Date(Date.now() + 3650 * 24 * 3600 * 1000),
        });
        writeFileSync(deployment.project.file("root.pem"), certificate);
        const { rules, text } = await brokenBy((settings) => {
            settings.pki = {
                keyAlgorithm,
                trust: "root",
                root: { keys: "offline", certificate: "root.pem" },
            };
        });
        assert.deepEqual(rules, ["ca-verified"], text);
    });

    it("refuses to delete devices of a protected stack, unless the number allows it", async () => {
        deployment.change((settings) => Object.assign(settings, JSON.parse(initial)));
        await deployment.up("--policy-pack", pack);
        const { rules, text } = await brokenBy(({ devices }) => devices.splice(0, 1));
        assert.deepEqual(rules, ["protected-stack"], text);
        assert.match(text, /would be deleted, more than 0: pump-1 —/);
        const config = { "protected-stack": { maxDeleted: 1 } };
        const allowed = await brokenBy(({ devices }) => devices.splice(0, 1), config);
        assert.deepEqual(allowed.rules, [], allowed.text);
        const kept = await brokenBy((settings) => {
            settings.devices.splice(0, 1);
            settings.pruneDevices = false;
        });
        assert.deepEqual(kept.rules, [], kept.text);
        const same = await brokenBy(() => undefined);
        assert.deepEqual(same.rules, [], same.text);
    });

    it("passes the stack of the demo", async function () {
        const demo = await Deployment.make(this, "policed-demo", {});
        try {
            const { csrPem } = await requestingDevice("pump-01");
            const { certificatePem } = await selfSignedDevice("gateway-01");
            writeFileSync(demo.project.file("devices/dev/pump-01.csr"), csrPem);
            writeFileSync(demo.project.file("devices/dev/gateway-01.pem"), certificatePem);
            await demo.pulumi("preview", "--policy-pack", pack);
        } finally {
            await demo.remove();
        }
    });
});
