import { strict as assert } from "assert";
import { PropertyDiff } from "@pulumi/pulumi/proto/provider_pb";
import { group, Plugin, subscription } from "./pluginClient";
import { Props } from "./providerClient";

/** Pulumi's marker of a value that a preview does not know (sdk/go `plugin.UnknownStringValue`). */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const hubType = "iothub:IotHubResource";
const hubInputs = {
    resourceGroupName: "rg",
    location: "westeurope",
    sku: { name: "S1", capacity: 1 },
};

describe("azure-native stand-in: check, diff and preview", () => {
    let plugin: Plugin;
    beforeEach(async () => {
        plugin = await Plugin.start();
    });
    afterEach(() => plugin.stop());

    describe("check", () => {
        it("names a top-level resource by its logical name and 8 hex digits, the same for one seed", async () => {
            const first = await plugin.check(hubType, "hub", hubInputs, { seed: "s1" });
            const again = await plugin.check(hubType, "hub", hubInputs, { seed: "s1" });
            const other = await plugin.check(hubType, "hub", hubInputs, { seed: "s2" });
            assert.deepEqual(first.failures, []);
            assert.match(String(first.inputs.resourceName), /^hub[0-9a-f]{8}$/);
            assert.equal(again.inputs.resourceName, first.inputs.resourceName);
            assert.notEqual(other.inputs.resourceName, first.inputs.resourceName);
            assert.equal(first.inputs.__createBeforeDelete, true);
            assert.equal(first.inputs.azureApiVersion, "2023-06-30");
        });

        it("names without a seed differ", async () => {
            const names = await Promise.all([
                plugin.check(hubType, "hub", hubInputs),
                plugin.check(hubType, "hub", hubInputs),
            ]);
            assert.notEqual(names[0].inputs.resourceName, names[1].inputs.resourceName);
        });

        it("copies the logical name for a child and makes a UUID for a role assignment", async () => {
            const certificate = await plugin.check("iothub:Certificate", "root", {
                resourceGroupName: "rg",
                resourceName: "hub",
            });
            assert.equal(certificate.inputs.certificateName, "root");
            assert.equal(certificate.inputs.__createBeforeDelete, undefined);
            const assignment = await plugin.check("authorization:RoleAssignment", "a", {
                scope: group,
                principalId: "p",
                roleDefinitionId: "r",
            });
            assert.match(
                String(assignment.inputs.roleAssignmentName),
                /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
            );
        });

        it("keeps the old name and the given name", async () => {
            const olds = { ...hubInputs, resourceName: "hub1234", __createBeforeDelete: true };
            const kept = await plugin.check(hubType, "hub", hubInputs, { olds });
            assert.equal(kept.inputs.resourceName, "hub1234");
            assert.equal(kept.inputs.__createBeforeDelete, true);
            const given = await plugin.check(
                hubType,
                "hub",
                { ...hubInputs, resourceName: "mine" },
                { olds },
            );
            assert.equal(given.inputs.resourceName, "mine");
            assert.equal(given.inputs.__createBeforeDelete, undefined);
        });

        it("follows the engine's autonaming: propose, enforce, disable", async () => {
            const propose = await plugin.check(hubType, "hub", hubInputs, {
                naming: [0, "proposed"],
            });
            assert.equal(propose.inputs.resourceName, "proposed");
            const role = { scope: group, principalId: "p", roleDefinitionId: "r" };
            const type = "authorization:RoleAssignment";
            const uuid = await plugin.check(type, "a", role, { naming: [0, "proposed"] });
            assert.notEqual(uuid.inputs.roleAssignmentName, "proposed");
            const enforced = await plugin.check(type, "a", role, { naming: [1, "enforced"] });
            assert.equal(enforced.inputs.roleAssignmentName, "enforced");
            const disabled = await plugin.check(hubType, "hub", hubInputs, { naming: [2, ""] });
            assert.deepEqual(disabled.failures, ["missing required property 'resourceName'"]);
        });

        it("takes the location from the old inputs, the configuration, the resource group", async () => {
            const bare = { resourceGroupName: "rg", sku: hubInputs.sku };
            plugin.arm.resources.set(group.toLowerCase(), { location: "northeurope" });
            const fromGroup = await plugin.check(hubType, "hub", bare);
            assert.equal(fromGroup.inputs.location, "northeurope");
            await plugin.check(hubType, "hub2", bare);
            assert.deepEqual(
                plugin.arm.sent.map(({ target }) => target),
                [`${group}?api-version=2020-10-01`],
                "asked once, then remembered",
            );
            const old = await plugin.check(hubType, "hub", bare, { olds: { location: "old" } });
            assert.equal(old.inputs.location, "old");
            const later = await plugin.check(hubType, "hub", {
                ...bare,
                resourceGroupName: unknown,
            });
            assert.equal(later.inputs.location, unknown);

            const configured = await Plugin.start({ location: "uksouth" });
            const fixed = await configured.check(hubType, "hub", bare);
            configured.stop();
            assert.equal(fixed.inputs.location, "uksouth");
        });

        it("reports every problem in the official words", async () => {
            const { failures } = await plugin.check(hubType, "hub", {
                resourceGroupName: "a b",
                sku: { capacity: "two" },
                properties: {
                    cloudToDevice: { maxDeliveryCount: 101 },
                    routing: { routes: [{ name: "r" }] },
                },
                tags: ["x"],
            });
            assert.deepEqual(failures.sort(), [
                "'properties.cloudToDevice.maxDeliveryCount' is too high (101 > 100)",
                "'resourceGroupName' does not match expression '^[-\\w._()]+$'",
                "'sku.capacity' should be of type 'integer' but got a string",
                "'tags' should be of type 'object' but got an array",
                "missing required property 'location'. Either set it explicitly or configure it with " +
                    "'pulumi config set azure-native:location <value>'.",
                "missing required property 'properties.routing.routes[0].endpointNames'",
                "missing required property 'properties.routing.routes[0].isEnabled'",
                "missing required property 'properties.routing.routes[0].source'",
                "missing required property 'sku.name'",
            ]);
        });

        it("refuses an unknown type by name", async () => {
            await assert.rejects(
                plugin.check("storage:StorageAccount", "s", {}),
                /azure-native:storage:StorageAccount is not in the emulator's azure-native stand-in.*official plugin/,
            );
        });
    });

    describe("diff", () => {
        const old = {
            ...hubInputs,
            resourceName: "hub",
            azureApiVersion: "2023-06-30",
            tags: { a: "1" },
        };
        const { UPDATE, UPDATE_REPLACE, ADD, DELETE, ADD_REPLACE } = PropertyDiff.Kind;

        async function changes(
            type: string,
            before: Props,
            after: Props,
            state: Props = {},
        ): Promise<{
            kinds: Record<string, number>;
            replaces: string[];
            deletesFirst: boolean;
            some: boolean;
        }> {
            const response = await plugin.diff(type, before, after, state);
            const detailed = response.getDetaileddiffMap().toArray() as unknown as [
                string,
                [number],
            ][];
            return {
                kinds: Object.fromEntries(
                    detailed.map(([path]) => [
                        path,
                        response.getDetaileddiffMap().get(path)?.getKind() ?? -1,
                    ]),
                ),
                replaces: response.getReplacesList(),
                deletesFirst: response.getDeletebeforereplace(),
                some: response.getChanges() === 2,
            };
        }

        it("is empty for equal inputs, a location spelled differently, a null, and helper inputs", async () => {
            const spelled = {
                ...old,
                location: "West Europe",
                resourceGroupName: "RG",
                properties: null,
                __createBeforeDelete: true,
            };
            const found = await changes(hubType, old, spelled);
            assert.deepEqual(found, { kinds: {}, replaces: [], deletesFirst: false, some: false });
        });

        it("updates in place and names the nested path", async () => {
            const found = await changes(hubType, old, {
                ...old,
                sku: { name: "S1", capacity: 2 },
                tags: { b: "2" },
                location: "northeurope",
            });
            assert.deepEqual(found.kinds, {
                "sku.capacity": UPDATE,
                "tags.a": DELETE,
                "tags.b": ADD,
                location: UPDATE,
            });
            assert.deepEqual(found.replaces, []);
        });

        it("replaces on a path parameter; deletes first unless the name was generated", async () => {
            const renamed = await changes(hubType, old, { ...old, resourceName: "other" });
            assert.deepEqual(renamed.kinds, { resourceName: UPDATE_REPLACE });
            assert.deepEqual(renamed.replaces, ["resourceName"]);
            assert.equal(renamed.deletesFirst, true);
            const random = { ...old, __createBeforeDelete: true };
            const moved = await changes(hubType, random, { ...random, resourceGroupName: unknown });
            assert.deepEqual(moved.replaces, ["resourceGroupName"]);
            assert.equal(moved.deletesFirst, false);
        });

        it("replaces a resource group that moves and a role assignment of another principal", async () => {
            const type = "resources:ResourceGroup";
            const before = { resourceGroupName: "rg", location: "westeurope" };
            const moved = await changes(type, before, { ...before, location: "uksouth" });
            assert.deepEqual(moved.kinds, { location: UPDATE_REPLACE });
            const role = {
                scope: group,
                roleAssignmentName: "n",
                principalId: "p",
                roleDefinitionId: "r",
            };
            const other = await changes("authorization:RoleAssignment", role, {
                ...role,
                principalId: "q",
            });
            assert.deepEqual(other.replaces, ["principalId"]);
        });

        it("does not replace for an input that equals Azure's choice", async () => {
            const before = { resourceGroupName: "rg" };
            const after = { ...before, location: "westeurope" };
            const type = "resources:ResourceGroup";
            const same = await changes(type, before, after, { location: "westeurope" });
            assert.deepEqual(same.kinds, { location: ADD });
            const other = await changes(type, before, after, { location: "uksouth" });
            assert.deepEqual(other.kinds, { location: ADD_REPLACE });
        });

        it("compares keyed lists by key and other lists by position", async () => {
            const route = (name: string, isEnabled: boolean): Props => ({
                name,
                isEnabled,
                source: "DeviceMessages",
                endpointNames: ["events"],
            });
            const withRoutes = (...routes: Props[]): Props => ({
                ...old,
                properties: { routing: { routes } },
            });
            const swapped = await changes(
                hubType,
                withRoutes(route("a", true), route("b", true)),
                withRoutes(route("b", true), route("a", true)),
            );
            assert.deepEqual(swapped.kinds, {});
            const changed = await changes(
                hubType,
                withRoutes(route("a", true), route("b", true)),
                withRoutes(route("b", false), route("c", true)),
            );
            assert.deepEqual(changed.kinds, {
                "properties.routing.routes[0].isEnabled": UPDATE,
                "properties.routing.routes[1]": ADD,
                "properties.routing.routes[0]": DELETE,
            });
            const fqdn = (...names: string[]): Props => ({
                ...old,
                properties: { allowedFqdnList: names },
            });
            const listed = await changes(hubType, fqdn("x", "y"), fqdn("y"));
            assert.deepEqual(listed.kinds, {
                "properties.allowedFqdnList[0]": UPDATE,
                "properties.allowedFqdnList[1]": DELETE,
            });
        });

        it("takes the API version of an imported resource from its outputs", async () => {
            const { azureApiVersion, ...imported } = old;
            assert.deepEqual(
                (await changes(hubType, imported, old, { azureApiVersion })).kinds,
                {},
            );
            assert.deepEqual((await changes(hubType, imported, old)).kinds, {
                azureApiVersion: ADD,
            });
        });
    });

    describe("preview", () => {
        const inputs = { ...hubInputs, resourceName: "hub", properties: { minTlsVersion: "1.2" } };

        it("of a create contains only what the inputs say, and makes no calls", async () => {
            const [id, outputs] = await plugin.create(hubType, inputs, true);
            assert.equal(id, "");
            const { properties, sku, ...rest } = outputs as {
                properties: Props;
                sku: Props;
            } & Props;
            assert.equal(properties.minTlsVersion, "1.2");
            assert.equal(properties.hostName, unknown);
            assert.deepEqual(sku, { name: "S1", capacity: 1, tier: unknown });
            assert.equal(rest.location, "westeurope");
            assert.equal(rest.name, unknown);
            assert.equal(rest.etag, unknown);
            assert.deepEqual(plugin.arm.sent, []);
        });

        it("of an update keeps name and location", async () => {
            const state = { name: "hub", location: "West Europe", etag: "1" };
            const outputs = await plugin.update(hubType, inputs, state, true);
            assert.equal(outputs.name, "hub");
            assert.equal(outputs.location, "West Europe");
            assert.equal(outputs.etag, unknown);
            assert.deepEqual(plugin.arm.sent, []);
        });
    });

    it("asks the subscription of the account for every path", async () => {
        await assert.rejects(
            plugin.create(hubType, { ...hubInputs }),
            /expected string value for path parameter 'resourceName', got undefined/,
        );
        await plugin.create(hubType, { ...hubInputs, resourceName: "hub" });
        assert.ok(
            plugin.arm.sent.every(({ target }) =>
                target.startsWith(`/subscriptions/${subscription}/`),
            ),
        );
    });
});
