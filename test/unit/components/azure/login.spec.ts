import { strict as assert } from "assert";
import { readFileSync } from "fs";
import {
    AzureCliCredential,
    ClientAssertionCredential,
    ClientCertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
} from "@azure/identity";
import { azureCloud } from "../../../../components/azure/cloud";
import { azureCredential } from "../../../../components/azure/credentials";
import { LoginWay, readLoginSettings } from "../../../../components/azure/loginSettings";

type Texts = Readonly<Record<string, string>>;

const tenant = "11111111-2222-4333-8444-555555555555";
const principal: Texts = {
    ARM_CLIENT_ID: "22222222-2222-4333-8444-555555555555",
    ARM_TENANT_ID: tenant,
    ARM_SUBSCRIPTION_ID: "33333333-2222-4333-8444-555555555555",
};

const read = (environment: Texts, config: Texts = {}) =>
    readLoginSettings((name) => config[name], environment);

describe("the login that azure-native 3.28.0 derives from its settings", () => {
    // The order and the switches: pulumi-azure-native, provider/pkg/provider/auth_azidentity.go,
    // newSingleMethodAuthCredential and readAuthConfig.
    const ways: readonly [string, LoginWay, Texts, Texts?][] = [
        ["nothing is set", "cli", {}],
        ["a tenant and a client alone", "cli", { ARM_TENANT_ID: tenant, ARM_CLIENT_ID: "c" }],
        ["a secret", "secret", { ...principal, ARM_CLIENT_SECRET: "s" }],
        [
            "a secret and a certificate",
            "certificate",
            { ...principal, ARM_CLIENT_SECRET: "s", ARM_CLIENT_CERTIFICATE_PATH: "/c.pfx" },
        ],
        [
            "a certificate and the default credential",
            "default",
            {
                ...principal,
                ARM_CLIENT_CERTIFICATE_PATH: "/c.pfx",
                ARM_USE_DEFAULT_AZURE_CREDENTIAL: "true",
            },
        ],
        [
            "a secret and OpenID Connect",
            "secret",
            {
                ...principal,
                ARM_CLIENT_SECRET: "s",
                ARM_USE_OIDC: "true",
                ARM_OIDC_TOKEN: "t",
            },
        ],
        [
            "OpenID Connect and a managed identity",
            "oidc",
            { ...principal, ARM_USE_OIDC: "true", ARM_OIDC_TOKEN: "t", ARM_USE_MSI: "true" },
        ],
        ["a managed identity", "msi", { ...principal, ARM_USE_MSI: "true" }],
        ["a switch that is 1", "cli", { ...principal, ARM_USE_MSI: "1" }],
        ["a switch that is TRUE", "cli", { ...principal, ARM_USE_MSI: "TRUE" }],
        ["a setting of the stack", "msi", principal, { useMsi: "true" }],
        [
            "a setting of the stack against the variable",
            "cli",
            { ...principal, ARM_USE_MSI: "true" },
            { useMsi: "false" },
        ],
        [
            "an empty setting of the stack against the variable",
            "cli",
            { ...principal, ARM_CLIENT_SECRET: "s" },
            { clientSecret: "" },
        ],
        ["an empty variable", "cli", { ...principal, ARM_CLIENT_SECRET: "" }],
        ["the SDKs' own variables", "cli", { AZURE_CLIENT_ID: "c", AZURE_CLIENT_SECRET: "s" }],
        ["an endpoint of managed identities", "cli", { ARM_MSI_ENDPOINT: "http://127.0.0.1" }],
    ];
    for (const [given, way, environment, config] of ways) {
        it(`${given}: ${way}`, () => {
            assert.equal(read(environment, config).way, way);
        });
    }

    const incomplete: readonly [string, Texts, RegExp][] = [
        [
            "a secret without a subscription",
            { ...principal, ARM_CLIENT_SECRET: "s", ARM_SUBSCRIPTION_ID: "" },
            /secret is selected but incomplete: set azure-native:subscriptionId \(ARM_SUBSCRIPTION_ID\)$/,
        ],
        [
            "a certificate alone",
            { ARM_CLIENT_CERTIFICATE_PATH: "/c.pfx" },
            /certificate.*azure-native:subscriptionId .*azure-native:tenantId .*azure-native:clientId /,
        ],
        [
            "OpenID Connect without a token",
            { ...principal, ARM_USE_OIDC: "true" },
            /no token: set ARM_OIDC_TOKEN or ARM_OIDC_TOKEN_FILE_PATH, or give the GitHub job/,
        ],
        [
            "OpenID Connect with an address alone",
            { ...principal, ARM_USE_OIDC: "true", ACTIONS_ID_TOKEN_REQUEST_URL: "http://x" },
            /no token/,
        ],
        ["a managed identity without a subscription", { ARM_USE_MSI: "true" }, /subscriptionId/],
        [
            "the default credential without a subscription",
            { ARM_USE_DEFAULT_AZURE_CREDENTIAL: "true" },
            /subscriptionId/,
        ],
        [
            "tenants that are no list",
            { ARM_AUXILIARY_TENANT_IDS: tenant },
            /^Error: ARM_AUXILIARY_TENANT_IDS .* must be a JSON list of tenant IDs/,
        ],
        [
            "a custom cloud",
            { ARM_METADATA_HOSTNAME: "metadata.example" },
            /^Error: ARM_METADATA_HOSTNAME selects the endpoints of a custom cloud/,
        ],
    ];
    for (const [given, environment, words] of incomplete) {
        it(`${given}: an error that says what to set`, () => {
            assert.throws(() => read(environment), words);
        });
    }

    it("names the sources of tenant and subscription", () => {
        const { tenant: found, subscription } = read(principal, { subscriptionId: "mine" });
        assert.deepEqual(found, { value: tenant, from: "ARM_TENANT_ID" });
        assert.deepEqual(subscription, { value: "mine", from: "azure-native:subscriptionId" });
    });

    it("finds the cloud in the setting, ARM_ENVIRONMENT and AZURE_ENVIRONMENT, in this order", () => {
        const variables = { ARM_ENVIRONMENT: "usgov", AZURE_ENVIRONMENT: "china" };
        assert.equal(read(variables, { environment: "public" }).environment, "public");
        assert.equal(read(variables).environment, "usgov");
        assert.equal(read({ AZURE_ENVIRONMENT: "china" }).environment, "china");
        assert.equal(read({}).environment, undefined);
    });
});

describe("names and endpoints of clouds", () => {
    // pulumi-azure-native, provider/pkg/azure/cloud/cloud.go, FromName.
    const names: readonly [string, string[]][] = [
        ["azure-devices.net", ["public", "AzureCloud", "PUBLIC"]],
        [
            "azure-devices.us",
            [
                "usgov",
                "usgovernment",
                "AzureUSGovernment",
                "AzureUSGovernmentCloud",
                "usgovernmentl4",
            ],
        ],
        ["azure-devices.cn", ["china", "AzureChinaCloud"]],
    ];
    for (const [domain, all] of names) {
        it(`${all.join(", ")}: ${domain}`, () => {
            assert.deepEqual(
                new Set(all.map((name) => azureCloud(name).hubDomain)),
                new Set([domain]),
            );
        });
    }

    it("is the public cloud without a name, and an error for an unknown name", () => {
        assert.equal(azureCloud(undefined).name, "public");
        assert.throws(() => azureCloud("germany"), /"germany" must be one of public, azurecloud, /);
    });

    it("has the audiences of the official SDKs, in China as in public", () => {
        const sdk = (file: string) => readFileSync(require.resolve(file), "utf8");
        const { iotScope, dpsScope } = azureCloud("public");
        assert.ok(sdk("azure-iothub/dist/registry.js").includes(`tokenScope: '${iotScope}'`));
        const services = sdk("azure-iot-provisioning-service/dist/provisioningserviceclient.js");
        assert.ok(services.includes(`tokenScope: '${dpsScope}'`));
        for (const name of ["usgovernment", "china"]) {
            assert.equal(azureCloud(name).dpsScope, dpsScope);
        }
        assert.equal(azureCloud("china").iotScope, iotScope);
        // Azure IoT SDK for C#, IotHubServiceClient's scopes: the US Government's alone is another.
        assert.equal(azureCloud("usgov").iotScope, "https://iothubs.azure.us/.default");
    });
});

describe("the credential of each login", () => {
    const classes: readonly [LoginWay, Texts, new (...args: never[]) => object][] = [
        [
            "default",
            { ...principal, ARM_USE_DEFAULT_AZURE_CREDENTIAL: "true" },
            DefaultAzureCredential,
        ],
        [
            "certificate",
            { ...principal, ARM_CLIENT_CERTIFICATE_PATH: "/c.pem" },
            ClientCertificateCredential,
        ],
        ["secret", { ...principal, ARM_CLIENT_SECRET: "s" }, ClientSecretCredential],
        [
            "oidc",
            { ...principal, ARM_USE_OIDC: "true", ARM_OIDC_TOKEN: "t" },
            ClientAssertionCredential,
        ],
        ["msi", { ...principal, ARM_USE_MSI: "true" }, ManagedIdentityCredential],
        ["cli", {}, AzureCliCredential],
    ];
    for (const [way, environment, type] of classes) {
        it(`${way}: ${type.name}`, () => {
            const made = azureCredential(azureCloud("public"), read(environment), undefined);
            assert.ok(made instanceof type);
        });
    }
});
