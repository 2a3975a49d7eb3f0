import {
    createDefaultHttpClient,
    createHttpHeaders,
    createPipelineFromOptions,
    createPipelineRequest,
    HttpMethods,
} from "@azure/core-rest-pipeline";
import { EnvironmentCredential } from "@azure/identity";
import * as assert from "assert";
import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { decodeJwt } from "jose";
import { tmpdir } from "os";
import * as path from "path";
import { confirmSubscription, identityOf } from "../../components/azure/identity";
import { azureLogin } from "../../components/azure/login";
import { AzureCli } from "../support/azureCli";
import { shared } from "../support/emulator";
import { pemBody, selfSigned } from "../support/entra";

interface Credentials {
    readonly tenantId: string;
    readonly subscriptionId: string;
    readonly clientId: string;
    readonly clientSecret: string;
}

type Texts = Readonly<Record<string, string>>;

const exchange = "api://AzureADTokenExchange";
const github = "https://token.actions.githubusercontent.com";
const subject = "repo:contoso@1/fleet@2:environment:prod";

/** Runs with these variables in this process's environment, which az and the identity library read themselves. */
async function withVariables<T>(variables: Texts, work: () => T | Promise<T>): Promise<T> {
    const before = process.env;
    process.env = { ...before, ...variables };
    try {
        return await work();
    } finally {
        process.env = before;
    }
}

/** Whom the login of this environment gets a token for, from the emulator by the official library. */
async function client(environment: Texts): Promise<unknown> {
    const { credential, cloud } = azureLogin(() => undefined, environment);
    const token = await credential.getToken(cloud.armScope);
    return decodeJwt(token?.token ?? "").appid;
}

describe("the program's login", function () {
    this.timeout(180_000);
    const { manage, managementUrl, subscriptionId, tenantId } = shared();
    let folder: string;
    let certificate: string;
    let application: Texts;

    before(async () => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-login-"));
        const made = await manage<{ appId: string }>("POST", "/principals", {});
        application = {
            ARM_CLIENT_ID: made.appId,
            ARM_TENANT_ID: tenantId,
            ARM_SUBSCRIPTION_ID: subscriptionId,
        };
        const pair = selfSigned("login");
        certificate = path.join(folder, "client.pem");
        writeFileSync(certificate, pair.certificatePem + pair.keyPem, { mode: 0o600 });
        const key = pemBody(pair.certificatePem);
        await graph("PATCH", "", {
            keyCredentials: [{ type: "AsymmetricX509Cert", usage: "Verify", key }],
        });
        await graph("POST", "/federatedIdentityCredentials", {
            name: "github",
            issuer: github,
            subject,
            audiences: [exchange],
        });
    });

    after(() => rmSync(folder, { recursive: true, force: true }));

    async function graph(method: HttpMethods, suffix: string, json: unknown): Promise<void> {
        const scope = "https://graph.microsoft.com/.default";
        const { token } = await new EnvironmentCredential().getToken(scope);
        const { ARM_CLIENT_ID: appId } = application;
        const { status, bodyAsText } = await createPipelineFromOptions({}).sendRequest(
            createDefaultHttpClient(),
            createPipelineRequest({
                method,
                url: `https://graph.microsoft.com/v1.0/applications(appId='${appId}')${suffix}`,
                headers: createHttpHeaders({
                    authorization: `Bearer ${token}`,
                    "content-type": "application/json",
                }),
                body: JSON.stringify(json),
            }),
        );
        assert.ok(status < 300, `${status} ${bodyAsText}`);
    }

    async function oidcToken(audience: string): Promise<string> {
        const wanted = { issuer: github, subject, audience };
        return (await manage<{ token: string }>("POST", "/oidc-token", wanted)).token;
    }

    it("by a certificate", async () => {
        const environment = { ...application, ARM_CLIENT_CERTIFICATE_PATH: certificate };
        assert.equal(await client(environment), application.ARM_CLIENT_ID);
    });

    it("by a given token, and by one in a file", async () => {
        const token = await oidcToken(exchange);
        const file = path.join(folder, "token");
        writeFileSync(file, `${token}\n`, { mode: 0o600 });
        const ways: Texts[] = [{ ARM_OIDC_TOKEN: token }, { ARM_OIDC_TOKEN_FILE_PATH: file }];
        for (const way of ways) {
            const environment = { ...application, ARM_USE_OIDC: "true", ...way };
            assert.equal(await client(environment), application.ARM_CLIENT_ID);
        }
    });

    it("by a token that the GitHub job requests, with the configured audience", async () => {
        const environment = {
            ...application,
            ARM_USE_OIDC: "true",
            ACTIONS_ID_TOKEN_REQUEST_URL: `${managementUrl}/actions-token?subject=${encodeURIComponent(subject)}`,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN: "job",
        };
        assert.equal(await client(environment), application.ARM_CLIENT_ID);
        await assert.rejects(
            client({ ...environment, ARM_OIDC_AUDIENCE: "api://other" }),
            /AADSTS700212/,
        );
    });

    it("by a managed identity, whose endpoint the environment names", async () => {
        const variables = {
            IDENTITY_ENDPOINT: `${managementUrl}/managed-identity`,
            IDENTITY_HEADER: "secret",
        };
        await withVariables(variables, async () => {
            const environment = { ARM_USE_MSI: "true", ARM_SUBSCRIPTION_ID: subscriptionId };
            assert.equal(await client(environment), process.env.ARM_CLIENT_ID);
            assert.equal(
                await client({ ...application, ...environment }),
                application.ARM_CLIENT_ID,
            );
        });
    });

    it("by the default credential, as a workload identity", async () => {
        const file = path.join(folder, "workload");
        writeFileSync(file, await oidcToken(exchange), { mode: 0o600 });
        const variables = {
            AZURE_CLIENT_ID: application.ARM_CLIENT_ID,
            AZURE_TENANT_ID: tenantId,
            AZURE_CLIENT_SECRET: "",
            AZURE_FEDERATED_TOKEN_FILE: file,
        };
        await withVariables(variables, async () => {
            const environment = {
                ARM_USE_DEFAULT_AZURE_CREDENTIAL: "true",
                ARM_SUBSCRIPTION_ID: subscriptionId,
            };
            assert.equal(await client(environment), application.ARM_CLIENT_ID);
        });
    });

    it("distinguishes an application from a user, and ends immediately for another tenant", async () => {
        const other = await manage<Credentials>("POST", "/tenants");
        const login = azureLogin(() => undefined, {
            ARM_CLIENT_ID: other.clientId,
            ARM_CLIENT_SECRET: other.clientSecret,
            ARM_TENANT_ID: other.tenantId,
            ARM_SUBSCRIPTION_ID: subscriptionId,
        });
        const identity = await identityOf(login.credential, login.cloud.armScope);
        assert.deepEqual([identity.tenantId, identity.type], [other.tenantId, "ServicePrincipal"]);
        await confirmSubscription(login, other.subscriptionId);
        await assert.rejects(
            confirmSubscription(login, subscriptionId),
            /InvalidAuthenticationTokenTenant.*the login belongs to another tenant than the subscription/s,
        );
    });

    describe("by az, which is logged in to two tenants", () => {
        let cli: AzureCli;
        let other: Credentials;

        before(async function () {
            cli = await AzureCli.login(this);
            other = await manage<Credentials>("POST", "/tenants");
            await cli.bash(
                `az login --service-principal --username ${other.clientId} --password=${other.clientSecret} ` +
                    `--tenant ${other.tenantId} && az account set --subscription ${other.subscriptionId}`,
            );
        });

        after(() => cli?.remove());

        const login = (environment: Texts) =>
            withVariables(cli.variables, async () => {
                const made = azureLogin(() => undefined, environment);
                const identity = await identityOf(made.credential, made.cloud.armScope);
                return { ...made, identity };
            });

        it("uses az's default subscription and its tenant", async () => {
            const { tenant, subscription, identity } = await login({});
            assert.equal(identity.tenantId, other.tenantId);
            assert.deepEqual(tenant, { value: other.tenantId, from: "the subscription" });
            assert.deepEqual(subscription, { value: other.subscriptionId, from: "az's default" });
        });

        it("uses the tenant of the configured subscription, not az's default", async () => {
            const { tenant, identity } = await login({ ARM_SUBSCRIPTION_ID: subscriptionId });
            assert.deepEqual([tenant?.value, identity.tenantId], [tenantId, tenantId]);
        });

        const refused: readonly [string, () => Texts, RegExp][] = [
            [
                "a tenant that is not the subscription's",
                () => ({ ARM_TENANT_ID: tenantId }),
                /ARM_TENANT_ID is .*, but az reports the subscription .* in the tenant .*: delete ARM_TENANT_ID, or set/,
            ],
            [
                "another cloud than az's",
                () => ({ ARM_ENVIRONMENT: "usgovernment" }),
                /az is logged in to the cloud AzureCloud, but .* is "usgovernment": run `az cloud set/,
            ],
            [
                "a subscription that az does not know",
                () => ({ ARM_SUBSCRIPTION_ID: "11111111-2222-4333-8444-555555555555" }),
                /this login cannot see the subscription/,
            ],
            [
                "a subscription that a shell would read",
                () => ({ ARM_SUBSCRIPTION_ID: "a; id" }),
                /ARM_SUBSCRIPTION_ID "a; id" is not a subscription ID/,
            ],
        ];
        for (const [what, environment, words] of refused) {
            it(`refuses ${what} immediately and with the remedy`, async () => {
                await assert.rejects(login(environment()), words);
            });
        }
    });
});
