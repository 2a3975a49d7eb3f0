import { strict as assert } from "assert";
import { loader } from "../../components/dynamic/resource";
import { rateLimitServerVariable } from "../../components/dynamic/runVariables";
import { DynamicHost, Props } from "../support/dynamicHost";
import { shared } from "../support/emulator";

const providers = "/providers/Microsoft.Devices";

/** A part of the device pump-01 as a state has it, and what a refusal calls it. */
interface Part {
    readonly kind: string;
    readonly id: string;
    readonly state: Props;
    readonly named: string;
}

describe("deletes in the stack of a hub whose devices moved to fleet stacks", function () {
    this.timeout(60_000);
    const { subscriptionId, manage } = shared();
    // Neither hub nor service exists, so a delete that is not refused has nothing to do.
    const scope = `/subscriptions/${subscriptionId}/resourceGroups/rg-fleet-deletes${providers}`;
    const enrollment = (kind: string): Props => ({
        serviceId: `${scope}/provisioningServices/dps-gone`,
        hostName: "dps-gone.azure-devices-provisioning.net",
        kind,
        enrollmentId: "pump-01",
        attestation: "clientCertificates",
        trusted: ["AB".repeat(32)],
        provisioningStatus: "enabled",
        __provider: loader("dps/enrollment"),
    });
    const parts: readonly Part[] = [
        {
            kind: "an identity",
            id: "pump-01",
            state: {
                hubId: `${scope}/IotHubs/hub-gone`,
                status: "enabled",
                owner: "iot-x509/unit",
                __provider: loader("iothub/deviceIdentity"),
            },
            named: 'device "pump-01"',
        },
        {
            kind: "a certificate",
            id: "pump-01",
            state: {
                certificate: "PEM",
                privateKey: "PEM",
                issuedFor: "a digest",
                __provider: loader("pki/deviceCertificate"),
            },
            named: 'the certificate of device "pump-01"',
        },
        {
            kind: "an individual enrollment",
            id: "dps-gone/individual/pump-01",
            state: enrollment("individual"),
            named: 'the enrollment of device "pump-01"',
        },
    ];

    const stacks = {
        "the hub's, with 4 shards": { shards: "4" },
        "the hub's, with shards by group": { shards: "group" },
        "a fleet stack": { shards: "4", shard: JSON.stringify({ of: "dev", name: "shard-1" }) },
        "the hub's, without shards": {},
    };
    type Stack = keyof typeof stacks;
    const hosts = new Map<string, DynamicHost>();

    before(async () => {
        for (const [stack, settings] of Object.entries(stacks)) {
            const variables =
                stack === "a fleet stack" ? { [rateLimitServerVariable]: "unused" } : {};
            hosts.set(stack, await DynamicHost.start(settings, variables));
        }
    });

    after(() => Promise.all([...hosts.values()].map((host) => host.stop())));

    async function deleted(stack: Stack, { id, state }: Part): Promise<void> {
        const host = hosts.get(stack);
        assert.ok(host);
        await host.delete(id, state);
    }

    for (const part of parts) {
        it(`${part.kind} is refused without calls to Azure`, async () => {
            await manage("DELETE", "/requests");
            for (const stack of [
                "the hub's, with 4 shards",
                "the hub's, with shards by group",
            ] as const) {
                await assert.rejects(deleted(stack, part), ({ message }: Error) => {
                    const expected =
                        `${part.named} is still in the hub's stack, but iot-x509:shards is set: ` +
                        `"npm run fleet -- up" moves it to its fleet stack. It was not deleted.`;
                    assert.ok(message.includes(expected), message);
                    return true;
                });
            }
            const { requests } = await manage<{ requests: { path: string }[] }>("GET", "/requests");
            assert.deepEqual(
                requests.filter(({ path }) => path.includes("gone")),
                [],
            );
        });

        it(`${part.kind} is refused as the first call to a new process`, async () => {
            const host = await DynamicHost.start({ shards: "4" });
            try {
                await assert.rejects(host.delete(part.id, part.state), /It was not deleted/);
            } finally {
                await host.stop();
            }
        });

        it(`${part.kind} is deleted in a fleet stack by npm run fleet, and without shards`, async () => {
            await deleted("a fleet stack", part);
            await deleted("the hub's, without shards", part);
        });
    }

    it("nothing is deleted in a fleet stack that is destroyed by itself", async () => {
        const host = await DynamicHost.start(stacks["a fleet stack"]);
        try {
            for (const { id, state } of parts) {
                await assert.rejects(host.delete(id, state), /in a fleet stack.*fleet -- destroy/);
            }
        } finally {
            await host.stop();
        }
    });

    it("an enrollment group belongs to the hub's stack, and is deleted there", async () => {
        const group: Part = {
            kind: "an enrollment group",
            id: "dps-gone/group/pumps",
            state: { ...enrollment("group"), enrollmentId: "pumps" },
            named: "",
        };
        await deleted("the hub's, with 4 shards", group);
    });
});
