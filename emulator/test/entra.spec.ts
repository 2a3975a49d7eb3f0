import * as assert from "assert";
import { execFileSync } from "child_process";
import { createPublicKey, JsonWebKey } from "crypto";
import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { createLocalJWKSet, decodeJwt, JSONWebKeySet, jwtVerify } from "jose";
import { tmpdir } from "os";
import * as path from "path";
import { assertStsError, EntraBench } from "../../test/support/entra";

const arm = "https://management.azure.com/.default";
const authority = "https://login.microsoftonline.com";

describe("Entra", () => {
    let bench: EntraBench;
    let good: Record<string, string>;
    let objectId: string;

    before(async () => {
        bench = await EntraBench.create();
        const made = bench.directory.createServicePrincipal({ displayName: "one", secret: true });
        objectId = made.objectId;
        good = {
            grant_type: "client_credentials",
            client_id: made.appId,
            client_secret: made.secret as string,
            scope: arm,
        };
    });

    afterEach(() => bench.clock.setOffset(0));

    const tenant = (): string => bench.directory.tenantId;

    describe("metadata", () => {
        it("tells MSAL which authorities belong together", async () => {
            const endpoint = `${authority}/${tenant()}/oauth2/v2.0/authorize`;
            const { status, body } = await bench.call(
                "GET",
                `https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=${endpoint}`,
            );
            assert.strictEqual(status, 200);
            assert.strictEqual(
                body.tenant_discovery_endpoint,
                `${authority}/${tenant()}/v2.0/.well-known/openid-configuration`,
            );
            const [first] = body.metadata as { preferred_cache: string; aliases: string[] }[];
            assert.strictEqual(first.preferred_cache, "login.windows.net");
            assert.ok(first.aliases.includes("login.microsoftonline.com"));
        });

        it("refuses an authority that is not Azure's", async () => {
            const answer = await bench.call(
                "GET",
                `${authority}/common/discovery/instance?authorization_endpoint=https://example.com/x/oauth2/v2.0/authorize`,
            );
            assertStsError(answer, 400, "invalid_instance", 50049, /Unknown or invalid instance/);
        });

        it("publishes OpenID metadata of v1 and v2, by tenant ID and by domain", async () => {
            for (const name of [tenant(), bench.directory.initialDomain]) {
                const v2 = await bench.call(
                    "GET",
                    `${authority}/${name}/v2.0/.well-known/openid-configuration`,
                );
                assert.strictEqual(v2.body.issuer, `${authority}/${tenant()}/v2.0`);
                assert.strictEqual(
                    v2.body.token_endpoint,
                    `${authority}/${tenant()}/oauth2/v2.0/token`,
                );
            }
            const v1 = await bench.call(
                "GET",
                `${authority}/${tenant()}/.well-known/openid-configuration`,
            );
            assert.strictEqual(v1.body.issuer, `https://sts.windows.net/${tenant()}/`);
        });

        it("publishes a tenant-independent issuer, and refuses unknown tenants", async () => {
            const common = await bench.call(
                "GET",
                `${authority}/common/v2.0/.well-known/openid-configuration`,
            );
            assert.strictEqual(common.body.issuer, `${authority}/{tenantid}/v2.0`);
            const other = await bench.call(
                "GET",
                `${authority}/contoso.example/v2.0/.well-known/openid-configuration`,
            );
            assertStsError(
                other,
                400,
                "invalid_tenant",
                90002,
                /Tenant 'contoso.example' not found/,
            );
        });
    });

    describe("tokens for applications", () => {
        it("carry the claims of a version 1.0 application token", async () => {
            const { status, body } = await bench.token(good);
            assert.strictEqual(status, 200);
            assert.deepStrictEqual(
                [body.token_type, body.expires_in, body.ext_expires_in],
                ["Bearer", 3599, 3599],
            );
            const claims = decodeJwt(String(body.access_token));
            assert.strictEqual(claims.aud, "https://management.azure.com");
            assert.strictEqual(claims.iss, `https://sts.windows.net/${tenant()}/`);
            assert.deepStrictEqual(
                [claims.tid, claims.oid, claims.sub, claims.appid, claims.idtyp, claims.ver],
                [tenant(), objectId, objectId, good.client_id, "app", "1.0"],
            );
            const left = Number(claims.exp) - Date.now() / 1000;
            assert.ok(left > 3500 && left <= 3600, `${left} s left`);
        });

        it("are signed with a key of the JWKS, as OpenSSL and jose see it", async () => {
            const { body } = await bench.token(good);
            const token = String(body.access_token);
            const keys = await bench.call("GET", `${authority}/${tenant()}/discovery/v2.0/keys`);
            const set = keys.body as unknown as JSONWebKeySet;
            await jwtVerify(token, createLocalJWKSet(set), {
                audience: "https://management.azure.com",
            });
            const [header, payload, signature] = token.split(".");
            const pem = createPublicKey({ key: set.keys[0] as JsonWebKey, format: "jwk" }).export({
                type: "spki",
                format: "pem",
            });
            assert.match(
                opensslVerify(String(pem), `${header}.${payload}`, signature),
                /Verified OK/,
            );
            assert.throws(() => opensslVerify(String(pem), `${header}.${payload}x`, signature));
        });

        const audiences: [string, string, string][] = [
            [authority, arm, "https://management.azure.com"],
            [authority, "https://management.azure.com//.default", "https://management.azure.com/"],
            [
                authority,
                "https://management.core.windows.net//.default",
                "https://management.core.windows.net/",
            ],
            [authority, "https://graph.microsoft.com/.default", "https://graph.microsoft.com"],
            [authority, "https://iothubs.azure.net/.default", "https://iothubs.azure.net"],
            [
                authority,
                "https://azure-devices-provisioning.net/.default",
                "https://azure-devices-provisioning.net",
            ],
            [authority, `${arm} openid offline_access profile`, "https://management.azure.com"],
            [
                "https://login.microsoftonline.us",
                "https://management.usgovcloudapi.net/.default",
                "https://management.usgovcloudapi.net",
            ],
            [
                "https://login.chinacloudapi.cn",
                "https://management.chinacloudapi.cn//.default",
                "https://management.chinacloudapi.cn/",
            ],
            [
                "https://login.partner.microsoftonline.cn",
                "https://iothubs.azure.net/.default",
                "https://iothubs.azure.net",
            ],
            [
                "https://login.microsoftonline.us",
                "https://azure-devices-provisioning.net/.default",
                "https://azure-devices-provisioning.net",
            ],
        ];
        for (const [host, scope, audience] of audiences) {
            it(`give ${scope} of ${host} the audience ${audience}`, async () => {
                const { status, body } = await bench.call(
                    "POST",
                    `${host}/${tenant()}/oauth2/v2.0/token`,
                    { form: { ...good, scope } },
                );
                assert.strictEqual(status, 200, JSON.stringify(body));
                assert.strictEqual(decodeJwt(String(body.access_token)).aud, audience);
            });
        }

        it("come from the v1 endpoint too, for a resource", async () => {
            const { client_id, client_secret, grant_type } = good;
            const form = { client_id, client_secret, grant_type };
            const { status, body } = await bench.call(
                "POST",
                `${authority}/${tenant()}/oauth2/token`,
                {
                    form: { ...form, resource: "https://management.azure.com/" },
                },
            );
            assert.strictEqual(status, 200);
            assert.strictEqual(body.resource, "https://management.azure.com/");
            assert.strictEqual(body.expires_in, "3599");
            const claims = decodeJwt(String(body.access_token));
            assert.strictEqual(claims.aud, "https://management.azure.com/");
            assert.strictEqual(String(claims.exp), body.expires_on);
        });

        it("are issued for HTTP Basic with form-encoded parts", async () => {
            const { client_id, client_secret, ...form } = good;
            const pair = `${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`;
            const authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
            const { status } = await bench.call(
                "POST",
                `${authority}/${tenant()}/oauth2/v2.0/token`,
                {
                    form,
                    headers: { authorization },
                },
            );
            assert.strictEqual(status, 200);
        });
    });
});

/** `openssl dgst -verify`; throws when the signature is wrong. */
function opensslVerify(publicKeyPem: string, signed: string, signature: string): string {
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-jwt-"));
    const file = (name: string): string => path.join(folder, name);
    try {
        writeFileSync(file("key.pem"), publicKeyPem);
        writeFileSync(file("signed"), signed);
        writeFileSync(file("signature"), Buffer.from(signature, "base64url"));
        const args = [
            "dgst",
            "-sha256",
            "-verify",
            file("key.pem"),
            "-signature",
            file("signature"),
        ];
        return execFileSync("openssl", [...args, file("signed")], { stdio: "pipe" }).toString();
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
