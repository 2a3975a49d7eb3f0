import { strict as assert } from "assert";
import { ExportedState, given, received, StateResource } from "../../../../cli/fleet/stackState";

/** With what a state keeps beside what is read of it. */
type Resource = StateResource & Readonly<Record<string, unknown>>;

const identity = "pulumi-nodejs:dynamic/iothub:DeviceIdentity";
const certificate = "pulumi-nodejs:dynamic/pki:DeviceCertificate";

/** A stack as the engine exports it. */
function exported(
    ...resources: readonly Resource[]
): ExportedState & Readonly<Record<string, unknown>> {
    const manifest = { time: "2027-01-01T00:00:00Z", magic: "m", version: "v3.261.0" };
    const metadata = {};
    return {
        version: 3,
        deployment: { manifest, resources, metadata } as ExportedState["deployment"],
    };
}

const rootOf = (stack: string): Resource => ({
    urn: `urn:pulumi:${stack}::iot-x509::pulumi:pulumi:Stack::iot-x509-${stack}`,
    custom: false,
    type: "pulumi:pulumi:Stack",
});
const providerOf = (stack: string, id: string): Resource => ({
    urn: `urn:pulumi:${stack}::iot-x509::pulumi:providers:pulumi-nodejs::default`,
    custom: true,
    id,
    type: "pulumi:providers:pulumi-nodejs",
    inputs: { "iot-x509:organization": "Contoso" },
});
const hub: Resource = {
    urn: "urn:pulumi:dev::iot-x509::iot-x509:azure:Hub$azure-native:iothub:IotHubResource::iot-hub",
    custom: true,
    id: "/subscriptions/0/hub",
    type: "azure-native:iothub:IotHubResource",
};
const azure: Resource = {
    urn: "urn:pulumi:dev::iot-x509::pulumi:providers:azure-native::default_3_28_0",
    custom: true,
    id: "azure-id",
    type: "pulumi:providers:azure-native",
};
const issuer: Resource = {
    urn: "urn:pulumi:dev::iot-x509::pulumi-nodejs:dynamic/pki:Issuer::pumps",
    custom: true,
    id: "pumps",
    type: "pulumi-nodejs:dynamic/pki:Issuer",
};
/** What moving has nothing to do with. */
const rest = {
    custom: true,
    id: "pump-01",
    inputs: { hub: "iot-abc", deviceId: "pump-01", text: "urn:pulumi:dev::iot-x509::a::b" },
    outputs: {
        privateKey: { "4dabf18193072939515e22adb298388d": "1b47061264138c4a", plaintext: '"PEM"' },
    },
    additionalSecretOutputs: ["privateKey"],
    protect: true,
    retainOnDelete: false,
    created: "2026-01-01T00:00:00Z",
    modified: "2026-01-02T00:00:00Z",
    sourcePosition: "project:///index.ts#10",
};
const certificateUrn = `urn:pulumi:dev::iot-x509::${certificate}::pump-01`;
const identityUrn = `urn:pulumi:dev::iot-x509::${identity}::pump-01`;
const pump: Resource = {
    ...rest,
    urn: certificateUrn,
    type: certificate,
    parent: rootOf("dev").urn,
    provider: `${providerOf("dev", "").urn}::dev-provider-id`,
    dependencies: [issuer.urn],
    propertyDependencies: { issuer: [issuer.urn], request: [], __provider: null },
};
const pumpIdentity: Resource = {
    ...rest,
    urn: identityUrn,
    type: identity,
    parent: rootOf("dev").urn,
    provider: `${providerOf("dev", "").urn}::dev-provider-id`,
    dependencies: [hub.urn, certificateUrn],
    propertyDependencies: { hubId: [hub.urn], device: [certificateUrn, hub.urn] },
};
const platform = exported(
    rootOf("dev"),
    azure,
    hub,
    providerOf("dev", "dev-provider-id"),
    issuer,
    pump,
    pumpIdentity,
);
const moved = new Set([certificateUrn, identityUrn]);
const inShard = (urn: string) => urn.replace("urn:pulumi:dev::", "urn:pulumi:dev-shard-1::");

describe("the state of a stack that receives device resources", () => {
    const taken = (into: ExportedState, urns = moved) =>
        received(into, "dev-shard-1", platform, "dev", urns).deployment.resources ?? [];

    it("one that was never deployed gets root and provider first, under its own names", () => {
        const resources = taken({ version: 3, deployment: {} });
        assert.deepEqual(
            resources.map(({ urn }) => urn),
            [
                "urn:pulumi:dev-shard-1::iot-x509::pulumi:pulumi:Stack::iot-x509-dev-shard-1",
                "urn:pulumi:dev-shard-1::iot-x509::pulumi:providers:pulumi-nodejs::default",
                `urn:pulumi:dev-shard-1::iot-x509::${certificate}::pump-01`,
                `urn:pulumi:dev-shard-1::iot-x509::${identity}::pump-01`,
            ],
        );
        assert.deepEqual(resources[1], providerOf("dev-shard-1", "dev-provider-id"));
    });

    it("a resource gets URN, parent and provider of its new stack, and is otherwise unchanged", () => {
        const [, , part] = taken(exported());
        assert.deepEqual(part, {
            ...rest,
            urn: `urn:pulumi:dev-shard-1::iot-x509::${certificate}::pump-01`,
            type: certificate,
            parent: "urn:pulumi:dev-shard-1::iot-x509::pulumi:pulumi:Stack::iot-x509-dev-shard-1",
            provider:
                "urn:pulumi:dev-shard-1::iot-x509::pulumi:providers:pulumi-nodejs::default::dev-provider-id",
            dependencies: [],
            propertyDependencies: { issuer: [], request: [], __provider: [] },
        });
    });

    it("dependencies that exist in the stack are kept, all others dropped", () => {
        const [, , , part] = taken(exported());
        const own = `urn:pulumi:dev-shard-1::iot-x509::${certificate}::pump-01`;
        assert.deepEqual(part.dependencies, [own]);
        assert.deepEqual(part.propertyDependencies, { hubId: [], device: [own] });
        const withIssuer = taken(exported({ ...issuer, urn: inShard(issuer.urn) }));
        const signed = withIssuer.find(({ type }) => type === certificate);
        assert.deepEqual(signed?.dependencies, [
            "urn:pulumi:dev-shard-1::iot-x509::pulumi-nodejs:dynamic/pki:Issuer::pumps",
        ]);
    });

    it("an existing provider is used, with its own ID", () => {
        const present = [rootOf("dev-shard-1"), providerOf("dev-shard-1", "shard-provider-id")];
        const resources = taken(exported(...present));
        assert.deepEqual(resources.slice(0, 2), present);
        assert.equal(resources.length, 4);
        for (const { provider } of resources.slice(2)) {
            assert.equal(
                provider,
                "urn:pulumi:dev-shard-1::iot-x509::pulumi:providers:pulumi-nodejs::default::shard-provider-id",
            );
        }
    });

    it("existing resources stay first and unchanged, as does everything else in the state", () => {
        const other: Resource = { ...pump, urn: inShard(certificateUrn).replace("01", "02") };
        const into = exported(
            rootOf("dev-shard-1"),
            providerOf("dev-shard-1", "shard-provider-id"),
            other,
        );
        const after = received(into, "dev-shard-1", platform, "dev", moved);
        assert.deepEqual(after.deployment.resources?.slice(0, 3), into.deployment.resources);
        assert.equal(after.version, 3);
        assert.deepEqual(
            { ...after.deployment, resources: [] },
            {
                manifest: { time: "2027-01-01T00:00:00Z", magic: "m", version: "v3.261.0" },
                metadata: {},
                resources: [],
            },
        );
    });

    it("the input states are not modified", () => {
        const into = exported();
        const before = JSON.stringify([into, platform]);
        received(into, "dev-shard-1", platform, "dev", moved);
        given(platform, moved);
        assert.equal(JSON.stringify([into, platform]), before);
    });

    it("moves only the named resources", () => {
        const resources = taken(exported(), new Set([identityUrn]));
        assert.deepEqual(
            resources.map(({ type }) => type),
            ["pulumi:pulumi:Stack", "pulumi:providers:pulumi-nodejs", identity],
        );
        assert.deepEqual(resources[2].dependencies, []);
    });

    it("a device whose ID has the name of the stack, or signs of a URN, keeps its ID", () => {
        for (const id of ["dev", "iot-x509-dev", "a$b", "a:b", "dev::c"]) {
            const urn = `urn:pulumi:dev::iot-x509::${identity}::${id}`;
            const from = exported(rootOf("dev"), { urn, type: identity, id });
            const after = received(exported(), "dev-shard-1", from, "dev", new Set([urn]));
            // As it is imported, without what is undefined.
            const written: unknown = JSON.parse(JSON.stringify(after.deployment.resources));
            assert.deepEqual(written, [
                { urn: `urn:pulumi:dev-shard-1::iot-x509::${identity}::${id}`, type: identity, id },
            ]);
        }
    });

    it("moving there and back restores the state", () => {
        const shard = received(exported(), "dev-shard-1", platform, "dev", moved);
        const rid = given(platform, moved);
        const all = new Set([inShard(certificateUrn), inShard(identityUrn)]);
        const back = received(rid, "dev", shard, "dev-shard-1", all);
        assert.deepEqual(
            back.deployment.resources?.map(({ urn }) => urn),
            platform.deployment.resources?.map(({ urn }) => urn),
        );
        const { parent, provider } = back.deployment.resources?.[5] ?? {};
        assert.equal(parent, "urn:pulumi:dev::iot-x509::pulumi:pulumi:Stack::iot-x509-dev");
        assert.equal(
            provider,
            "urn:pulumi:dev::iot-x509::pulumi:providers:pulumi-nodejs::default::dev-provider-id",
        );
    });
});

describe("the state of a stack that gives up device resources", () => {
    it("keeps all others, unchanged and in order", () => {
        const after = given(platform, moved);
        assert.deepEqual(after, {
            ...platform,
            deployment: {
                ...platform.deployment,
                resources: [
                    rootOf("dev"),
                    azure,
                    hub,
                    providerOf("dev", "dev-provider-id"),
                    issuer,
                ],
            },
        });
    });

    it("a state without resources stays empty", () => {
        const after = given({ version: 3, deployment: {} }, moved);
        assert.deepEqual(after, { version: 3, deployment: { resources: [] } });
    });
});
