import { strict as assert } from "assert";
import { get } from "http";
import { text } from "stream/consumers";
import { addDevice, uploadCa } from "../../test/support/hubs";
import { connect } from "../../test/support/mqttClient";
import { issue, makeCa } from "../../test/support/pki";
import { addService } from "../../test/support/provisioningService";
import { Sessions } from "../../test/support/sessions";

type Row = Readonly<Record<string, unknown>>;

describe("the emulator's report", () => {
    const sessions = Sessions.hook("reported");

    async function page(): Promise<{ readonly html: string; readonly type: string | undefined }> {
        const { management } = sessions.emulator.emulator.ports;
        return new Promise((resolve, reject) => {
            get({ host: "127.0.0.1", port: management, path: "/report" }, (response) => {
                const type = response.headers["content-type"];
                text(response).then((html) => resolve({ html, type }), reject);
            }).on("error", reject);
        });
    }

    /** The rows that the page's table shows, by name. */
    async function rows(): Promise<ReadonlyMap<unknown, Row>> {
        const { html } = await page();
        const data = /<script type="application\/json" id="data">(.*)<\/script>/.exec(html);
        const {
            fields,
            shared,
            texts,
            rows: cells,
        } = JSON.parse(data?.[1] ?? "") as {
            fields: string[];
            shared: string[];
            texts: string[];
            rows: unknown[][];
        };
        const value = (field: string, cell: unknown): unknown =>
            shared.includes(field) && typeof cell === "number" ? texts[cell] : cell;
        const named = cells.map((row) =>
            Object.fromEntries(fields.map((field, at) => [field, value(field, row[at])])),
        );
        return new Map(named.map((row) => [row.name, row]));
    }

    it("is a page that may load nothing", async () => {
        const { html, type } = await page();
        assert.equal(type, "text/html; charset=utf-8");
        assert.match(html, /<h1>Certificates of the emulator<\/h1>/);
        assert.match(html, /Content-Security-Policy" content="default-src 'none';/);
        assert.doesNotMatch(html, /Rollovers/);
    });

    it("knows a device's certificate and chain once it has connected, and who trusts its CA", async () => {
        const { emulator, hub, root } = sessions;
        const deviceId = sessions.register();
        assert.equal((await rows()).get(deviceId)?.notAfter, null);
        const between = await issue(root, { commonName: "between", ca: true });
        const leaf = await issue(between, { commonName: deviceId });
        const cert = leaf.certificate + between.certificate;
        const { mqttPort: port, caPem: ca } = emulator;
        sessions.keep(await connect({ port, ca, host: hub.hostName, deviceId, leaf, cert }));
        const now = await rows();
        const device = now.get(deviceId);
        assert.equal(device?.sha1Thumbprint, leaf.thumbprint);
        assert.equal(device?.issuer, "CN=between");
        assert.equal(device?.notAfter, new Date(leaf.x509.validTo).toISOString());
        assert.equal(device?.knownFrom, "hub, connection");
        assert.equal(now.get("between")?.kind, "intermediate");
        assert.equal(now.get("between")?.trustedOn, "");
        assert.equal(now.get("reported root")?.trustedOn, hub.hostName);
    });

    it("shows a CA on hub and service once, and a thumbprint whose certificate nobody sent", async () => {
        const { emulator, hub } = sessions;
        const ca = await makeCa({ commonName: "on both" });
        const service = addService(emulator.emulator, "reported", [hub]);
        uploadCa(hub, "both", ca, false);
        service.certificates.set("both", { ...hub.certificates.get("both")!, isVerified: true });
        addDevice(hub, "by-thumbprint", "selfSigned", ["ab".repeat(32)]);
        const now = await rows();
        assert.equal(
            now.get("on both")?.trustedOn,
            `${hub.hostName} (not verified), ${service.serviceHostName}`,
        );
        const device = now.get("by-thumbprint");
        assert.deepEqual([device?.sha256Thumbprint, device?.notAfter], ["AB".repeat(32), null]);
    });

    it("follows the emulator's clock", async () => {
        const { manage } = sessions.emulator;
        await manage("PUT", "/clock", { offsetSeconds: 400 * 24 * 3600 });
        assert.ok(Number((await rows()).get("reported root")?.daysLeft) < 0);
        await manage("PUT", "/clock", { offsetSeconds: 0 });
    });
});
