import * as assert from "assert";
import { Deployment, StackSettings } from "../support/deployment";

/** `pulumi preview --diff` as a reviewer reads it. */
describe("a raw preview shows what changes and nothing else", function () {
    this.timeout(600_000);
    let deployment: Deployment;
    let initial: string;

    before(async function () {
        const keyAlgorithm = "ECDSA-P256";
        deployment = await Deployment.make(this, "quiet", {
            pki: { keyAlgorithm },
            dps: {},
            groups: {
                pumps: { keyAlgorithm },
                meters: { keyAlgorithm, provisioning: "dps" },
            },
            devices: [
                ...["pump-1", "pump-2"].map((id) => ({ id, group: "pumps" })),
                { id: "meter-1", group: "meters" },
            ],
        });
        await deployment.up();
        deployment.change((settings) => {
            initial = JSON.stringify(settings);
        });
    });

    after(() => deployment?.remove());

    async function previewOf(edit: (settings: StackSettings) => void): Promise<Preview> {
        deployment.change((settings) => {
            Object.assign(settings, JSON.parse(initial));
            edit(settings);
        });
        const text = await deployment.pulumi("preview", "--diff", "--color", "never");
        return new Preview(text);
    }

    it("of a tag: one identity, no outputs", async () => {
        const preview = await previewOf(({ devices }) => {
            devices[0].tags = { site: "north" };
        });
        assert.deepEqual(preview.resources, ["~ DeviceIdentity pump-1"]);
        assert.deepEqual(preview.outputs, []);
        assert.deepEqual(preview.unknown, []);
        assert.doesNotMatch(preview.text, /-----BEGIN/);
    });

    it("of certificates that are issued again: those, no outputs, no certificate", async () => {
        const preview = await previewOf(({ groups }) => {
            groups.pumps.validityDays = 80;
        });
        assert.deepEqual(preview.resources, [
            "~ DeviceCertificate pump-1",
            "~ DeviceCertificate pump-2",
        ]);
        assert.deepEqual(preview.outputs, []);
        assert.deepEqual(preview.unknown, []);
        assert.doesNotMatch(preview.text, /-----BEGIN/);
    });

    it("of a new device: its resources, and the fleet's count", async () => {
        const preview = await previewOf(({ devices }) => {
            devices.push({ id: "pump-3", group: "pumps" });
        });
        assert.deepEqual(preview.resources, [
            "+ DeviceCertificate pump-3",
            "+ DeviceIdentity pump-3",
        ]);
        assert.deepEqual(preview.outputs, ["~ fleet"]);
        assert.deepEqual(preview.unknown, []);
        assert.doesNotMatch(preview.text, /-----BEGIN/);
    });

    it("of a registration that is disabled: its status alone", async () => {
        const preview = await previewOf(({ devices }) => {
            devices[2].status = "disabled";
        });
        assert.deepEqual(preview.resources, ["~ DeviceRegistration meter-1"]);
        assert.deepEqual(preview.changedProperties, ["~ status"]);
        assert.deepEqual(preview.outputs, ["~ fleet"]);
        assert.deepEqual(preview.unknown, []);
    });

    it("of a larger provisioning service: nothing that stays is unknown or among the outputs", async () => {
        const preview = await previewOf((settings) => {
            settings.dps = { units: 2 };
        });
        assert.deepEqual(preview.resources, ["~ IotDpsResource dps-service"]);
        assert.deepEqual(preview.outputs, []);
        assert.deepEqual(preview.unknown, []);
    });

    it("of a larger hub: nothing that stays is unknown or among the outputs", async () => {
        const preview = await previewOf(({ hub }) => {
            hub.units = 2;
        });
        assert.deepEqual(preview.resources, ["~ IotHubResource iot-hub"]);
        assert.deepEqual(preview.outputs, []);
        assert.deepEqual(preview.unknown, []);
    });

    it("of a rotation: unknown is what follows from the key that is to be made", async () => {
        const preview = await previewOf(({ groups }) => {
            groups.pumps.intermediate = { generation: 2, retain: [1] };
        });
        assert.deepEqual([...new Set(preview.unknown)].sort(), [
            "certRequestPem",
            "certificateName",
            "digest",
            "isVerified",
            "issuer",
            "privateKeyPem",
            "pumps-g2",
            "thumbprint",
        ]);
        assert.deepEqual(preview.outputs, ["~ certificateAuthorities", "~ trusted"]);
    });

    it("the output of the devices gives all of it to who asks for secrets, and to nobody else", async () => {
        const shown = await deployment.pulumi("stack", "output", "devices", "--json");
        assert.equal(JSON.parse(shown), "[secret]");
        const { devices } = await deployment.outputs();
        assert.deepEqual(Object.keys(devices), ["meter-1", "pump-1", "pump-2"]);
        assert.match(
            devices["pump-1"].chain,
            /^(-----BEGIN CERTIFICATE-----[^-]+-----END.*\s+){2}$/,
        );
    });
});

/** What a preview prints. */
class Preview {
    private readonly lines: readonly string[];
    private readonly shownOutputs: readonly string[];

    constructor(readonly text: string) {
        const [resources, outputs = ""] = text.split("--outputs:--");
        this.lines = resources.split("\n");
        this.shownOutputs = outputs.split(/^Resources:/m)[0].split("\n");
    }

    /** E.g. `~ DeviceIdentity pump-1`, sorted. */
    get resources(): string[] {
        return this.lines
            .flatMap((line, index) => {
                const [, sign, type] = /^\s+([~+-]+) \S+:(\w+): \(/.exec(line) ?? [];
                const urn = this.lines.slice(index + 1).find((one) => one.includes("[urn="));
                return sign === undefined
                    ? []
                    : [`${sign} ${type} ${urn?.slice(urn.lastIndexOf("::") + 2, -1)}`];
            })
            .sort();
    }

    /** Of resources, those that differ. */
    get changedProperties(): string[] {
        return this.lines.flatMap((line) => /^\s+([~+-] \w+)\s*: (?!\()/.exec(line)?.[1] ?? []);
    }

    /** Those that are shown to change, e.g. `~ fleet`. */
    get outputs(): string[] {
        return this.shownOutputs.flatMap((line) => /^ {2}([~+-] \w+) *:/.exec(line)?.[1] ?? []);
    }

    /** Names of unknown values, of resources and outputs. */
    get unknown(): string[] {
        return this.text
            .split("\n")
            .filter((line) => line.includes("[unknown]"))
            .map((line) => /([\w-]+)\s*: /.exec(line)?.[1] ?? line);
    }
}
