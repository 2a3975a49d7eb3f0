import { strict as assert } from "assert";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { authenticationType, DynamicHost, Props } from "../support/dynamicHost";
import { shared } from "../support/emulator";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";
import { makeCa } from "../support/pki";

const group = "rg-dynamic-host-faults";
const hub = "iot-dynamic-host-faults";
const hostName = `${hub}.azure-devices.net`;
const caHost = "^management\\.azure\\.com$";
const deviceHost = `^${hub}\\.`;

/** A fault for the emulator, and what the reader sees of it. */
interface Fault {
    readonly title: string;
    readonly rule: Readonly<Record<string, unknown>>;
    /** How often it must strike; default once. */
    readonly hits?: number;
    /** Least time that the run must take, because the service asked for it. */
    readonly milliseconds?: number;
}

const dropped = (when: "before" | "after") => ({ drop: true, when, count: 1 });
const steps: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ["PUT", { method: "PUT", path: "/certificates/" }],
    ["generateVerificationCode", { method: "POST", path: "/generateVerificationCode" }],
    ["verify", { method: "POST", path: "/verify\\?" }],
];
const faultsOfProof: readonly Fault[] = [
    ...steps.flatMap(([step, rule]) => [
        { title: `412 on ${step}`, rule: { ...rule, status: 412, count: 1 } },
        { title: `${step} dropped before its effect`, rule: { ...rule, ...dropped("before") } },
        { title: `${step} dropped after its effect`, rule: { ...rule, ...dropped("after") } },
    ]),
    {
        title: "500, twice, on verify",
        rule: { method: "POST", path: "/verify\\?", status: 500, count: 2 },
        hits: 2,
    },
    {
        title: "429 with Retry-After on PUT",
        rule: { method: "PUT", path: "/certificates/", status: 429, retryAfter: 2, count: 1 },
        milliseconds: 2000,
    },
    {
        title: "429 without Retry-After, twice, on generateVerificationCode",
        rule: { method: "POST", path: "/generateVerificationCode", status: 429, count: 2 },
        hits: 2,
        milliseconds: 750,
    },
    {
        title: "503 on GET",
        rule: { method: "GET", path: "/certificates/", status: 503, count: 1 },
    },
];
/** As seen on a live hub (terraform-provider-iothub, 2026-08-15). */
const throttledInWords = {
    Message:
        "ErrorCode:ThrottlingBacklogTimeout;The request has been throttled. Wait 10 seconds and try again. " +
        "Operation type: RegistryWrite",
    ExceptionMessage: "Tracking ID:0-G:0-TimeStamp:08/15/2026 10:00:00",
};
const bulk = { method: "POST", path: "^/devices\\?" };
const faultsOfDevice: readonly Fault[] = [
    { title: "bulk create dropped before its effect", rule: { ...bulk, ...dropped("before") } },
    { title: "bulk create dropped after its effect", rule: { ...bulk, ...dropped("after") } },
    { title: "500 on bulk create", rule: { ...bulk, status: 500, count: 1 } },
    {
        title: "429 with Retry-After on bulk create",
        rule: { ...bulk, status: 429, retryAfter: 2, count: 1 },
        milliseconds: 2000,
    },
    {
        title: "429 without Retry-After, twice, on bulk create",
        rule: { ...bulk, status: 429, count: 2 },
        hits: 2,
        milliseconds: 750,
    },
    {
        title: "a hub's own 429, which says 10 seconds in words",
        rule: { ...bulk, status: 429, body: throttledInWords, count: 1 },
        milliseconds: 10_000,
    },
];

describe("the dynamic resources when calls fail", function () {
    this.timeout(60_000);
    const { manage } = shared();
    let host: DynamicHost;
    let arm: IotHubClient;
    let registry: Registry;
    let hubId: string;
    let made = 0;

    before(async () => {
        arm = iotHubClient();
        await makeHub(arm, group, hub);
        hubId = `/subscriptions/${arm.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Devices/IotHubs/${hub}`;
        registry = Registry.fromTokenCredential(hostName, new EnvironmentCredential());
        host = await DynamicHost.start({ hub: JSON.stringify({ roleWaitSeconds: 0 }) });
    });

    afterEach(() => manage("DELETE", "/faults"));

    after(async () => {
        await host?.stop();
        await dropGroup(arm, group);
    });

    /** Runs the action with the fault in force, and sees to it that the fault struck. */
    async function under<T>(
        faultyHost: string,
        fault: Fault,
        action: () => Promise<T>,
    ): Promise<T> {
        await manage("POST", "/faults", { host: faultyHost, ...fault.rule });
        const started = Date.now();
        const result = await action();
        const took = Date.now() - started;
        const [{ hits }] = await manage<{ hits: number }[]>("GET", "/faults");
        assert.equal(hits, fault.hits ?? 1, "the fault did not strike as planned");
        assert.ok(took >= (fault.milliseconds ?? 0), `it waited only ${took} ms`);
        await manage("DELETE", "/faults");
        return result;
    }

    async function newCa(): Promise<Props> {
        const ca = await makeCa({ commonName: `CA ${++made}` });
        return host.checked("iothub/verifiedCertificate", {
            targetId: hubId,
            name: `ca${made}`,
            certificate: ca.certificate,
            key: ca.key,
        });
    }

    /** Exactly this certificate is on the hub, verified. */
    async function assertOnly(inputs: Props): Promise<void> {
        const { value = [] } = await arm.certificates.listByIotHub(group, hub);
        const found = value.map(({ name, properties }) => [name, properties?.isVerified]);
        assert.deepEqual(found, [[inputs.certificateName, true]]);
    }

    describe("a CA's proof of possession", () => {
        for (const fault of faultsOfProof) {
            it(fault.title, async () => {
                const inputs = await newCa();
                const { id, state } = await under(caHost, fault, () => host.create(inputs));
                assert.equal(state.isVerified, true);
                await assertOnly(inputs);
                await host.delete(id, state);
            });
        }

        it("a code that was superseded between generate and verify is requested again", async () => {
            const inputs = await newCa();
            const fault = {
                title: "the answer with the code comes late",
                rule: {
                    method: "POST",
                    path: "/generateVerificationCode",
                    delayMilliseconds: 1500,
                    when: "after",
                    count: 1,
                },
            };
            const name = String(inputs.certificateName);
            const { id, state } = await under(caHost, fault, async () => {
                const creation = host.create(inputs);
                await supersede(name);
                return creation;
            });
            assert.equal(state.isVerified, true);
            await assertOnly(inputs);
            await host.delete(id, state);
        });

        /** Another client asks for a code once the host's own question has had its effect. */
        async function supersede(name: string): Promise<void> {
            for (;;) {
                const [{ hits }] = await manage<{ hits: number }[]>("GET", "/faults");
                if (hits > 0) {
                    break;
                }
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
            // The rule counts before the work is done; the work takes far less than this.
            await new Promise((resolve) => setTimeout(resolve, 300));
            const { etag = "" } = await arm.certificates.get(group, hub, name);
            await arm.certificates.generateVerificationCode(group, hub, name, etag);
        }

        it("a service that always fails ends with its answer, without the token", async () => {
            const inputs = await newCa();
            await manage("POST", "/faults", { host: caHost, path: "/verify\\?", status: 403 });
            await assert.rejects(host.create(inputs), (error: Error) => {
                assert.match(error.message, /POST management\.azure\.com\/.*\/verify answered 403/);
                assert.doesNotMatch(error.message, /Bearer|eyJ/);
                return true;
            });
            await manage("DELETE", "/faults");
            const { id, state } = await host.create(inputs);
            await assertOnly(inputs);
            await host.delete(id, state);
        });
    });

    describe("a CA's deletion", () => {
        const remove = { method: "DELETE", path: "/certificates/" };
        for (const fault of [
            { title: "412", rule: { ...remove, status: 412, count: 1 } },
            { title: "404", rule: { ...remove, status: 404, count: 1 }, isLeft: true },
            { title: "500", rule: { ...remove, status: 500, count: 1 } },
            { title: "dropped before its effect", rule: { ...remove, ...dropped("before") } },
            { title: "dropped after its effect", rule: { ...remove, ...dropped("after") } },
        ]) {
            it(fault.title, async () => {
                const inputs = await newCa();
                const { id, state } = await host.create(inputs);
                await under(caHost, fault, () => host.delete(id, state));
                if ("isLeft" in fault) {
                    await host.delete(id, state);
                }
                const { value = [] } = await arm.certificates.listByIotHub(group, hub);
                assert.deepEqual(value, []);
            });
        }
    });

    describe("a device's identity", () => {
        for (const fault of faultsOfDevice) {
            it(fault.title, async () => {
                const inputs = await newDevice();
                const { id, state } = await under(deviceHost, fault, () => host.create(inputs));
                const { responseBody: devices } = await registry.list();
                const found = devices.map((device) => [
                    device.deviceId,
                    authenticationType(device),
                ]);
                assert.deepEqual(found, [[inputs.deviceId, "certificateAuthority"]]);
                await host.delete(id, state);
            });
        }

        it("a device that the hub refuses fails alone", async () => {
            const good = await newDevice();
            const bad = { ...(await newDevice()), deviceId: "a device with spaces" };
            const results = await Promise.allSettled([host.create(good), host.create(bad)]);
            assert.deepEqual(
                results.map(({ status }) => status),
                ["fulfilled", "rejected"],
            );
            const { reason } = results[1] as PromiseRejectedResult;
            assert.match(String(reason), /device "a device with spaces" on /);
            const made = results[0] as PromiseFulfilledResult<{ id: string; state: Props }>;
            await host.delete(made.value.id, made.value.state);
        });

        const refusals: readonly (readonly [string, unknown, RegExp])[] = [
            ["Message", { Message: "ErrorCode:ArgumentInvalid;of tags" }, /400.*: ErrorCode:Argu/],
            ["message", { errorCode: 400004, message: "of tags" }, /400 400004: of tags/],
            ["neither", { reason: "of tags" }, /400.*: \{"reason":"of tags"\}/],
        ];
        for (const [name, body, said] of refusals) {
            it(`a request that is refused as a whole fails with the hub's words, in ${name}`, async () => {
                const inputs = await newDevice();
                await manage("POST", "/faults", { host: deviceHost, ...bulk, status: 400, body });
                await assert.rejects(host.create(inputs), (error: Error) => {
                    assert.match(error.message, /bulk request refused: /);
                    assert.match(error.message, said);
                    return true;
                });
            });
        }

        it("a request that is refused for one device is sent again without it", async () => {
            const devices = await Promise.all(Array.from({ length: 2 }, newDevice));
            // Twice the same device is what the hub refuses as a whole; alone, the second of them is taken over.
            const all = [...devices, devices[1]];
            const made = await Promise.all(all.map((inputs) => host.create(inputs)));
            const found = (await registry.list()).responseBody.map(({ deviceId }) => deviceId);
            assert.deepEqual(
                found.sort(),
                devices.map(({ deviceId }) => deviceId),
            );
            await Promise.all(made.slice(0, 2).map(({ id, state }) => host.delete(id, state)));
        });

        it("a deletion dropped after its effect is a success", async () => {
            const inputs = await newDevice();
            const { id, state } = await host.create(inputs);
            const fault = { title: "", rule: { ...bulk, ...dropped("after") } };
            await under(deviceHost, fault, () => host.delete(id, state));
            assert.deepEqual((await registry.list()).responseBody, []);
        });

        it("a principal whose role does not count sees which role it has, where and since when", async () => {
            const inputs = await newDevice();
            await manage("POST", "/faults", { host: deviceHost, status: 403 });
            await assert.rejects(
                host.create(inputs),
                /This login has the role "IoT Hub Data Contributor" since .*, and \S+ does not count it yet/,
            );
        });

        function newDevice(): Promise<Props> {
            return host.checked("iothub/deviceIdentity", {
                hubId,
                device: {
                    deviceId: `device-${++made}`,
                    status: "enabled",
                    owner: "iot-x509/unit",
                },
            });
        }
    });
});
