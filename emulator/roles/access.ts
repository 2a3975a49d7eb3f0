import { randomUUID } from "crypto";
import { Clock } from "../core/clock";
import { Settings } from "../core/settings";
import { Principal } from "../entra/principal";
import { findRole, RoleDefinition } from "./roles";

export interface RoleAssignment {
    /** GUID. */
    readonly name: string;
    readonly principalId: string;
    readonly principalType: string;
    /** GUID of the role. */
    readonly role: string;
    /** ARM ID of the scope, which includes everything below it; no trailing slash. */
    readonly scope: string;
    readonly description: string | null;
    /** ISO time. */
    readonly createdOn: string;
    /** Object ID of the creator; null for assignments that exist from the start. */
    readonly createdBy: string | null;
}

export interface NewRoleAssignment {
    readonly principalId: string;
    /** GUID or full ID of the role. */
    readonly roleDefinitionId: string;
    readonly scope: string;
    /** GUID; by default a new one. */
    readonly name?: string;
    readonly principalType?: string;
    readonly description?: string | null;
    readonly createdBy?: string;
}

export interface AccessSnapshot {
    readonly assignments: readonly RoleAssignment[];
}

/** Role assignments, and what they permit (Azure docs: role-based-access-control/overview). */
export class Access {
    private assignments: RoleAssignment[] = [];

    constructor(
        private readonly clock: Clock,
        private readonly settings: Settings,
    ) {}

    /** @throws Error when the role does not exist */
    assign(wanted: NewRoleAssignment): RoleAssignment {
        const role = findRole(wanted.roleDefinitionId);
        if (role === undefined) {
            throw new Error(`there is no role "${wanted.roleDefinitionId}"`);
        }
        const assignment: RoleAssignment = {
            name: wanted.name ?? randomUUID(),
            principalId: wanted.principalId,
            principalType: wanted.principalType ?? "ServicePrincipal",
            role: role.name,
            scope: wanted.scope.replace(/\/+$/, ""),
            description: wanted.description ?? null,
            createdOn: this.clock.date().toISOString(),
            createdBy: wanted.createdBy ?? null,
        };
        this.assignments.push(assignment);
        return assignment;
    }

    /** @throws Error when no built-in role has this name */
    assignByName(principalId: string, roleName: string, scope: string): RoleAssignment {
        return this.assign({ principalId, roleDefinitionId: roleName, scope });
    }

    remove(assignment: RoleAssignment): void {
        this.assignments = this.assignments.filter((one) => one !== assignment);
    }

    /** Removes assignments on a deleted resource and below it. */
    removeAllWithin(scope: string): void {
        this.assignments = this.assignments.filter((one) => !covers(scope, one.scope));
    }

    list(): readonly RoleAssignment[] {
        return this.assignments;
    }

    /** Whether a control-plane action is permitted on a scope. */
    isAllowed(principal: Principal, action: string, scope: string): boolean {
        return this.rolesOf(principal, scope).some(
            (role) => permits(role.actions, action) && !permits(role.notActions, action),
        );
    }

    /** Whether a data-plane action is permitted on a scope. */
    isDataAllowed(principal: Principal, dataAction: string, scope: string): boolean {
        return this.rolesOf(principal, scope).some((role) => permits(role.dataActions, dataAction));
    }

    /** The roles in effect for this principal on this scope. */
    rolesOf(principal: Principal, scope: string): RoleDefinition[] {
        return this.assignments
            .filter(
                (one) =>
                    one.principalId === principal.objectId &&
                    covers(one.scope, scope) &&
                    this.hasPropagated(one),
            )
            .map((one) => findRole(one.role) as RoleDefinition);
    }

    /** Whether the principal holds any role on the scope, above it or below it. */
    sees(principal: Principal, scope: string): boolean {
        return this.assignments.some(
            (one) =>
                one.principalId === principal.objectId &&
                (covers(one.scope, scope) || covers(scope, one.scope)),
        );
    }

    snapshot(): AccessSnapshot {
        return { assignments: this.assignments };
    }

    restore(snapshot: AccessSnapshot): void {
        this.assignments = [...snapshot.assignments];
    }

    reset(): void {
        this.assignments = [];
    }

    private hasPropagated(assignment: RoleAssignment): boolean {
        const delay = this.settings.rolePropagationSeconds * 1000;
        return delay === 0 || Date.parse(assignment.createdOn) + delay <= this.clock.now();
    }
}

/** Whether `inner` is `outer` or is below it; ARM IDs are case-insensitive. */
export function covers(outer: string, inner: string): boolean {
    const [above, below] = [outer, inner].map((scope) => scope.replace(/\/+$/, "").toLowerCase());
    return below === above || below.startsWith(above + "/");
}

function permits(patterns: readonly string[], action: string): boolean {
    return patterns.some((pattern) => {
        const parts = pattern.split("*").map((text) => text.replace(/[.\\+?^$()[\]{}|]/g, "\\$&"));
        return new RegExp(`^${parts.join(".*")}$`, "i").test(action);
    });
}
