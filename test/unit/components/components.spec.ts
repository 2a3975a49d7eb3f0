import { strict as assert } from "assert";
import { Declared, declaredBy, setMocks, valueOf } from "../../support/pulumiMocks";

type Authorities = typeof import("../../../components/pki/certificateAuthority");
type Hubs = typeof import("../../../components/iothub/hub");
type CiIdentities = typeof import("../../../components/entra/ciIdentity");

const tls = "tls:index";
const hubType = "azure-native:iothub:IotHubResource";
const roleType = "azure-native:authorization:RoleAssignment";
const dataContributor = "4fc6c259-987e-4a07-842e-c321cc9d413f";
const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";

/** The resources alone, each with its parent: `name type < parent`. A child's name starts with its component's. */
function tree(declared: ReadonlyMap<string, Declared>): string[] {
    for (const { name, parent } of declared.values()) {
        assert.ok(parent === undefined || name.startsWith(`${parent}-`), `${name} < ${parent}`);
    }
    return [...declared.values()]
        .map(({ name, type, parent }) => `${name} ${type} < ${parent ?? "stack"}`)
        .sort();
}

function inputsOf(declared: ReadonlyMap<string, Declared>, key: string): object {
    const found = declared.get(key);
    assert.ok(found, `${key} is none of ${[...declared.keys()].join(", ")}`);
    return found.inputs;
}

describe("components, with Pulumi's mocks", () => {
    let authorities: Authorities;
    let hubs: Hubs;
    let ciIdentities: CiIdentities;

    before(async () => {
        await setMocks({
            [`${tls}/privateKey:PrivateKey`]: (name) => ({
                privateKeyPem: `${name} PEM`,
                privateKeyPemPkcs8: `${name} PKCS8`,
            }),
            [`${tls}/selfSignedCert:SelfSignedCert`]: (name) => ({ certPem: `${name} PEM` }),
            [`${tls}/certRequest:CertRequest`]: (name) => ({ certRequestPem: `${name} PEM` }),
            [`${tls}/locallySignedCert:LocallySignedCert`]: (name) => ({ certPem: `${name} PEM` }),
            "random:index/randomString:RandomString": () => ({ result: "abc123" }),
            [hubType]: () => ({
                name: "the-hub",
                properties: { hostName: "the-hub.azure-devices.net" },
            }),
            [roleType]: () => ({}),
            "azuread:index/application:Application": () => ({ clientId: "client" }),
            "azuread:index/servicePrincipal:ServicePrincipal": () => ({ objectId: "object" }),
            "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential":
                () => ({}),
        });
        authorities = await import("../../../components/pki/certificateAuthority");
        hubs = await import("../../../components/iothub/hub");
        ciIdentities = await import("../../../components/entra/ciIdentity");
    });

    describe("CertificateAuthority", () => {
        const common = { organization: "Contoso", country: "US", validityHours: 240 };
        const policy = {
            isCaCertificate: true,
            setSubjectKeyId: true,
            allowedUses: ["cert_signing", "crl_signing"],
            validityPeriodHours: 240,
        };

        function root(protect: boolean) {
            return new authorities.CertificateAuthority(
                "root",
                { ...common, commonName: "Root", keyAlgorithm: "RSA-4096" },
                { protect },
            );
        }

        it("a root: key and self-signed certificate", async () => {
            const declared = await declaredBy(() => root(false));
            assert.deepEqual(tree(declared), [
                "root iot-x509:pki:CertificateAuthority < stack",
                `root-certificate ${tls}/selfSignedCert:SelfSignedCert < root`,
                `root-key ${tls}/privateKey:PrivateKey < root`,
            ]);
            assert.deepEqual(inputsOf(declared, "root-key PrivateKey"), {
                algorithm: "RSA",
                rsaBits: 4096,
            });
            assert.deepEqual(inputsOf(declared, "root-certificate SelfSignedCert"), {
                ...policy,
                privateKeyPem: "root-key PEM",
                subject: { commonName: "Root", organization: "Contoso", country: "US" },
                maxPathLength: 1,
                setAuthorityKeyId: true,
            });
            assert.ok([...declared.values()].every(({ protect }) => !protect));
        });

        it("the key is a secret wherever it goes", async () => {
            const declared = await declaredBy(() => intermediate(root(false)));
            const secretInputs = [...declared].flatMap(([key, { secrets }]) =>
                secrets.map((name) => `${key}: ${name}`),
            );
            assert.deepEqual(secretInputs.sort(), [
                "pumps-g1-certificate LocallySignedCert: caPrivateKeyPem",
                "pumps-g1-request CertRequest: privateKeyPem",
                "root-certificate SelfSignedCert: privateKeyPem",
            ]);
        });

        it("protect reaches every child", async () => {
            const declared = await declaredBy(() => root(true));
            assert.deepEqual(
                [...declared].map(([key, { protect }]) => [key, protect]),
                [
                    ["root CertificateAuthority", true],
                    ["root-key PrivateKey", true],
                    ["root-certificate SelfSignedCert", true],
                ],
            );
        });

        function intermediate(issuer: InstanceType<Authorities["CertificateAuthority"]>) {
            return new authorities.CertificateAuthority("pumps-g1", {
                ...common,
                commonName: "Pumps G1",
                keyAlgorithm: "ECDSA-P384",
                issuer,
            });
        }

        it("an intermediate: key, request, certificate by the issuer", async () => {
            const declared = await declaredBy(() => intermediate(root(false)));
            assert.deepEqual(
                tree(declared).filter((line) => line.startsWith("pumps")),
                [
                    "pumps-g1 iot-x509:pki:CertificateAuthority < stack",
                    `pumps-g1-certificate ${tls}/locallySignedCert:LocallySignedCert < pumps-g1`,
                    `pumps-g1-key ${tls}/privateKey:PrivateKey < pumps-g1`,
                    `pumps-g1-request ${tls}/certRequest:CertRequest < pumps-g1`,
                ],
            );
            assert.deepEqual(inputsOf(declared, "pumps-g1-key PrivateKey"), {
                algorithm: "ECDSA",
                ecdsaCurve: "P384",
            });
            assert.deepEqual(inputsOf(declared, "pumps-g1-certificate LocallySignedCert"), {
                ...policy,
                certRequestPem: "pumps-g1-request PEM",
                caCertPem: "root-certificate PEM",
                caPrivateKeyPem: "root-key PKCS8",
            });
        });

        it("an intermediate of an offline root: key and request; the certificate is the given one", async () => {
            for (const certificatePem of [undefined, "given PEM"]) {
                let made: InstanceType<Authorities["CertificateAuthority"]> | undefined;
                const declared = await declaredBy(() => {
                    made = new authorities.CertificateAuthority("pumps-g1", {
                        ...common,
                        commonName: "Pumps G1",
                        keyAlgorithm: "RSA-2048",
                        signedElsewhere: { certificatePem },
                    });
                });
                assert.deepEqual([...declared.keys()].sort(), [
                    "pumps-g1 CertificateAuthority",
                    "pumps-g1-key PrivateKey",
                    "pumps-g1-request CertRequest",
                ]);
                const certificate = made?.certificate && (await valueOf(made.certificate));
                assert.equal(certificate, certificatePem);
            }
        });
    });

    describe("Hub", () => {
        const args = {
            resourceGroupName: "group",
            location: "westeurope",
            hubName: undefined,
            prefix: "iot",
            sku: "S1",
            units: 2,
            minTlsVersion: "1.2",
            localAuth: false,
            isLinked: false,
            domain: "azure-devices.net",
        };
        const deployer = {
            objectId: "me",
            type: "ServicePrincipal",
            subscriptionId: "sub",
        } as const;
        const events = { events: { retentionTimeInDays: 1, partitionCount: 4 } };

        it("hub with a random suffix, and the deployer's role", async () => {
            const declared = await declaredBy(
                () => new hubs.Hub("iot", { ...args, deployer }, { protect: true }),
            );
            assert.deepEqual(tree(declared), [
                "iot iot-x509:iothub:Hub < stack",
                `iot-deployer-role ${roleType} < iot`,
                `iot-hub ${hubType} < iot`,
                "iot-suffix random:index/randomString:RandomString < iot",
            ]);
            assert.deepEqual(inputsOf(declared, "iot-hub IotHubResource"), {
                resourceGroupName: "group",
                location: "westeurope",
                resourceName: "iot-abc123",
                sku: { name: "S1", capacity: 2 },
                properties: {
                    minTlsVersion: "1.2",
                    disableLocalAuth: true,
                    disableDeviceSAS: true,
                    disableModuleSAS: true,
                    eventHubEndpoints: events,
                },
            });
            assert.deepEqual(inputsOf(declared, "iot-deployer-role RoleAssignment"), {
                scope: "iot-hub-id",
                principalId: "me",
                principalType: "ServicePrincipal",
                roleDefinitionId: `/subscriptions/sub/providers/Microsoft.Authorization/roleDefinitions/${dataContributor}`,
            });
            const role = declared.get("iot-deployer-role RoleAssignment");
            assert.deepEqual(role?.options.ignoreChanges, ["principalId", "principalType"]);
            assert.equal(declared.get("iot-hub IotHubResource")?.protect, true);
        });

        it("the role assignment of a person has the principal type User", async () => {
            const declared = await declaredBy(
                () => new hubs.Hub("iot", { ...args, deployer: { ...deployer, type: "User" } }),
            );
            const { inputs } = declared.get("iot-deployer-role RoleAssignment") ?? {};
            assert.equal(inputs?.principalType, "User");
        });

        it("an exact name and a role granted elsewhere: only the hub; with shared keys if configured", async () => {
            const declared = await declaredBy(
                () => new hubs.Hub("iot", { ...args, hubName: "exact", localAuth: true }),
            );
            assert.deepEqual([...declared.keys()].sort(), ["iot Hub", "iot-hub IotHubResource"]);
            const { resourceName, properties } = inputsOf(
                declared,
                "iot-hub IotHubResource",
            ) as Record<string, unknown>;
            assert.equal(resourceName, "exact");
            assert.deepEqual(properties, {
                minTlsVersion: "1.2",
                disableLocalAuth: false,
                disableDeviceSAS: false,
                disableModuleSAS: false,
                eventHubEndpoints: events,
            });
            assert.equal(declared.get("iot-hub IotHubResource")?.protect, false);
        });
    });

    it("CiIdentity: application, principal, one credential per subject, two roles", async () => {
        const declared = await declaredBy(
            () =>
                new ciIdentities.CiIdentity("ci", {
                    access: "deploy",
                    repository: "contoso/iot",
                    subjects: [
                        "ref:refs/heads/main",
                        "environment:prod",
                        "repo:contoso@1/iot@2:pull_request",
                    ],
                    subscriptionId: "sub",
                    resourceGroupId: "/group",
                    hubId: "/hub",
                }),
        );
        const credential =
            "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential";
        assert.deepEqual(tree(declared), [
            "ci iot-x509:entra:CiIdentity < stack",
            "ci-application azuread:index/application:Application < ci",
            `ci-contributor ${roleType} < ci`,
            `ci-credential-environment-prod-e64ec9b1 ${credential} < ci`,
            `ci-credential-ref-refs-heads-main-f65f0476 ${credential} < ci`,
            `ci-credential-repo-contoso-1-iot-2-pull-request-b48fab50 ${credential} < ci`,
            `ci-data-contributor ${roleType} < ci`,
            "ci-principal azuread:index/servicePrincipal:ServicePrincipal < ci",
        ]);
        const key =
            "ci-credential-environment-prod-e64ec9b1 ApplicationFederatedIdentityCredential";
        assert.deepEqual(inputsOf(declared, key), {
            applicationId: "ci-application-id",
            displayName: "github-environment-prod-e64ec9b1",
            issuer: "https://token.actions.githubusercontent.com",
            subject: "repo:contoso/iot:environment:prod",
            audiences: ["api://AzureADTokenExchange"],
        });
        const whole =
            "ci-credential-repo-contoso-1-iot-2-pull-request-b48fab50 ApplicationFederatedIdentityCredential";
        assert.equal(
            (inputsOf(declared, whole) as { subject: string }).subject,
            "repo:contoso@1/iot@2:pull_request",
        );
        for (const [name, role, scope] of [
            ["ci-contributor", contributor, "/group"],
            ["ci-data-contributor", dataContributor, "/hub"],
        ]) {
            assert.deepEqual(inputsOf(declared, `${name} RoleAssignment`), {
                scope,
                principalId: "object",
                principalType: "ServicePrincipal",
                roleDefinitionId: `/subscriptions/sub/providers/Microsoft.Authorization/roleDefinitions/${role}`,
            });
        }
    });

    it("CiIdentity that previews has the readers of group, hub and service, and no other role", async () => {
        const declared = await declaredBy(
            () =>
                new ciIdentities.CiIdentity("ci-preview", {
                    access: "preview",
                    repository: "contoso/iot",
                    subjects: ["pull_request"],
                    subscriptionId: "sub",
                    resourceGroupId: "/group",
                    hubId: "/hub",
                    provisioningServiceId: "/service",
                }),
        );
        const assigned = [...declared.keys()]
            .filter((key) => key.endsWith(" RoleAssignment"))
            .map((key) => {
                const { scope, roleDefinitionId } = inputsOf(declared, key) as Record<
                    string,
                    string
                >;
                return [key.split(" ")[0], scope, roleDefinitionId.replace(/.*\//, "")];
            });
        assert.deepEqual(assigned.sort(), [
            ["ci-preview-data-reader", "/hub", "b447c946-2db7-41ec-983d-d8bf3b1c77e3"],
            ["ci-preview-dps-data-reader", "/service", "10745317-c249-44a1-a5ce-3a4353c0bbd8"],
            ["ci-preview-reader", "/group", "acdd72a7-3385-48ef-bd42-f606fba81ae7"],
        ]);
    });
});
