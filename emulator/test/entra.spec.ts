import * as assert from "assert";
import { execFileSync } from "child_process";
import { createPublicKey, JsonWebKey } from "crypto";
import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { createLocalJWKSet, decodeJwt, JSONWebKeySet, jwtVerify } from "jose";
import { tmpdir } from "os";
import * as path from "path";
import { Answer, EntraBench } from "../../test/support/entra";

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

    function assertSts(answer: Answer, status: number, error: string, code: number, text: RegExp) {
        const { body } = answer;
        assert.strictEqual(answer.status, status, JSON.stringify(body));
        assert.strictEqual(body.error, error);
        assert.deepStrictEqual(body.error_codes, [code]);
        assert.match(String(body.error_description), new RegExp(`^AADSTS${code}: `));
        assert.match(String(body.error_description), text);
        assert.match(
            String(body.error_description),
            / Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
        );
        for (const name of ["timestamp", "trace_id", "correlation_id", "error_uri"]) {
            assert.strictEqual(typeof body[name], "string", name);
        }
    }

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
            assertSts(answer, 400, "invalid_instance", 50049, /Unknown or invalid instance/);
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
            assertSts(other, 400, "invalid_tenant", 90002, /Tenant 'contoso.example' not found/);
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

    describe("refusals", () => {
        type Case = [string, Record<string, string | undefined>, number, string, number, RegExp];
        const id = "11111111-2222-4333-8444-555555555555";
        const cases: Case[] = [
            [
                "a wrong secret",
                { client_secret: "no" },
                401,
                "invalid_client",
                7000215,
                /Invalid client secret provided\. Ensure the secret being sent in the request is the client secret value/,
            ],
            [
                "an unknown application",
                { client_id: id },
                400,
                "unauthorized_client",
                700016,
                new RegExp(`Application with identifier '${id}' was not found in the directory`),
            ],
            [
                "a scope without .default",
                { scope: "https://management.azure.com/user_impersonation" },
                400,
                "invalid_scope",
                1002012,
                /must have a scope value with \/\.default suffixed/,
            ],
            [
                "two scopes",
                { scope: `${arm} https://graph.microsoft.com/.default` },
                400,
                "invalid_scope",
                70011,
                /'scope' is not valid/,
            ],
            [
                "an unknown resource",
                { scope: "https://nothing.example/.default" },
                400,
                "invalid_resource",
                500011,
                /The resource principal named https:\/\/nothing\.example was not found in the tenant/,
            ],
            [
                "a resource of another cloud",
                { scope: "https://management.chinacloudapi.cn/.default" },
                400,
                "invalid_resource",
                500011,
                /was not found in the tenant/,
            ],
            [
                "no secret",
                { client_secret: undefined },
                401,
                "invalid_client",
                7000216,
                /'client_assertion', 'client_secret' or 'request' is required/,
            ],
            [
                "no client ID",
                { client_id: undefined },
                400,
                "invalid_request",
                900144,
                /must contain the following parameter: 'client_id'/,
            ],
            [
                "no grant type",
                { grant_type: undefined },
                400,
                "invalid_request",
                900144,
                /'grant_type'/,
            ],
            ["no scope", { scope: undefined }, 400, "invalid_request", 900144, /'scope'/],
            [
                "a password grant",
                { grant_type: "password" },
                400,
                "unsupported_grant_type",
                70003,
                /unsupported grant type 'password'.*no users/,
            ],
            [
                "an authorization code",
                { grant_type: "authorization_code" },
                400,
                "unsupported_grant_type",
                70003,
                /authorization_code/,
            ],
        ];
        for (const [what, change, status, error, code, text] of cases) {
            it(`AADSTS${code} for ${what}`, async () => {
                const form = Object.entries({ ...good, ...change }).filter(
                    ([, v]) => v !== undefined,
                );
                const answer = await bench.token(
                    Object.fromEntries(form) as Record<string, string>,
                );
                assertSts(answer, status, error, code, text);
                assert.ok(!JSON.stringify(answer).includes(good.client_secret), "secret told");
            });
        }

        it("AADSTS90002 for another tenant", async () => {
            const answer = await bench.token(good, id);
            assertSts(
                answer,
                400,
                "invalid_request",
                90002,
                new RegExp(`Tenant '${id}' not found`),
            );
        });

        it("AADSTS70003 for a device code request", async () => {
            const answer = await bench.call("POST", `${authority}/common/oauth2/v2.0/devicecode`, {
                form: { client_id: id, scope: arm },
            });
            assertSts(answer, 400, "unsupported_grant_type", 70003, /device_code/);
        });

        it("AADSTS7000222 for an expired secret", async () => {
            bench.clock.setOffset(3 * 366 * 86_400);
            assertSts(await bench.token(good), 401, "invalid_client", 7000222, /are expired/);
        });

        it("AADSTS7000229 for an application without a service principal", async () => {
            const lone = bench.directory.addApplication(new Date().toISOString());
            const { secret } = bench.directory.addPassword(lone, {
                displayName: null,
                startDateTime: new Date(0).toISOString(),
                endDateTime: new Date(4e12).toISOString(),
            });
            const form = { ...good, client_id: lone.appId, client_secret: secret };
            const answer = await bench.token(form);
            assertSts(answer, 401, "invalid_client", 7000229, /is missing service principal/);
        });

        it("repeat the client's correlation ID", async () => {
            const { body } = await bench.call(
                "POST",
                `${authority}/${tenant()}/oauth2/v2.0/token`,
                {
                    form: { ...good, client_secret: "no" },
                    headers: { "client-request-id": id },
                },
            );
            assert.strictEqual(body.correlation_id, id);
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
