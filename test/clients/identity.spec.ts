import {
    createDefaultHttpClient,
    createPipelineFromOptions,
    createPipelineRequest,
    HttpMethods,
} from "@azure/core-rest-pipeline";
import {
    ClientAssertionCredential,
    ClientCertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    EnvironmentCredential,
    TokenCredential,
    WorkloadIdentityCredential,
} from "@azure/identity";
import * as assert from "assert";
import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { createLocalJWKSet, decodeJwt, JSONWebKeySet, jwtVerify } from "jose";
import { tmpdir } from "os";
import * as path from "path";
import { shared, SharedEmulator } from "../support/emulator";
import { Json, pemBody, selfSigned } from "../support/entra";

const armScope = "https://management.azure.com/.default";
const graphScope = "https://graph.microsoft.com/.default";
const github = "https://token.actions.githubusercontent.com";
const exchange = "api://AzureADTokenExchange";
const subject = "repo:contoso/fleet:ref:refs/heads/main";

describe("@azure/identity", function () {
    this.timeout(60_000);
    const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 } });
    const client = createDefaultHttpClient();
    const deployer = new EnvironmentCredential();
    let emulator: SharedEmulator;
    let folder: string;
    let appId: string;
    let secret: string;

    before(async () => {
        emulator = shared();
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-identity-"));
        ({ appId, secret } = await emulator.manage<{ appId: string; secret: string }>(
            "POST",
            "/principals",
            { displayName: "identity test" },
        ));
    });

    after(() => rmSync(folder, { recursive: true, force: true }));

    async function send(method: HttpMethods, address: string, token?: string, json?: unknown) {
        const url = `https://${address}`;
        const request = createPipelineRequest({ method, url, body: JSON.stringify(json) });
        request.headers.set("content-type", "application/json");
        if (token !== undefined) {
            request.headers.set("authorization", `Bearer ${token}`);
        }
        const { status, headers, bodyAsText } = await pipeline.sendRequest(client, request);
        const text = bodyAsText ?? "";
        return { status, headers, body: (text === "" ? {} : JSON.parse(text)) as Json };
    }

    async function tokenOf(credential: TokenCredential, scope = armScope): Promise<string> {
        const token = await credential.getToken(scope);
        assert.ok(token);
        return token.token;
    }

    /** Changes the test's application through Microsoft Graph, as the environment's own principal. */
    async function graph(method: HttpMethods, suffix: string, json: unknown): Promise<void> {
        const address = `graph.microsoft.com/v1.0/applications(appId='${appId}')${suffix}`;
        const answer = await send(method, address, await tokenOf(deployer, graphScope), json);
        assert.ok(answer.status < 300, JSON.stringify(answer.body));
    }

    it("signs in with a secret; the token verifies against the published keys", async () => {
        const { tenantId } = emulator;
        const token = await tokenOf(new ClientSecretCredential(tenantId, appId, secret));
        const metadata = await send(
            "GET",
            `login.microsoftonline.com/${tenantId}/v2.0/.well-known/openid-configuration`,
        );
        const keys = await send("GET", String(metadata.body.jwks_uri).replace("https://", ""));
        const { payload } = await jwtVerify(
            token,
            createLocalJWKSet(keys.body as unknown as JSONWebKeySet),
            {
                issuer: `https://sts.windows.net/${tenantId}/`,
                audience: "https://management.azure.com",
            },
        );
        assert.strictEqual(payload.appid, appId);
    });

    it("signs in from the environment, as DefaultAzureCredential does", async () => {
        const claims = decodeJwt(await tokenOf(new DefaultAzureCredential()));
        assert.strictEqual(claims.appid, process.env.AZURE_CLIENT_ID);
    });

    it("signs in with a certificate", async () => {
        const pair = selfSigned("identity test");
        const certificatePath = path.join(folder, "client.pem");
        writeFileSync(certificatePath, pair.certificatePem + pair.keyPem, { mode: 0o600 });
        const credential = (): TokenCredential =>
            new ClientCertificateCredential(emulator.tenantId, appId, { certificatePath });
        await assert.rejects(tokenOf(credential()), /AADSTS700027.*not registered on application/s);
        await graph("PATCH", "", {
            keyCredentials: [
                {
                    type: "AsymmetricX509Cert",
                    usage: "Verify",
                    key: pemBody(pair.certificatePem),
                },
            ],
        });
        const claims = decodeJwt(await tokenOf(credential()));
        assert.deepStrictEqual([claims.appid, claims.appidacr], [appId, "2"]);
    });

    it("signs in with another issuer's token, from memory and from a file", async () => {
        const { tenantId } = emulator;
        const external = async (): Promise<string> => {
            const wanted = { issuer: github, subject, audience: exchange };
            const answer = await emulator.manage<{ token: string }>("POST", "/oidc-token", wanted);
            return answer.token;
        };
        const assertion = new ClientAssertionCredential(tenantId, appId, external);
        await assert.rejects(tokenOf(assertion), /AADSTS70025/);
        await graph("POST", "/federatedIdentityCredentials", {
            name: "main",
            issuer: github,
            subject,
            audiences: [exchange],
        });
        assert.strictEqual(decodeJwt(await tokenOf(assertion)).appid, appId);
        const tokenFilePath = path.join(folder, "token");
        writeFileSync(tokenFilePath, await external(), { mode: 0o600 });
        const workload = new WorkloadIdentityCredential({
            tenantId,
            clientId: appId,
            tokenFilePath,
        });
        assert.strictEqual(decodeJwt(await tokenOf(workload)).appid, appId);
    });

    it("reports Entra's errors", async () => {
        const { tenantId } = emulator;
        const nobody = "11111111-2222-4333-8444-555555555555";
        const cases: [TokenCredential, string, RegExp][] = [
            [new ClientSecretCredential(tenantId, appId, "wrong"), armScope, /AADSTS7000215/],
            [new ClientSecretCredential(tenantId, nobody, secret), armScope, /AADSTS700016/],
            [new ClientSecretCredential(nobody, appId, secret), armScope, /AADSTS90002/],
            [
                new ClientSecretCredential(tenantId, appId, secret),
                "https://nothing.example/.default",
                /AADSTS500011/,
            ],
        ];
        for (const [credential, scope, text] of cases) {
            await assert.rejects(tokenOf(credential, scope), text);
        }
    });

    describe("a token at Resource Manager", () => {
        const address = "management.azure.com/subscriptions?api-version=2022-12-01";

        async function refusal(token?: string): Promise<string> {
            const { status, headers, body } = await send("GET", address, token);
            assert.strictEqual(status, 401, JSON.stringify(body));
            assert.match(
                headers.get("www-authenticate") ?? "",
                new RegExp(
                    `^Bearer authorization_uri="https://login\\.windows\\.net/${emulator.tenantId}", error="invalid_token"`,
                ),
            );
            return (body.error as { code: string }).code;
        }

        it("is accepted", async () => {
            assert.strictEqual((await send("GET", address, await tokenOf(deployer))).status, 200);
        });

        it("is required", async () => {
            assert.strictEqual(await refusal(), "AuthenticationFailed");
        });

        it("is refused when it is for another audience", async () => {
            const token = await tokenOf(deployer, "https://iothubs.azure.net/.default");
            assert.strictEqual(await refusal(token), "InvalidAuthenticationTokenAudience");
        });

        it("is refused once it has expired", async () => {
            const token = await tokenOf(deployer);
            await emulator.manage("PUT", "/clock", { offsetSeconds: 7200 });
            try {
                assert.strictEqual(await refusal(token), "ExpiredAuthenticationToken");
            } finally {
                await emulator.manage("PUT", "/clock", { offsetSeconds: 0 });
            }
        });
    });
});
