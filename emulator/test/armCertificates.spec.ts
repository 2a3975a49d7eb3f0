import { deepStrictEqual, match, strictEqual } from "assert";
import { ArmAnswer, ArmWire, hubsOf, messageOf } from "../../test/support/armWire";
import { OpenSsl, Pair } from "../../test/support/openssl";

const path = `/resourceGroups/mine/${hubsOf}/mine-hub/certificates`;

function content({ certificate }: Pair): string {
    return Buffer.from(certificate).toString("base64");
}

describe("CA certificates of the emulator's hubs", function () {
    this.timeout(30_000);
    let wire: ArmWire;
    let openssl: OpenSsl;
    let lost: string[];

    before(async () => {
        openssl = await OpenSsl.create();
        wire = await ArmWire.start();
        await wire.makeHub("mine", "mine-hub");
        wire.azure.emulator.context.hubs.events.on("certificateLost", (_hub, { name }) =>
            lost.push(name),
        );
    });

    beforeEach(() => {
        lost = [];
    });

    after(async () => {
        await wire.stop();
        await openssl.remove();
    });

    function put(name: string, properties: object, etag?: string): Promise<ArmAnswer> {
        return wire.arm("PUT", `${path}/${name}`, {
            body: { properties },
            headers: etag === undefined ? {} : { "if-match": etag },
        });
    }

    it("a proof valid for one day is accepted in time and refused two days later", async () => {
        const ca = await openssl.selfSigned("Clock CA");
        const made = await put("clock", { certificate: content(ca) });
        const coded = await wire.arm("POST", `${path}/clock/generateVerificationCode`, {
            headers: { "if-match": made.body.etag as string },
        });
        const { verificationCode } = coded.body.properties as { verificationCode: string };
        const proof = await openssl.issued(verificationCode, ca, { days: 1 });
        const verify = async (): Promise<ArmAnswer> =>
            wire.arm("POST", `${path}/clock/verify`, {
                token: await wire.ownerToken(),
                headers: { "if-match": coded.body.etag as string },
                body: { certificate: content(proof) },
            });
        await wire.azure.manage("PUT", "/clock", { offsetSeconds: 2 * 86_400 });
        const late = await verify();
        await wire.azure.manage("PUT", "/clock", { offsetSeconds: 0 });
        strictEqual(late.status, 400);
        strictEqual(late.body.code, 400053);
        match(messageOf(late), /not within its validity period/);
        strictEqual((await verify()).status, 200);
    });

    it("API versions before 2021-07 ignore isVerified", async () => {
        const ca = await openssl.selfSigned("Old API CA");
        const properties = { certificate: ca.certificate, isVerified: true };
        const old = await wire.arm("PUT", `${path}/old?api-version=2020-03-01`, {
            body: { properties },
        });
        strictEqual(old.status, 200);
        strictEqual((old.body.properties as { isVerified: boolean }).isVerified, false);
        const now = await put("old", properties, old.body.etag as string);
        strictEqual((now.body.properties as { isVerified: boolean }).isVerified, true);
    });

    it("notifies the hub's other endpoints only when a trusted CA is replaced or deleted", async () => {
        const ca = await openssl.selfSigned("Trusted CA");
        const next = await openssl.selfSigned("Next CA");
        const trusted = { certificate: content(ca), isVerified: true };
        const first = await put("lost", trusted);
        const same = await put("lost", trusted, first.body.etag as string);
        deepStrictEqual(lost, []);
        const changed = await put("lost", { certificate: content(next) }, same.body.etag as string);
        deepStrictEqual(lost, ["lost"]);
        const remove = (name: string, etag: unknown): Promise<ArmAnswer> =>
            wire.arm("DELETE", `${path}/${name}`, { headers: { "if-match": etag as string } });
        strictEqual((await remove("lost", changed.body.etag)).status, 200);
        deepStrictEqual(lost, ["lost"]);
        const again = await put("again", trusted);
        await remove("again", again.body.etag);
        deepStrictEqual(lost, ["lost", "again"]);
        strictEqual((await remove("again", again.body.etag)).status, 204);
    });
});
