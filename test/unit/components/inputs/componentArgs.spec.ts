import { strict as assert } from "assert";
import * as pulumi from "@pulumi/pulumi";
import { declaredBy, setMocks } from "../../../support/pulumiMocks";

interface Components {
    readonly authorities: typeof import("../../../../components/pki/certificateAuthority");
    readonly hubs: typeof import("../../../../components/iothub/hub");
    readonly routes: typeof import("../../../../components/iothub/eventHubRoutes");
    readonly services: typeof import("../../../../components/dps/provisioningService");
    readonly identities: typeof import("../../../../components/entra/ciIdentity");
}

const later = <T>(value: T): pulumi.Output<T> =>
    pulumi.output(
        new Promise<T>((resolve) => setTimeout(() => resolve(value), 5)),
    ) as pulumi.Output<T>;

/** The paths of the problems in the one error that a component throws. */
function problemsOf(construct: () => unknown): string[] {
    try {
        construct();
    } catch (error) {
        return pathsOf(error);
    }
    return [];
}

function pathsOf(error: unknown): string[] {
    assert.ok(pulumi.InputPropertiesError.isInstance(error), String(error));
    for (const { propertyPath, reason } of error.errors) {
        assert.ok(error.message.includes(`${propertyPath}: ${reason}`), error.message);
    }
    return error.errors.map(({ propertyPath }) => propertyPath);
}

/** Why an output fails. */
function failureOf(output: pulumi.Output<unknown>): Promise<unknown> {
    const { promise } = output as unknown as { promise: () => Promise<unknown> };
    return promise.call(output).then(
        () => undefined,
        (error: unknown) => error,
    );
}

describe("arguments of components, with Pulumi's mocks", function () {
    this.timeout(60_000);
    let made: Components;

    before(async () => {
        await setMocks({
            "tls:index/privateKey:PrivateKey": () => ({
                privateKeyPem: "key",
                privateKeyPemPkcs8: "key",
            }),
            "tls:index/selfSignedCert:SelfSignedCert": () => ({ certPem: "certificate" }),
            "random:index/randomString:RandomString": () => ({ result: "abc123" }),
            "azure-native:iothub:IotHubResource": () => ({}),
            "azure-native:deviceprovisioningservices:IotDpsResource": () => ({}),
            "azure-native:authorization:RoleAssignment": () => ({
                createdOn: "2020-01-01T00:00:00Z",
            }),
            "azure-native:managedidentity:UserAssignedIdentity": () => ({ principalId: "sender" }),
            "azure-native:eventhub:Namespace": () => ({}),
            "azure-native:eventhub:EventHub": () => ({}),
            "azuread:index/application:Application": () => ({ clientId: "client" }),
            "azuread:index/servicePrincipal:ServicePrincipal": () => ({ objectId: "object" }),
            "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential":
                () => ({}),
        });
        made = {
            authorities: await import("../../../../components/pki/certificateAuthority"),
            hubs: await import("../../../../components/iothub/hub"),
            routes: await import("../../../../components/iothub/eventHubRoutes"),
            services: await import("../../../../components/dps/provisioningService"),
            identities: await import("../../../../components/entra/ciIdentity"),
        };
    });

    const ca = {
        commonName: "Root",
        organization: "Contoso",
        country: "NO",
        keyAlgorithm: "ECDSA-P256",
        validityHours: 240,
    } as const;
    const hub = {
        resourceGroupName: "group",
        location: "westeurope",
        domain: "azure-devices.net",
        prefix: "iot",
        sku: "S1",
        units: 1,
        minTlsVersion: "1.2",
        localAuth: false,
        isLinked: false,
    };
    const link = {
        hostName: "iot.azure-devices.net",
        policy: "iot-x509-dps",
        key: "a2V5",
        location: "westeurope",
        weight: 1,
    };
    const service = {
        resourceGroupName: "group",
        location: "westeurope",
        prefix: "dps",
        units: 1,
        allocationPolicy: "Hashed",
        linkedHubs: [link],
        isNew: true,
    } as const;
    const identity = {
        access: "deploy" as const,
        repository: "contoso/fleet",
        subjects: ["pull_request"],
        subscriptionId: "sub",
        resourceGroupId: "/group",
        hubId: "/hub",
    };
    const route = {
        name: "telemetry",
        eventHub: { kind: "own", partitions: 4, retentionDays: 1, consumerGroups: [] },
        source: "DeviceMessages",
        condition: "true",
        readers: [],
    } as const;
    const routing = {
        resourceGroupName: "group",
        location: "westeurope",
        subscriptionId: "sub",
        hubDomain: "azure-devices.net",
        prefix: "iot",
        waitSeconds: 0,
        routes: [route],
    };

    it("report every problem of a CertificateAuthority at once", () => {
        const { CertificateAuthority } = made.authorities;
        const wrong = {
            ...ca,
            commonName: "",
            organization: "x".repeat(65),
            country: "no",
            keyAlgorithm: "RSA-1024" as "RSA-2048",
            validityHours: 1.5,
        };
        assert.deepEqual(
            problemsOf(() => new CertificateAuthority("wrong", wrong)),
            ["commonName", "country", "keyAlgorithm", "organization", "validityHours"],
        );
    });

    it("refuse a CertificateAuthority with two signers", async () => {
        const { CertificateAuthority } = made.authorities;
        await declaredBy(() => {
            const issuer = new CertificateAuthority("issuer", ca);
            const both = { ...ca, issuer, signedElsewhere: { certificatePem: undefined } };
            assert.deepEqual(
                problemsOf(() => new CertificateAuthority("both", both)),
                ["signedElsewhere"],
            );
        });
    });

    it("report every problem of a Hub at once", () => {
        const wrong = {
            ...hub,
            resourceGroupName: "",
            location: "West Europe",
            domain: "azure",
            hubName: "-",
            prefix: "",
            sku: "S3",
            units: 11,
            minTlsVersion: "1.0",
            deployer: { objectId: "", type: "Group" as "User", subscriptionId: "" },
        };
        assert.deepEqual(
            problemsOf(() => new made.hubs.Hub("wrong", wrong)),
            [
                "deployer.objectId",
                "deployer.subscriptionId",
                "deployer.type",
                "domain",
                "hubName",
                "location",
                "minTlsVersion",
                "prefix",
                "resourceGroupName",
                "units",
            ],
        );
        const basic = { ...hub, sku: "B1" };
        assert.deepEqual(
            problemsOf(() => new made.hubs.Hub("basic", basic)),
            ["sku"],
        );
    });

    it("report every problem of a ProvisioningService at once, and name no key", () => {
        const { ProvisioningService } = made.services;
        const wrong = {
            ...service,
            serviceName: "a",
            units: 0,
            allocationPolicy: "Custom" as "Static",
            linkedHubs: [{ ...link, key: "", weight: 1001 }],
        };
        assert.deepEqual(
            problemsOf(() => new ProvisioningService("wrong", wrong)),
            ["allocationPolicy", "linkedHubs[0]", "linkedHubs[0].weight", "serviceName", "units"],
        );
        assert.deepEqual(
            problemsOf(() => new ProvisioningService("none", { ...service, linkedHubs: [] })),
            ["linkedHubs"],
        );
    });

    it("report every problem of a CiIdentity at once", () => {
        const wrong = {
            ...identity,
            repository: "fleet",
            subjects: ["ref:refs/heads/*"],
            hubId: "hub",
            provisioningServiceId: "service",
        };
        assert.deepEqual(
            problemsOf(() => new made.identities.CiIdentity("wrong", wrong)),
            ["hubId", "provisioningServiceId", "repository", "subjects[0]"],
        );
    });

    it("report every problem of EventHubRoutes at once", () => {
        const { EventHubRoutes } = made.routes;
        const wrong = {
            ...routing,
            hubDomain: "example.net",
            waitSeconds: 3601,
            routes: [
                { ...route, name: "-", eventHub: { ...route.eventHub, partitions: 33 } },
                {
                    ...route,
                    eventHub: { kind: "named" as const, id: "alarms" },
                    readers: [{ objectId: "", kind: "Team" as "User" }],
                },
            ],
        };
        assert.deepEqual(
            problemsOf(() => new EventHubRoutes("wrong", wrong)),
            [
                "hubDomain",
                "routes[0].eventHub.partitions",
                "routes[0].name",
                "routes[1].eventHub.id",
                "routes[1].readers[0].kind",
                "routes[1].readers[0].objectId",
                "waitSeconds",
            ],
        );
    });

    it("may be outputs wherever they are not needed at construction", async () => {
        const declared = await declaredBy(() => {
            new made.authorities.CertificateAuthority("root", {
                commonName: later(ca.commonName),
                organization: later(ca.organization),
                country: later(ca.country),
                keyAlgorithm: later(ca.keyAlgorithm),
                validityHours: later(ca.validityHours),
            });
            new made.hubs.Hub("iot", {
                ...hub,
                location: later(hub.location),
                domain: later(hub.domain),
                prefix: later(hub.prefix),
                minTlsVersion: later(hub.minTlsVersion),
                deployer: {
                    objectId: later("me"),
                    type: later("User" as const),
                    subscriptionId: later("sub"),
                },
            });
            new made.services.ProvisioningService("dps", {
                ...service,
                location: later(service.location),
                serviceName: later("exact-dps"),
                linkedHubs: [
                    { ...link, policy: later("own"), location: later("x"), weight: later(2) },
                ],
            });
            new made.identities.CiIdentity("ci", { ...identity, subscriptionId: later("sub") });
            new made.routes.EventHubRoutes("r", {
                ...routing,
                hubDomain: later(routing.hubDomain),
                prefix: later(routing.prefix),
                waitSeconds: later(0),
                routes: [
                    {
                        ...route,
                        eventHub: {
                            ...route.eventHub,
                            partitions: later(8),
                            retentionDays: later(7),
                        },
                    },
                ],
            });
        });
        const inputs = (key: string) => declared.get(key)?.inputs ?? {};
        assert.deepEqual(inputs("root-key PrivateKey"), { algorithm: "ECDSA", ecdsaCurve: "P256" });
        assert.equal(inputs("root-certificate SelfSignedCert").validityPeriodHours, 240);
        assert.equal(inputs("iot-hub IotHubResource").location, "westeurope");
        assert.equal(inputs("iot-hub IotHubResource").resourceName, "iot-abc123");
        assert.equal(inputs("iot-deployer-role RoleAssignment").principalId, "me");
        assert.equal(inputs("dps-service IotDpsResource").provisioningServiceName, "exact-dps");
        assert.equal(inputs("r-namespace Namespace").namespaceName, "eh-iot-abc123");
        assert.equal(inputs("r-telemetry EventHub").partitionCount, 8);
    });

    it("that are outputs fail with one error for all of them, before a child is declared", async () => {
        const { ArgumentChecks, someText } =
            await import("../../../../components/inputs/componentArgs");
        const checks = new ArgumentChecks('Hub "iot"');
        const [one, other] = ["domain", "location"].map((path, index) =>
            checks.input(path, later(" ".repeat(index)), someText),
        );
        checks.done();
        const [first, second] = await Promise.all(
            [one, other].map((value) => failureOf(pulumi.output(value))),
        );
        assert.equal(first, second);
        assert.deepEqual(pathsOf(first), ["domain", "location"]);
    });

    it("that are secrets are reported without their value", async () => {
        const { ArgumentChecks, matching } =
            await import("../../../../components/inputs/componentArgs");
        const checks = new ArgumentChecks('Hub "iot"');
        const value = checks.input(
            "name",
            pulumi.secret(later("hunter2")),
            matching(/^a$/, "the letter a"),
        );
        const error = await failureOf(pulumi.output(value));
        assert.deepEqual(pathsOf(error), ["name"]);
        assert.ok(!String(error).includes("hunter2"), String(error));
    });
});
