import * as assert from "assert";
import { X509Certificate } from "crypto";
import * as path from "path";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";
import { connects, refusal } from "../support/liveDevice";

const day = 86_400;

/** What survives: devices that leave the configuration, devices of others, keys of renewed certificates. */
describe("devices that are kept, adopted and renewed", function () {
    this.timeout(600_000);
    const { manage } = shared();
    let deployment: Deployment;
    let first: StackOutputs;

    before(async function () {
        deployment = await Deployment.make(this, "kept", {
            pruneDevices: false,
            groups: {
                sensors: { keyAlgorithm: "ECDSA-P256", validityDays: 90, renewBeforeDays: 30 },
            },
            devices: [
                { id: "stays-01", group: "sensors" },
                { id: "leaves-01", group: "sensors", tags: { site: "Oslo" } },
            ],
        });
        await deployment.up();
        first = await deployment.outputs();
    });

    after(() => deployment?.remove());

    const remember = async (id: string) => {
        const { responseBody } = await (await deployment.registry()).get(id);
        const { etag, generationId, status } = responseBody;
        return { etag, generationId, status };
    };

    describe("without pruneDevices", () => {
        it("disables a device that leaves the configuration, and keeps it", async () => {
            const before = await remember("leaves-01");
            deployment.change((settings) => {
                settings.devices = settings.devices.filter(({ id }) => id !== "leaves-01");
            });
            assert.deepEqual(await deployment.plan(), ["update DeviceIdentity leaves-01"]);
            const printed = await deployment.up();
            assert.match(printed, /device "leaves-01" left .* stays on the hub, disabled/);
            assert.deepEqual(await deployment.plan(), []);
            const now = await remember("leaves-01");
            assert.equal(now.status, "disabled");
            assert.equal(now.generationId, before.generationId);
            assert.equal((await deployment.twin("leaves-01")).tags.site, "Oslo");
            assert.equal(await refusal(first.devices["leaves-01"]), "deviceDisabled");
        });
    });

    describe("a device of somebody else", () => {
        let was: object;
        let kept: { generationId?: string };

        before(async () => {
            const registry = await deployment.registry();
            await registry.create({ deviceId: "foreign-01", status: "disabled" });
            await registry.updateTwin("foreign-01", { tags: { service: "other" } }, "*");
            was = await remember("foreign-01");
            kept = await remember("leaves-01");
            deployment.change(({ devices }) => {
                devices.push({ id: "leaves-01", group: "sensors" });
                devices.push({ id: "foreign-01", group: "sensors" });
            });
        });

        it("is not changed without adopt, and the error names the remedy", async () => {
            const message =
                /device "foreign-01" exists on kept-\w+\.azure-devices\.net and does not belong to this stack \(it has no owner tag\)\. Set "adopt: true" for the device to adopt it, or delete it/;
            await assert.rejects(deployment.up(), message);
            assert.deepEqual(await remember("foreign-01"), was);
            assert.deepEqual(
                { ...(await deployment.twin("foreign-01")).tags },
                { service: "other" },
            );
        });

        it("is adopted with adopt, and keeps what others wrote", async () => {
            deployment.changeDevice("foreign-01", { adopt: true });
            const { stdout } = await deployment.stack.preview({ color: "never" });
            assert.match(
                stdout,
                /"foreign-01" exists on .* is adopted, not created, and LOSES ITS SHARED ACCESS KEYS/,
            );
            await deployment.up();
            const { devices } = await deployment.outputs();
            const now = await remember("foreign-01");
            assert.equal(now.status, "enabled");
            const { service, iotX509 } = (await deployment.twin("foreign-01")).tags;
            assert.deepEqual(
                [service, (iotX509 as unknown as { stack: string }).stack],
                ["other", "iot-x509/kept"],
            );
            await connects(devices["foreign-01"]);
        });

        it("accepts a kept device again with its certificate and key, without adopt", async () => {
            const now = await remember("leaves-01");
            assert.equal(now.status, "enabled");
            assert.equal(now.generationId, kept.generationId);
            const { devices } = await deployment.outputs();
            await connects(devices["leaves-01"]);
            assert.equal(devices["leaves-01"].privateKey, first.devices["leaves-01"].privateKey);
            await connects(first.devices["leaves-01"]);
        });
    });

    describe("61 days later", () => {
        const later = 61 * day;
        let was: StackOutputs;

        before(async () => {
            was = await deployment.outputs();
            const clock = path.resolve(__dirname, "../../scripts/lib/laterClock.js");
            deployment.variables.NODE_OPTIONS = `${process.env.NODE_OPTIONS} --require "${clock}"`;
            deployment.variables.LATER_CLOCK_SECONDS = String(later);
        });

        it("a preview names the certificates to renew, and up renews them", async () => {
            assert.deepEqual(await deployment.plan(), [
                "update DeviceCertificate foreign-01",
                "update DeviceCertificate leaves-01",
                "update DeviceCertificate stays-01",
            ]);
            const printed = await deployment.up();
            assert.match(printed, /stays-01: certificate is issued again: renewal due \(expires /);
            assert.deepEqual(await deployment.plan(), []);
        });

        it("keeps the keys and the CA, and ends 90 days after the renewal", async () => {
            const now = await deployment.outputs();
            for (const id of ["stays-01", "leaves-01", "foreign-01"]) {
                const [old, present] = [was.devices[id], now.devices[id]];
                assert.equal(present.privateKey, old.privateKey);
                const [oldLeaf, leaf] = [old, present].map(
                    ({ certificate }) => new X509Certificate(certificate),
                );
                assert.notEqual(leaf.serialNumber, oldLeaf.serialNumber);
                const gained = Date.parse(leaf.validTo) - Date.parse(oldLeaf.validTo);
                assert.ok(Math.abs(gained / 1000 - later) < 900, `gained ${gained} ms`);
            }
            assert.deepEqual(now.trusted, was.trusted);
        });

        it("accepts a device with either certificate until it expires", async () => {
            const now = await deployment.outputs();
            try {
                await manage("PUT", "/clock", { offsetSeconds: later });
                await connects(now.devices["stays-01"]);
                await connects(was.devices["stays-01"]);
                await manage("PUT", "/clock", { offsetSeconds: 91 * day });
                await connects(now.devices["stays-01"]);
                assert.equal(await refusal(was.devices["stays-01"]), "leafExpired");
            } finally {
                await manage("PUT", "/clock", { offsetSeconds: 0 });
            }
        });
    });
});
