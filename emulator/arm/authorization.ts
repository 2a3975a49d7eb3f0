import { EmulatorContext } from "../context";
import { HttpReply, jsonBody } from "../core/http";
import { covers, RoleAssignment } from "../roles/access";
import { armFailure, malformedContent } from "./errors";
import { existingGroup } from "./resourceGroups";
import { builtInRoles, RoleDefinition } from "../roles/roles";
import { ArmRequest, authorize } from "./routes";
import { ArmStore } from "./store";

const provider = "Microsoft.Authorization";

/**
 * Microsoft.Authorization at any scope: role definitions, role assignments, the caller's permissions
 * (azure-rest-api-specs authorization-RoleAssignmentsCalls.json 2022-04-01).
 */
export class AuthorizationApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {}

    /** Returns undefined when the path belongs to another provider. */
    handle(request: ArmRequest, path: string): HttpReply | undefined {
        const match =
            /^(.*)\/providers\/Microsoft\.Authorization\/(roleDefinitions|roleAssignments|permissions)(?:\/([^/]+))?$/i.exec(
                path,
            );
        if (match === null) {
            return undefined;
        }
        const [, scope, kind, name] = match;
        const group = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)/i.exec(scope)?.[1];
        const route = `${request.method} ${kind.toLowerCase()}${name === undefined ? "" : "/name"}`;
        const allowed = (action: string): void => {
            authorize(this.context.access, request, `${provider}/${action}`, scope || "/");
            if (group !== undefined) {
                existingGroup(this.store, group);
            }
        };
        switch (route) {
            case "GET permissions":
                allowed("permissions/read");
                return this.permissions(request, scope);
            case "GET roledefinitions":
                allowed("roleDefinitions/read");
                return this.definitions(request, scope);
            case "GET roledefinitions/name":
                allowed("roleDefinitions/read");
                return { status: 200, body: definitionView(requireRole(name), scope) };
            case "GET roleassignments":
                allowed("roleAssignments/read");
                return this.list(request, scope);
            case "GET roleassignments/name":
                allowed("roleAssignments/read");
                return { status: 200, body: this.view(this.existing(scope, name)) };
            case "PUT roleassignments/name":
                allowed("roleAssignments/write");
                return this.put(request, scope, name);
            case "DELETE roleassignments/name":
                allowed("roleAssignments/delete");
                return this.delete(scope, name);
            default:
                return undefined;
        }
    }

    private permissions(request: ArmRequest, scope: string): HttpReply {
        const value = this.context.access.rolesOf(request.principal, scope).map(permissionsOf);
        return { status: 200, body: { value } };
    }

    private definitions(request: ArmRequest, scope: string): HttpReply {
        const filter = request.url.searchParams.get("$filter") ?? "";
        const name = /roleName eq '((?:[^']|'')*)'/i.exec(filter)?.[1].replace(/''/g, "'");
        const type = /(?:^|\s)type eq '([^']*)'/i.exec(filter)?.[1];
        const value = builtInRoles
            .filter(
                ({ roleName }) =>
                    name === undefined || roleName.toLowerCase() === name.toLowerCase(),
            )
            .filter(() => type === undefined || type.toLowerCase() === "builtinrole")
            .map((role) => definitionView(role, scope));
        return { status: 200, body: { value } };
    }

    /** Lists assignments at the scope, above it and (without `atScope()`) below it, as Azure does. */
    private list(request: ArmRequest, scope: string): HttpReply {
        const filter = request.url.searchParams.get("$filter") ?? "";
        const principal = /(?:principalId eq|assignedTo\()\s*'([^']*)'/i.exec(filter)?.[1];
        const withBelow = !/atScope\(\)/i.test(filter);
        const value = this.context.access
            .list()
            .filter((one) => covers(one.scope, scope) || (withBelow && covers(scope, one.scope)))
            .filter((one) => principal === undefined || one.principalId === principal.toLowerCase())
            .map((one) => this.view(one));
        return { status: 200, body: { value } };
    }

    private put(request: ArmRequest, scope: string, name: string): HttpReply {
        const { access, directory } = this.context;
        const body = jsonBody(request, malformedContent);
        const properties = (body.properties ?? {}) as Record<string, unknown>;
        const principalId = String(properties.principalId ?? "").toLowerCase();
        const role = requireRole(String(properties.roleDefinitionId ?? ""));
        if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) {
            throw armFailure(
                400,
                "InvalidRoleAssignmentId",
                `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
            );
        }
        if (directory.servicePrincipal(principalId) === undefined) {
            throw armFailure(
                400,
                "PrincipalNotFound",
                `Principal ${principalId.replace(/-/g, "")} does not exist in the directory ` +
                    `${directory.tenantId}. Check that you have the correct principal ID. If you are creating ` +
                    "this principal and then immediately assigning a role, this error might be related to a " +
                    "replication delay. In this case, set the role assignment principalType property to a " +
                    "value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
            );
        }
        const same = access
            .list()
            .find(
                (one) =>
                    one.principalId === principalId &&
                    one.role === role.name &&
                    covers(one.scope, scope) &&
                    covers(scope, one.scope),
            );
        if (same !== undefined && same.name === name.toLowerCase()) {
            return { status: 200, body: this.view(same) };
        }
        if (same !== undefined) {
            throw armFailure(
                409,
                "RoleAssignmentExists",
                `The role assignment already exists. The ID of the existing role assignment is ` +
                    `${same.name.replace(/-/g, "")}.`,
            );
        }
        if (access.list().some((one) => one.name === name.toLowerCase())) {
            throw armFailure(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            );
        }
        const assignment = access.assign({
            name: name.toLowerCase(),
            principalId,
            principalType: properties.principalType as string | undefined,
            roleDefinitionId: role.name,
            scope,
            description: properties.description as string | undefined,
            createdBy: request.principal.objectId,
        });
        return { status: 201, body: this.view(assignment) };
    }

    private delete(scope: string, name: string): HttpReply {
        const assignment = this.find(scope, name);
        if (assignment === undefined) {
            return { status: 204 };
        }
        this.context.access.remove(assignment);
        return { status: 200, body: this.view(assignment) };
    }

    private find(scope: string, name: string): RoleAssignment | undefined {
        return this.context.access
            .list()
            .find(
                (one) =>
                    one.name === name.toLowerCase() &&
                    covers(one.scope, scope) &&
                    covers(scope, one.scope),
            );
    }

    private existing(scope: string, name: string): RoleAssignment {
        const assignment = this.find(scope, name);
        if (assignment === undefined) {
            throw armFailure(
                404,
                "RoleAssignmentNotFound",
                `The role assignment '${name.replace(/-/g, "")}' is not found.`,
            );
        }
        return assignment;
    }

    private view(assignment: RoleAssignment): object {
        const { name, principalId, principalType, role, scope } = assignment;
        const { description, createdOn, createdBy } = assignment;
        return {
            properties: {
                roleDefinitionId: definitionId(role, `/subscriptions/${this.store.subscriptionId}`),
                principalId,
                principalType,
                scope: scope === "" ? "/" : scope,
                condition: null,
                conditionVersion: null,
                createdOn,
                updatedOn: createdOn,
                createdBy,
                updatedBy: createdBy,
                delegatedManagedIdentityResourceId: null,
                description,
            },
            id: `${scope}/providers/${provider}/roleAssignments/${name}`,
            type: `${provider}/roleAssignments`,
            name,
        };
    }
}

/** Only the GUID matters: clients send it under any scope. */
function requireRole(id: string): RoleDefinition {
    const guid = id.split("/").pop() as string;
    const role = builtInRoles.find(({ name }) => name === guid.toLowerCase());
    if (role === undefined) {
        throw armFailure(
            404,
            "RoleDefinitionDoesNotExist",
            `The specified role definition with ID '${guid.replace(/-/g, "")}' does not exist.`,
        );
    }
    return role;
}

function definitionId(role: string, scope: string): string {
    const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
    return `${subscription}/providers/${provider}/roleDefinitions/${role}`;
}

function permissionsOf({ actions, notActions, dataActions }: RoleDefinition): object {
    return { actions, notActions, dataActions, notDataActions: [] };
}

function definitionView(role: RoleDefinition, scope: string): object {
    return {
        properties: {
            roleName: role.roleName,
            type: "BuiltInRole",
            description: role.description,
            assignableScopes: ["/"],
            permissions: [permissionsOf(role)],
            createdOn: "2015-02-02T21:55:09.8806423Z",
            updatedOn: "2021-11-11T20:13:07.7911765Z",
            createdBy: null,
            updatedBy: null,
        },
        id: definitionId(role.name, scope),
        type: `${provider}/roleDefinitions`,
        name: role.name,
    };
}
