import { strict as assert } from "assert";
import * as grpc from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { group, Plugin } from "./pluginClient";
import { Props } from "./providerClient";

const hubType = "iothub:IotHubResource";
const hubPath = `${group}/providers/Microsoft.Devices/IotHubs/hub`;
const operation = "https://management.azure.com/subscriptions/s/operationResults/1?api-version=x";
const inputs = {
    resourceGroupName: "rg",
    resourceName: "hub",
    location: "westeurope",
    sku: { name: "S1", capacity: 1 },
    azureApiVersion: "2023-06-30",
    __createBeforeDelete: true,
};
/** A GET answer in the shape that azure-cli recorded. */
const hub = {
    id: hubPath,
    name: "hub",
    type: "Microsoft.Devices/IotHubs",
    location: "westeurope",
    etag: "AAAADGJGLxo=",
    properties: {
        hostName: "hub.azure-devices.net",
        state: "Active",
        provisioningState: "Succeeded",
        eventHubEndpoints: {
            events: { retentionTimeInDays: 1, partitionCount: 4, partitionIds: ["0"], path: "hub" },
        },
        ipFilterRules: [],
        unheardOf: true,
        comments: null,
    },
    sku: { name: "S1", tier: "Standard", capacity: 1 },
};

describe("azure-native stand-in: create, read, update, delete, invoke", () => {
    let plugin: Plugin;
    beforeEach(async () => {
        plugin = await Plugin.start();
    });
    afterEach(() => plugin.stop());
    const body = (index: number): unknown => plugin.arm.sent[index].body;

    describe("create", () => {
        it("checks for existence, PUTs the body without path parameters, and reads the result", async () => {
            const [id, outputs] = await plugin.create("iothub:Certificate", {
                resourceGroupName: "rg",
                resourceName: "hub",
                certificateName: "root",
                properties: { certificate: "Zm9v", isVerified: false },
                azureApiVersion: "2023-06-30",
            });
            const target = `${hubPath}/certificates/root?api-version=2023-06-30`;
            assert.deepEqual(
                plugin.arm.sent.map(({ method, target }) => [method, target]),
                [
                    ["GET", target],
                    ["PUT", target],
                    ["GET", target],
                ],
            );
            assert.deepEqual(body(1), { properties: { certificate: "Zm9v", isVerified: false } });
            assert.equal(id, `${hubPath}/certificates/root`);
            assert.equal(outputs.azureApiVersion, "2023-06-30");
            assert.equal(outputs.name, "root");
        });

        it("flattens a role assignment's properties and keeps the scope's slashes", async () => {
            const [id] = await plugin.create("authorization:RoleAssignment", {
                scope: `${group}/`,
                roleAssignmentName: "11111111-1111-4111-8111-111111111111",
                principalId: "p",
                principalType: "ServicePrincipal",
                roleDefinitionId: "r",
            });
            assert.equal(
                id,
                `${group}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`,
            );
            assert.deepEqual(body(1), {
                properties: {
                    principalId: "p",
                    principalType: "ServicePrincipal",
                    roleDefinitionId: "r",
                },
            });
        });

        it("sends user-assigned identities as keys, shows them as Azure answers them", async () => {
            const identity = { type: "UserAssigned", userAssignedIdentities: ["/a", "/b"] };
            await plugin.create(hubType, { ...inputs, identity });
            assert.deepEqual((body(1) as Props).identity, {
                type: "UserAssigned",
                userAssignedIdentities: { "/a": {}, "/b": {} },
            });
        });

        it("does not adopt an existing resource", async () => {
            plugin.arm.resources.set(hubPath.toLowerCase(), hub);
            await assert.rejects(
                plugin.create(hubType, inputs),
                new RegExp(`cannot create already existing resource '${hubPath}'`),
            );
            assert.deepEqual(plugin.arm.methods(), ["GET"]);
        });

        it("polls Azure-AsyncOperation as Retry-After asks, then reads the hub", async () => {
            const states = ["Running", "Running", "Succeeded"];
            plugin.arm.script(({ method, target }) => {
                if (method === "PUT") {
                    plugin.arm.resources.set(hubPath.toLowerCase(), hub);
                    const headers = { "azure-asyncoperation": operation, "retry-after": "7" };
                    return {
                        status: 201,
                        headers,
                        json: { ...hub, properties: { state: "Activating" } },
                    };
                }
                return target.includes("operationResults")
                    ? { json: { status: states.shift() } }
                    : undefined;
            });
            const [id, outputs] = await plugin.create(hubType, inputs);
            assert.deepEqual(states, []);
            assert.equal(plugin.waits[0], 7_000);
            assert.equal(id, hubPath);
            assert.deepEqual(outputs, {
                name: "hub",
                type: "Microsoft.Devices/IotHubs",
                location: "westeurope",
                etag: "AAAADGJGLxo=",
                azureApiVersion: "2023-06-30",
                sku: { name: "S1", tier: "Standard", capacity: 1 },
                properties: {
                    hostName: "hub.azure-devices.net",
                    state: "Active",
                    provisioningState: "Succeeded",
                    eventHubEndpoints: hub.properties.eventHubEndpoints,
                    ipFilterRules: [],
                },
            });
        });

        it("follows the Location of a 202, also a relative one, or the provisioning state without a header", async () => {
            const answers = [
                { status: 202, headers: { location: "/next?x=1" } },
                { status: 200, json: hub },
            ];
            plugin.arm.script(({ method, target }) => {
                if (method === "PUT") {
                    return { status: 202, headers: { location: operation } };
                }
                return /operationResults|next/.test(target) ? answers.shift() : undefined;
            });
            const [id] = await plugin.create(hubType, inputs);
            assert.equal(id, hubPath);
            assert.deepEqual(plugin.arm.sent[3].target, "/next?x=1");

            let reads = 0;
            plugin.arm.script(({ method, target }) => {
                if (method === "PUT") {
                    return { json: { ...hub, properties: { provisioningState: "Creating" } } };
                }
                if (method === "GET" && target.includes("/IotHubs/two?") && reads++ > 0) {
                    const provisioningState = reads < 4 ? "Creating" : "Succeeded";
                    return { json: { ...hub, properties: { provisioningState } } };
                }
                return undefined;
            });
            await plugin.create(hubType, { ...inputs, resourceName: "two" });
            assert.equal(reads, 4, "until it succeeded");
        });

        it("words a refusal as the official provider does", async () => {
            const refuse = async (status: number, json: unknown): Promise<string> => {
                plugin.arm.script(({ method }) =>
                    method === "PUT" ? { status, json } : undefined,
                );
                const error = await plugin.create(hubType, inputs).then(
                    () => assert.fail("created"),
                    (reason: grpc.ServiceError) => reason,
                );
                return error.details;
            };
            assert.equal(
                await refuse(400, { error: { code: "InvalidSku", message: "No such SKU." } }),
                'Status=400 Code="InvalidSku" Message="No such SKU."',
            );
            const iot = {
                code: 412001,
                httpStatusCode: "PreconditionFailed",
                message: "The precondition failed. If you contact a support representative …",
            };
            assert.equal(
                await refuse(412, iot),
                'Status=412 Code="412001" Message="The precondition failed."',
            );
            const taken = { code: 409004, message: "IotHub name 'hub' not available." };
            assert.match(await refuse(409, taken), /not available\." — the name is taken/);
            assert.equal(await refuse(409, {}), 'Status=409 Message="no reason given"');
        });

        it("keeps the resource in the state when the operation fails after ARM accepted it", async () => {
            plugin.arm.script(({ method, target }) => {
                if (method === "PUT") {
                    plugin.arm.resources.set(hubPath.toLowerCase(), hub);
                    return {
                        status: 201,
                        headers: { "azure-asyncoperation": operation },
                        json: hub,
                    };
                }
                const error = { code: "QuotaExceeded", message: "One free hub." };
                return target.includes("operationResults")
                    ? { json: { status: "Failed", error } }
                    : undefined;
            });
            const failure = await plugin.create(hubType, inputs).then(
                () => assert.fail("created"),
                (reason: grpc.ServiceError) => reason,
            );
            const details = failure.metadata.get("grpc-status-details-bin")[0] as Buffer;
            const packed = Status.deserializeBinary(details).getDetailsList()[0];
            assert.equal(packed.getTypeName(), "pulumirpc.ErrorResourceInitFailed");
            const detail = ErrorResourceInitFailed.deserializeBinary(packed.getValue_asU8());
            assert.equal(detail.getId(), hubPath);
            assert.deepEqual(detail.getReasonsList(), [
                'Status=200 Code="QuotaExceeded" Message="One free hub." — the subscription\'s limit is reached: ' +
                    "delete what is not needed, or request a higher limit (portal: Quotas)",
            ]);
            assert.equal(detail.getProperties()?.toJavaScript().name, "hub");
            assert.deepEqual(detail.getInputs()?.toJavaScript(), inputs);
        });
    });

    describe("repeats", () => {
        const failing = (...statuses: (number | Error)[]): void =>
            plugin.arm.script(({ method }) => {
                const next = method === "DELETE" ? statuses.shift() : undefined;
                if (next instanceof Error) {
                    throw next;
                }
                return next === undefined ? undefined : { status: next, json: {} };
            });

        it("429, 5xx and a lost connection, waiting longer each time", async () => {
            failing(429, 503, 500);
            await plugin.delete("iothub:Certificate", `${hubPath}/certificates/a`);
            assert.deepEqual(plugin.waits, [1_000, 3_000, 7_000]);
            failing(new Error("ECONNRESET"));
            await plugin.delete("iothub:Certificate", `${hubPath}/certificates/a`);
        });

        it("not endlessly, and not permanent errors", async () => {
            failing(500, 502, 503, 504, 500);
            const remove = (): Promise<void> =>
                plugin.delete("iothub:Certificate", `${hubPath}/certificates/a`);
            await assert.rejects(remove(), /Status=504/);
            assert.equal(plugin.arm.sent.length, 4);
            plugin.arm.script(({ method }) =>
                method === "DELETE" ? { status: 403, json: {} } : undefined,
            );
            await assert.rejects(remove(), /Status=403/);
            assert.equal(plugin.arm.sent.length, 5);
        });

        it("as Retry-After asks, in seconds or as a date; not if that is hours away", async () => {
            const inTwoSeconds = new Date(Date.now() + 2_000).toUTCString();
            const asked = ["5", inTwoSeconds, "7200"];
            plugin.arm.script(({ method }) =>
                method === "DELETE"
                    ? { status: 429, headers: { "retry-after": asked.shift() ?? "0" }, json: {} }
                    : undefined,
            );
            await assert.rejects(
                plugin.delete("iothub:Certificate", `${hubPath}/certificates/a`),
                /Status=429/,
            );
            assert.equal(plugin.waits[0], 5_000);
            assert.ok(plugin.waits[1] <= 2_000, String(plugin.waits[1]));
            assert.equal(plugin.arm.sent.length, 3);
        });
    });

    describe("read", () => {
        beforeEach(() => plugin.arm.resources.set(hubPath.toLowerCase(), hub));

        it("imports: inputs from the ID and the answer, without read-only members and empty lists", async () => {
            const {
                id,
                inputs: imported,
                outputs,
            } = await plugin.read(hubType, hubPath.toUpperCase());
            assert.equal(id, hubPath.toUpperCase());
            assert.equal(outputs.etag, "AAAADGJGLxo=");
            assert.deepEqual(imported, {
                resourceGroupName: "RG",
                resourceName: "HUB",
                location: "westeurope",
                sku: { name: "S1", capacity: 1 },
                properties: {
                    eventHubEndpoints: { events: { retentionTimeInDays: 1, partitionCount: 4 } },
                },
            });
        });

        it("reports an ID of another resource type", async () => {
            plugin.arm.script(() => ({ json: hub }));
            await assert.rejects(plugin.read(hubType, group), /unable to parse resource ID/);
        });

        it("finds nothing where nothing exists", async () => {
            assert.equal((await plugin.read(hubType, `${hubPath}x`)).id, "");
        });

        it("refreshes: Azure's defaults are not inputs, manual changes are", async () => {
            const { outputs: state } = await plugin.read(hubType, hubPath);
            const same = await plugin.read(hubType, hubPath, { inputs, state });
            assert.deepEqual(same.inputs, inputs);

            const properties = {
                ...hub.properties,
                comments: "by hand",
                hostName: "elsewhere",
                eventHubEndpoints: { events: { retentionTimeInDays: 7, partitionCount: 4 } },
            };
            const sku = { name: "S1", tier: "Standard", capacity: 3 };
            const changed = { ...hub, etag: "other", tags: { owner: "me" }, sku, properties };
            plugin.arm.resources.set(hubPath.toLowerCase(), changed);
            const drifted = await plugin.read(hubType, hubPath, { inputs, state });
            assert.deepEqual(drifted.inputs, {
                ...inputs,
                sku: { name: "S1", capacity: 3 },
                tags: { owner: "me" },
                properties: {
                    eventHubEndpoints: { events: { retentionTimeInDays: 7, partitionCount: 4 } },
                    ipFilterRules: [],
                    comments: "by hand",
                },
            });
            assert.equal(drifted.outputs.etag, "other");
        });
    });

    it("updates by PUT at the path of its inputs, without If-Match or a look first", async () => {
        plugin.arm.resources.set(hubPath.toLowerCase(), hub);
        const outputs = await plugin.update(hubType, { ...inputs, tags: { a: "1" } }, hub);
        assert.deepEqual(plugin.arm.methods(), ["PUT", "GET"]);
        assert.deepEqual(body(0), {
            location: "westeurope",
            sku: { name: "S1", capacity: 1 },
            tags: { a: "1" },
        });
        assert.deepEqual(outputs.tags, { a: "1" });
    });

    it("warns when the resource cannot be read after it was written", async () => {
        plugin.arm.script(({ method }) =>
            method === "GET"
                ? { status: 403, json: { error: { code: "No", message: "no" } } }
                : undefined,
        );
        await plugin.update(hubType, inputs, hub);
        assert.deepEqual(plugin.warnings, [
            'Failed to read resource after Update: Status=403 Code="No" Message="no"',
        ]);
    });

    describe("delete", () => {
        it("polls until the operation is done; a 404 meanwhile counts as done", async () => {
            const polls = [
                { status: 202, headers: {} },
                { status: 404, json: {} },
            ];
            plugin.arm.script(({ method, target }) => {
                if (method === "DELETE") {
                    return { status: 202, headers: { location: operation } };
                }
                return target.includes("operationResults") ? polls.shift() : undefined;
            });
            await plugin.delete(hubType, hubPath);
            assert.deepEqual(polls, []);
        });

        it("has nothing to do for a deleted resource", async () => {
            plugin.arm.script(() => ({ status: 404, json: {} }));
            await plugin.delete("iothub:Certificate", `${hubPath}/certificates/a`);
        });
    });

    describe("invoke", () => {
        it("lists keys by POST and returns only the type's properties", async () => {
            const rule = {
                keyName: "iothubowner",
                primaryKey: "a",
                secondaryKey: "b",
                rights: "x",
            };
            plugin.arm.script(({ method }) =>
                method === "POST" ? { json: { value: [rule], odd: 1 } } : undefined,
            );
            const names = { resourceGroupName: "rg", resourceName: "hub" };
            assert.deepEqual(await plugin.invoke("iothub:listIotHubResourceKeys", names), {
                value: [rule],
            });
            assert.equal(plugin.arm.sent[0].target, `${hubPath}/listkeys?api-version=2023-06-30`);
            assert.deepEqual(body(0), {});
        });

        it("returns the signed-in identity from a Graph token, and a token for ARM", async () => {
            const config = await plugin.invoke("authorization:getClientConfig", {});
            assert.deepEqual(config, {
                clientId: "app",
                objectId: "object",
                tenantId: "tenant",
                subscriptionId: "11111111-2222-3333-4444-555555555555",
            });
            const { token } = await plugin.invoke("authorization:getClientToken", {});
            assert.match(String(token), /^e30\./);
            await plugin.invoke("authorization:getClientToken", {
                endpoint: "https://iothubs.azure.net",
            });
            assert.deepEqual(plugin.scopes, [
                "https://graph.microsoft.com/.default",
                "https://management.azure.com//.default",
                "https://iothubs.azure.net/.default",
            ]);
        });

        it("names an unknown function and a failed call", async () => {
            await assert.rejects(
                plugin.invoke("storage:listStorageAccountKeys", {}),
                /Function azure-native:storage:listStorageAccountKeys is not in the emulator's/,
            );
            await assert.rejects(
                plugin.invoke("iothub:listIotHubResourceKeys", {
                    resourceGroupName: "rg",
                    resourceName: "x",
                }),
                /request failed .*listkeys: Status=404 Code="ResourceNotFound"/,
            );
        });
    });
});
