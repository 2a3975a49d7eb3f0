import { strict as assert } from "assert";
import * as grpc from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { hub, hubPath, hubType, inputs, operation } from "./hubAnswers";
import { group, Plugin } from "./pluginClient";
import { Props } from "./providerClient";

describe("azure-native stand-in", () => {
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
});
