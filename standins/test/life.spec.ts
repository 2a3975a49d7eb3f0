import { strict as assert } from "assert";
import { hub, hubPath, hubType, inputs, operation } from "./hubAnswers";
import { group, Plugin } from "./pluginClient";

describe("azure-native stand-in", () => {
    let plugin: Plugin;
    beforeEach(async () => {
        plugin = await Plugin.start();
    });
    afterEach(() => plugin.stop());
    const body = (index: number): unknown => plugin.arm.sent[index].body;

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
