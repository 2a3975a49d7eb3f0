import { strict as assert } from "assert";
import { createHash } from "crypto";
import { azureCloud } from "../../../components/azure/cloud";
import { readSettings } from "../../../stacks/config";
import { PreviousState } from "../../../stacks/previousState";
import { loader } from "../../../components/dynamic/resource";
import { Declared, declaredBy, setMocks, valueOf } from "../../support/pulumiMocks";
import { makeCa } from "../../support/pki";
import { ProjectFolder } from "./config/configSupport";

type Platforms = typeof import("../../../stacks/platform");
type Fleets = typeof import("../../../stacks/fleet");

const base = { organization: "Contoso", location: "westeurope" };
const groups = {
    pumps: { keyAlgorithm: "ECDSA-P256", validityDays: 90, renewBeforeDays: 30 },
    sensors: {},
};
const thumbprint = "AB".repeat(32);
/** Of the CA of the group pumps. */
const digest = createHash("sha256")
    .update("pumps-g1-certificate PEM")
    .digest("base64url")
    .slice(0, 22);
const devices = [
    { id: "pump-01", group: "pumps", tags: { site: "lab" } },
    { id: "pump-02", group: "pumps", status: "disabled" },
    { id: "gate-01", auth: "thumbprint", thumbprints: [thumbprint], adopt: true },
];

const signedIn = {
    cloud: azureCloud("public"),
    credential: { getToken: () => Promise.resolve(null) },
    tenantId: "tenant",
    deployer: { objectId: "me", type: "ServicePrincipal", subscriptionId: "sub" },
} as const;

describe("the stack's resources, with Pulumi's mocks", () => {
    let folder: ProjectFolder;
    let platforms: Platforms;
    let fleets: Fleets;
    let root: string;

    before(async () => {
        await setMocks({
            "azure-native:resources:ResourceGroup": (name) => ({ name }),
            "azure-native:iothub:IotHubResource": () => ({
                name: "the-hub",
                properties: { hostName: "the-hub.azure-devices.net" },
            }),
            "azure-native:authorization:RoleAssignment": () => ({}),
            "random:index/randomString:RandomString": () => ({ result: "abc123" }),
            "tls:index/privateKey:PrivateKey": (name) => ({
                privateKeyPem: `${name} PEM`,
                privateKeyPemPkcs8: `${name} PKCS8`,
            }),
            "tls:index/selfSignedCert:SelfSignedCert": (name) => ({ certPem: `${name} PEM` }),
            "tls:index/certRequest:CertRequest": (name) => ({ certRequestPem: `${name} PEM` }),
            "tls:index/locallySignedCert:LocallySignedCert": (name) => ({
                certPem: `${name} PEM`,
            }),
            "pulumi-nodejs:dynamic/iothub:VerifiedCertificate": () => ({ isVerified: true }),
            "pulumi-nodejs:dynamic/iothub:DeviceIdentity": () => ({}),
            "pulumi-nodejs:dynamic/iothub:HubAudit": () => ({}),
            "pulumi-nodejs:dynamic/dps:LinkedHubs": () => ({}),
            "pulumi-nodejs:dynamic/pki:Issuer": () => ({}),
            "pulumi-nodejs:dynamic/pki:DeviceCertificate": (name) => ({
                certificate: `${name} leaf\n`,
                privateKey: `${name} key`,
            }),
        });
        platforms = await import("../../../stacks/platform");
        fleets = await import("../../../stacks/fleet");
        root = (
            await makeCa({
                commonName: "IoT Root CA",
                notAfter: new Date(Date.now() + 3650 * 24 * 3600 * 1000),
            })
        ).certificate;
        folder = new ProjectFolder();
        folder.write("root.pem", root);
    });

    after(() => folder.remove());

    async function declare(raw: Record<string, unknown>, previous = PreviousState.none) {
        const settings = readSettings({ ...base, ...raw }, folder.path);
        let platform: Awaited<ReturnType<Platforms["createPlatform"]>> | undefined;
        let fleet: ReturnType<Fleets["createFleet"]> = new Map();
        const declared = await declaredBy(async () => {
            platform = await platforms.createPlatform(settings, signedIn);
            fleet = fleets.createFleet(settings, platforms.ownBase(platform, previous));
        });
        assert.ok(platform);
        return { declared, platform, fleet };
    }

    /** Names of the resources of a kind, sorted. */
    function named(declared: ReadonlyMap<string, Declared>, kind: string): string[] {
        return [...declared.keys()]
            .filter((key) => key.endsWith(` ${kind}`))
            .map((key) => key.slice(0, -kind.length - 1))
            .sort();
    }

    function one(declared: ReadonlyMap<string, Declared>, key: string): Declared {
        const found = declared.get(key);
        assert.ok(found, `${key} is none of ${[...declared.keys()].join(", ")}`);
        return found;
    }

    it("a managed root: every resource is declared once", async () => {
        const { declared } = await declare({ groups, devices });
        assert.deepEqual(
            [...declared.keys()].sort(),
            [
                "audit HubAudit",
                "gate-01 DeviceIdentity",
                "iot Hub",
                "iot-deployer-role RoleAssignment",
                "iot-hub IotHubResource",
                "iot-suffix RandomString",
                "iot-x509 ResourceGroup",
                "pump-01 DeviceCertificate",
                "pump-01 DeviceIdentity",
                "pump-02 DeviceCertificate",
                "pump-02 DeviceIdentity",
                "pumps Issuer",
                ...["pumps-g1", "sensors-g1"]
                    .flatMap((name) => [
                        `${name} CertificateAuthority`,
                        `${name} VerifiedCertificate`,
                        `${name}-certificate LocallySignedCert`,
                        `${name}-key PrivateKey`,
                        `${name}-request CertRequest`,
                    ])
                    .sort(),
                "root CertificateAuthority",
                "root-certificate SelfSignedCert",
                "root-key PrivateKey",
            ].sort(),
        );
    });

    it("each intermediate is uploaded with its own key, a secret, after the role", async () => {
        const { declared } = await declare({ groups });
        const trusted = one(declared, "pumps-g1 VerifiedCertificate");
        assert.deepEqual(trusted.inputs, {
            targetId: "iot-hub-id",
            name: "pumps-g1",
            certificate: "pumps-g1-certificate PEM",
            key: "pumps-g1-key PKCS8",
            __provider: loader("iothub/verifiedCertificate"),
        });
        assert.deepEqual(trusted.secrets, ["key"]);
        const { dependsOn } = trusted.options as unknown as { dependsOn: { __name: string }[] };
        assert.deepEqual(
            dependsOn.map(({ __name }) => __name),
            ["iot-hub", "iot-deployer-role"],
        );
    });

    it("trust root: only the root is uploaded", async () => {
        const { declared } = await declare({ groups, pki: { trust: "root" } });
        assert.deepEqual(named(declared, "VerifiedCertificate"), ["root"]);
        const { inputs, secrets } = one(declared, "root VerifiedCertificate");
        assert.equal(inputs.certificate, "root-certificate PEM");
        assert.equal(inputs.key, "root-key PKCS8");
        assert.deepEqual(secrets, ["key"]);
    });

    it("a device's certificate: policy, issuer, its key a secret and a secret output", async () => {
        const { declared, fleet } = await declare({ groups, devices });
        const certificate = one(declared, "pump-01 DeviceCertificate");
        assert.deepEqual(certificate.inputs, {
            issuer: digest,
            request: {
                deviceId: "pump-01",
                organization: "Contoso",
                validityDays: 90,
                renewBeforeDays: 30,
                keyAlgorithm: "ECDSA-P256",
                keyGeneration: 1,
            },
            __provider: loader("pki/deviceCertificate"),
        });
        assert.deepEqual(certificate.secrets, []);
        assert.deepEqual(certificate.options.additionalSecretOutputs, ["privateKey"]);
        const issuerCertificate = fleet.get("pump-01")?.issuerCertificate;
        assert.ok(issuerCertificate);
        assert.equal(await valueOf(issuerCertificate), "pumps-g1-certificate PEM");
        assert.equal(fleet.get("gate-01")?.certificate, undefined);
    });

    it("a group's issuer is passed once, as a secret", async () => {
        const { declared } = await declare({ groups, devices });
        assert.deepEqual(named(declared, "Issuer"), ["pumps"]);
        const { inputs, secrets } = one(declared, "pumps Issuer");
        assert.deepEqual(inputs, {
            digest,
            signer: { certificate: "pumps-g1-certificate PEM", key: "pumps-g1-key PKCS8" },
            __provider: loader("pki/issuer"),
        });
        assert.deepEqual(secrets, ["signer"]);
    });

    it("a device's identity: status, tags, thumbprints, owner", async () => {
        const { declared } = await declare({ groups, devices });
        const common = { owner: "iot-x509/unit", fleetSize: 3 };
        for (const [id, own] of Object.entries({
            "pump-01": { status: "enabled", tags: { site: "lab" } },
            "pump-02": { status: "disabled" },
            "gate-01": { status: "enabled", thumbprints: [thumbprint], adopt: true },
        })) {
            const { inputs, secrets } = one(declared, `${id} DeviceIdentity`);
            assert.deepEqual(inputs, {
                hubId: "iot-hub-id",
                device: { ...common, deviceId: id, ...own },
                __provider: loader("iothub/deviceIdentity"),
            });
            assert.deepEqual(secrets, []);
        }
    });

    it("protect: resource group, hub and CAs with their keys; not what can be created again", async () => {
        const { declared } = await declare({ groups, devices, protect: true });
        const open = [...declared].filter(([, { protect }]) => !protect).map(([key]) => key);
        assert.deepEqual(open.sort(), [
            "audit HubAudit",
            "gate-01 DeviceIdentity",
            "pump-01 DeviceCertificate",
            "pump-01 DeviceIdentity",
            "pump-02 DeviceCertificate",
            "pump-02 DeviceIdentity",
            "pumps Issuer",
            "pumps-g1 VerifiedCertificate",
            "sensors-g1 VerifiedCertificate",
        ]);
        const { declared: unprotected } = await declare({ groups, devices });
        assert.ok([...unprotected.values()].every(({ protect }) => !protect));
    });

    it("a role that is granted elsewhere is not assigned", async () => {
        const { declared } = await declare({ groups, hub: { dataRole: "existing" } });
        assert.deepEqual(named(declared, "RoleAssignment"), []);
    });

    it("a rollover: both generations are created and trusted; the newer one signs", async () => {
        const pumps = { ...groups.pumps, intermediate: { generation: 2, retain: [1] } };
        const { declared } = await declare({ groups: { pumps }, devices: devices.slice(0, 1) });
        assert.deepEqual(named(declared, "VerifiedCertificate"), ["pumps-g1", "pumps-g2"]);
        const { inputs } = one(declared, "pumps Issuer");
        assert.deepEqual(inputs.signer, {
            certificate: "pumps-g2-certificate PEM",
            key: "pumps-g2-key PKCS8",
        });
    });

    it("an offline root: identities are created, certificates wait for the signature", async () => {
        const { declared, platform, fleet } = await declare({
            groups,
            devices,
            pki: { root: { keys: "offline", certificate: "root.pem" } },
        });
        assert.deepEqual(named(declared, "PrivateKey"), ["pumps-g1-key", "sensors-g1-key"]);
        assert.deepEqual(named(declared, "CertRequest"), [
            "pumps-g1-request",
            "sensors-g1-request",
        ]);
        for (const kind of ["SelfSignedCert", "LocallySignedCert", "VerifiedCertificate"]) {
            assert.deepEqual(named(declared, kind), []);
        }
        assert.deepEqual(named(declared, "DeviceCertificate"), []);
        assert.deepEqual(named(declared, "DeviceIdentity"), ["gate-01", "pump-01", "pump-02"]);
        assert.deepEqual([...platform.authorities.pending.keys()], ["pumps-g1", "sensors-g1"]);
        assert.equal(fleet.get("pump-01")?.certificate, undefined);
    });

    it("a trusted offline root: its certificate is uploaded without a key", async () => {
        const { declared } = await declare({
            groups,
            pki: { trust: "root", root: { keys: "offline", certificate: "root.pem" } },
        });
        const { inputs, secrets } = one(declared, "root VerifiedCertificate");
        assert.equal(String(inputs.certificate).trim(), root.trim());
        assert.deepEqual(Object.keys(inputs).sort(), [
            "__provider",
            "certificate",
            "name",
            "targetId",
        ]);
        assert.deepEqual(secrets, []);
    });

    describe("devices that left the configuration", () => {
        const state = new PreviousState(
            {},
            Object.fromEntries(
                [
                    ["iothub:DeviceIdentity", "left-01", { status: "enabled", owner: "me" }],
                    ["pki:DeviceCertificate", "left-01", {}],
                    ["pki:DeviceCertificate", "left-02", {}],
                    ["iothub:DeviceIdentity", "pump-01", { status: "enabled", owner: "me" }],
                ].map(([type, name, outputs]) => [
                    `urn:pulumi:unit::iot-x509::pulumi-nodejs:dynamic/${String(type)}::${String(name)}`,
                    {
                        type: `pulumi-nodejs:dynamic/${String(type)}`,
                        outputs: outputs as Record<string, unknown>,
                    },
                ]),
            ),
        );

        it("are no longer declared", async () => {
            const { declared } = await declare({ groups, devices }, state);
            assert.deepEqual(named(declared, "DeviceIdentity"), ["gate-01", "pump-01", "pump-02"]);
            assert.deepEqual(named(declared, "DeviceCertificate"), ["pump-01", "pump-02"]);
        });

        it("stay declared without pruneDevices, disabled and unsigned, if they have an identity", async () => {
            const { declared } = await declare({ groups, devices, pruneDevices: false }, state);
            const { device } = one(declared, "left-01 DeviceIdentity").inputs as {
                device: Record<string, unknown>;
            };
            assert.equal(device.status, "disabled");
            assert.equal(device.owner, "me");
            assert.equal(one(declared, "left-01 DeviceCertificate").inputs.issuer, undefined);
            assert.deepEqual(named(declared, "DeviceCertificate"), [
                "left-01",
                "pump-01",
                "pump-02",
            ]);
        });
    });
});
