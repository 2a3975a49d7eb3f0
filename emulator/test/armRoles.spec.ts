import { deepStrictEqual, strictEqual } from "assert";
import { randomUUID } from "crypto";
import { ArmAnswer, ArmWire, codeOf, hubsOf, messageOf } from "../../test/support/armWire";

const westEurope = { location: "westeurope" };

describe("Role assignments of the emulator", function () {
    this.timeout(30_000);
    let wire: ArmWire;

    before(async () => {
        wire = await ArmWire.start();
        await wire.makeHub("mine", "mine-hub");
        await wire.makeHub("theirs", "theirs-hub");
    });

    after(() => wire.stop());

    it("a principal without one can see and do nothing: 403 names client, action, scope", async () => {
        const nobody = await wire.principal();
        const { token } = nobody;
        const list = await wire.raw("GET", "/subscriptions?api-version=2022-12-01", { token });
        deepStrictEqual(list.body.value, []);
        const answer = await wire.arm("PUT", "/resourceGroups/nope", { token, body: westEurope });
        strictEqual(answer.status, 403);
        strictEqual(codeOf(answer), "AuthorizationFailed");
        strictEqual(
            messageOf(answer),
            `The client '${nobody.appId}' with object id '${nobody.objectId}' does not have authorization to ` +
                "perform action 'Microsoft.Resources/subscriptions/resourceGroups/write' over scope " +
                `'${wire.subscription}/resourceGroups/nope' or the scope is invalid. If access was recently ` +
                "granted, please refresh your credentials.",
        );
    });

    it("a Reader of one group reads there, and there only", async () => {
        const scope = `${wire.subscription}/resourceGroups/mine`;
        const { token } = await wire.principal({ role: "Reader", scope });
        const mine = `/resourceGroups/mine/${hubsOf}/mine-hub`;
        strictEqual((await wire.arm("GET", mine, { token })).status, 200);
        strictEqual((await wire.arm("POST", `${mine}/listkeys`, { token })).status, 403);
        strictEqual((await wire.arm("DELETE", mine, { token })).status, 403);
        strictEqual(
            (await wire.arm("GET", `/resourceGroups/theirs/${hubsOf}/theirs-hub`, { token }))
                .status,
            403,
        );
        const seen = await wire.raw("GET", "/subscriptions?api-version=2022-12-01", { token });
        strictEqual((seen.body.value as unknown[]).length, 1);
    });

    it("a Contributor changes resources but assigns no roles", async () => {
        const scope = wire.subscription;
        const { token } = await wire.principal({ role: "Contributor", scope });
        const body = { location: "westeurope" };
        strictEqual((await wire.arm("PUT", "/resourceGroups/made", { token, body })).status, 201);
        const path = `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
        strictEqual((await wire.arm("PUT", path, { token, body: {} })).status, 403);
        const permissions = await wire.arm(
            "GET",
            "/providers/Microsoft.Authorization/permissions",
            {
                token,
            },
        );
        const [first] = permissions.body.value as { actions: string[]; notActions: string[] }[];
        deepStrictEqual(first.actions, ["*"]);
        strictEqual(first.notActions.includes("Microsoft.Authorization/*/Write"), true);
    });

    it("assignments: create, again, twice, unknown principal or role, list, delete", async () => {
        const { objectId } = await wire.principal();
        const scope = `/resourceGroups/mine/${hubsOf}/mine-hub`;
        const collection = `${scope}/providers/Microsoft.Authorization/roleAssignments`;
        const definitions = await wire.arm(
            "GET",
            "/providers/Microsoft.Authorization/roleDefinitions?$filter=" +
                encodeURIComponent("roleName eq 'IoT Hub Data Contributor'"),
        );
        const [definition] = definitions.body.value as { id: string; name: string }[];
        strictEqual(definition.name, "4fc6c259-987e-4a07-842e-c321cc9d413f");
        const properties = { roleDefinitionId: definition.id, principalId: objectId };
        const name = randomUUID();
        const put = (as: string, changes: object = {}): Promise<ArmAnswer> =>
            wire.arm("PUT", `${collection}/${as}`, {
                body: { properties: { ...properties, ...changes } },
            });
        const made = await put(name);
        strictEqual(made.status, 201);
        strictEqual(made.body.id, `${wire.subscription}${collection}/${name}`);
        strictEqual((await put(name)).status, 200);
        const twice = await put(randomUUID());
        strictEqual(twice.status, 409);
        strictEqual(codeOf(twice), "RoleAssignmentExists");
        const unknown = await put(randomUUID(), { principalId: randomUUID() });
        strictEqual(unknown.status, 400);
        strictEqual(codeOf(unknown), "PrincipalNotFound");
        const role = await put(randomUUID(), { roleDefinitionId: randomUUID() });
        strictEqual(codeOf(role), "RoleDefinitionDoesNotExist");

        const filter = (text: string): string =>
            `${collection}?$filter=${encodeURIComponent(text)}`;
        const own = await wire.arm("GET", filter(`principalId eq '${objectId}'`));
        strictEqual((own.body.value as unknown[]).length, 1);
        const above = await wire.arm(
            "GET",
            "/providers/Microsoft.Authorization/roleAssignments?$filter=" +
                encodeURIComponent(`atScope() and assignedTo('${objectId}')`),
        );
        deepStrictEqual(above.body.value, []);
        strictEqual((await wire.arm("DELETE", `${collection}/${name}`)).status, 200);
        strictEqual((await wire.arm("DELETE", `${collection}/${name}`)).status, 204);
        strictEqual((await wire.arm("GET", `${collection}/${name}`)).status, 404);
    });

    it("settings.rolePropagationSeconds delays a new role by the emulator's clock", async () => {
        await wire.azure.manage("PATCH", "/settings", { rolePropagationSeconds: 600 });
        const { token } = await wire.principal({ role: "Reader", scope: wire.subscription });
        strictEqual((await wire.arm("GET", "", { token })).status, 403);
        await wire.azure.manage("PUT", "/clock", { offsetSeconds: 601 });
        strictEqual((await wire.arm("GET", "", { token })).status, 200);
        await wire.azure.manage("PUT", "/clock", { offsetSeconds: 0 });
        await wire.azure.manage("PATCH", "/settings", { rolePropagationSeconds: 0 });
    });
});
