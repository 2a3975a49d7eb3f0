import { deepStrictEqual, match, ok, strictEqual } from "assert";
import { SharedAccessSignature } from "azure-iot-common";
import { ArmWire, until } from "../../test/support/armWire";
import { send, WireReply } from "../../test/support/hubWire";
import { issue, Issued, makeCa, selfSigned } from "../../test/support/pki";

const path = "/resourceGroups/g/providers/Microsoft.Devices/provisioningServices/dps";
const host = "dps.azure-devices-provisioning.net";
const version = "api-version=2021-10-01";

interface Sent {
    readonly body?: unknown;
    readonly ifMatch?: string;
    readonly policy?: string;
    readonly token?: string;
    readonly key?: string;
}

describe("Service API of the emulator's provisioning services", function () {
    this.timeout(60_000);
    let wire: ArmWire;
    let ca: Issued;

    before(async () => {
        wire = await ArmWire.start();
        await wire.arm("PUT", "/resourceGroups/g", { body: { location: "westeurope" } });
        const policy = (keyName: string, rights: string) => ({ keyName, rights });
        await wire.arm("PUT", `${path}?api-version=2026-08-31`, {
            body: {
                location: "westeurope",
                sku: { name: "S1" },
                properties: {
                    authorizationPolicies: [
                        policy("owner", "ServiceConfig, DeviceConnect, EnrollmentWrite"),
                        policy("reader", "EnrollmentRead"),
                        policy("states", "RegistrationStatusRead"),
                    ],
                },
            },
        });
        await until(async () => service()?.state === "Active");
        ca = await makeCa({ commonName: "service test" });
    });

    after(() => wire.stop());

    const service = () => {
        const found = wire.azure.emulator.context.provisioning.get("dps");
        ok(found);
        return found;
    };

    function ask(method: string, target: string, sent: Sent = {}): Promise<WireReply> {
        const { body, ifMatch, policy = "owner", token } = sent;
        const found = service().policies.find(({ keyName }) => keyName === policy);
        const key = sent.key ?? found?.primaryKey ?? "";
        const expiry = Math.floor(Date.now() / 1000) + 3600;
        const signature = SharedAccessSignature.create(host, policy, key, expiry).toString();
        const query = `${target.includes("?") ? "&" : "?"}${version}`;
        return send(wire.azure, host, method, `${target}${query}`, {
            body,
            headers: {
                authorization: token === undefined ? signature : `Bearer ${token}`,
                ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
            },
        });
    }

    const groupOf = (id: string, issued: Issued, more: object = {}): object => ({
        enrollmentGroupId: id,
        attestation: {
            type: "x509",
            x509: { signingCertificates: { primary: { certificate: issued.certificate } } },
        },
        ...more,
    });

    function refused(reply: WireReply, code: number, message: RegExp): void {
        const body = reply.body as { errorCode: number; message: string };
        strictEqual(body.errorCode, code, JSON.stringify(body));
        strictEqual(reply.status, Math.floor(code / 1000));
        match(body.message, message);
        deepStrictEqual(Object.keys(body), ["errorCode", "trackingId", "message", "timestampUtc"]);
    }

    it("a PUT creates without If-Match and changes only with one", async () => {
        const put = (ifMatch?: string) =>
            ask("PUT", "/enrollmentGroups/a", { body: groupOf("a", ca), ifMatch });
        refused(await put("*"), 412001, /Precondition failed/);
        const made = await put();
        strictEqual(made.status, 200);
        refused(await put(), 409202, /^EnrollmentGroup already exists\.$/);
        refused(await put('"c3RhbGU="'), 412001, /Precondition failed/);
        const { etag } = made.body as { etag: string };
        strictEqual((await put(`"${etag}"`)).status, 200);
        strictEqual((await put("*")).status, 200);
        refused(await ask("DELETE", "/enrollmentGroups/a", { ifMatch: etag }), 412001, /./);
        strictEqual((await ask("DELETE", "/enrollmentGroups/a")).status, 204);
    });

    it("refuses bodies that are not an enrollment", async () => {
        const leaf = await issue(ca, { commonName: "leaf" });
        const put = (body: unknown, id = "a") =>
            ask("PUT", `/enrollmentGroups/${encodeURIComponent(id)}`, { body });
        refused(await put("{"), 400004, /not JSON/);
        refused(await put(groupOf("b", ca)), 400004, /must be that of the URL/);
        refused(await put(groupOf("a_", ca), "a_"), 400004, /end with a letter, a digit/);
        refused(await put(groupOf("a b", ca), "a b"), 400004, /is not valid/);
        refused(await put({ enrollmentGroupId: "a" }), 400004, /TPM or X509 attestation/);
        refused(await put(groupOf("a", leaf)), 400004, /basicConstraints CA:TRUE is missing/);
        const broken = { ...ca, certificate: "-----BEGIN CERTIFICATE-----" };
        refused(await put(groupOf("a", broken)), 400004, /cannot be accepted/);
        const unlinked = groupOf("a", ca, { iotHubs: ["x.azure-devices.net"] });
        refused(await put(unlinked), 400004, /'x.azure-devices.net' is not linked/);
        const twin = groupOf("a", ca, { initialTwin: { tags: [] } });
        refused(await put(twin), 400004, /initialTwin must be/);
        const status = groupOf("a", ca, { provisioningStatus: "off" });
        refused(await put(status), 400004, /enabled, disabled/);
        strictEqual(service().groups.size, 0);
    });

    it("accepts a certificate in only one enrollment of either kind", async () => {
        const own = await selfSigned({ commonName: "own" });
        const individual = (id: string) => ({
            registrationId: id,
            attestation: {
                type: "x509",
                x509: { clientCertificates: { primary: { certificate: own.certificate } } },
            },
        });
        const put = (id: string) => ask("PUT", `/enrollments/${id}`, { body: individual(id) });
        strictEqual((await put("own")).status, 200);
        refused(await put("other"), 409203, /already used by the enrollment 'own'/);
        strictEqual((await ask("DELETE", "/enrollments/own")).status, 204);
        strictEqual((await put("other")).status, 200);
    });

    it("grants each policy its rights, and none to wrong keys or disabled policies", async () => {
        const read = { policy: "reader" };
        strictEqual((await ask("POST", "/enrollments/query", read)).status, 200);
        const body = groupOf("r", ca);
        refused(await ask("PUT", "/enrollmentGroups/r", { ...read, body }), 401002, /Unauthorized/);
        refused(await ask("GET", "/registrations/r", read), 401002, /Unauthorized/);
        refused(await ask("GET", "/registrations/r", { policy: "states" }), 404203, /not found/);
        const wrong = { key: Buffer.from("wrong").toString("base64") };
        refused(await ask("POST", "/enrollments/query", wrong), 401002, /Unauthorized/);
        service().disableLocalAuth = true;
        refused(await ask("POST", "/enrollments/query"), 401002, /Unauthorized/);
        service().disableLocalAuth = false;
    });

    it("requires a data role of token holders", async () => {
        const scope = wire.subscription;
        const role = "Device Provisioning Service Data Reader";
        const reader = await wire.principal({ role, scope });
        const owner = await wire.principal({ role: "Owner", scope });
        const audience = "https://azure-devices-provisioning.net/.default";
        const [token, unable] = await Promise.all(
            [reader, owner].map(({ appId, secret }) => wire.login(appId, secret, audience)),
        );
        strictEqual((await ask("POST", "/enrollments/query", { token })).status, 200);
        const body = groupOf("t", ca);
        refused(
            await ask("PUT", "/enrollmentGroups/t", { token, body }),
            401003,
            /enrollmentGroups\/write/,
        );
        refused(await ask("POST", "/enrollments/query", { token: unable }), 401003, /read/);
        refused(await ask("POST", "/enrollments/query", { token: reader.token }), 401002, /./);
    });

    it("throttles at 1,000 operations per minute if configured", async () => {
        const { settings, clock } = wire.azure.emulator.context;
        settings.throttling = true;
        const enrollments = Array.from({ length: 10 }, (_, index) => ({
            registrationId: `none-${index}`,
        }));
        const ten = { body: { mode: "delete", enrollments } };
        const replies: WireReply[] = [];
        const held = () => replies.filter(({ status }) => status === 429);
        while (replies.length < 200 && held().length === 0) {
            replies.push(await ask("POST", "/enrollments", ten));
        }
        ok(replies.length > 100, "a minute's 1,000 operations pass, ten in each call");
        refused(held()[0], 429001, /throttled/);
        ok(Number(held()[0].headers["retry-after"]) >= 1);
        clock.setOffset(60);
        strictEqual((await ask("GET", "/enrollments/none")).status, 404);
        settings.throttling = false;
        clock.setOffset(0);
    });
});
