import { randomUUID } from "crypto";
import { EmulatorContext } from "../context";
import { ManagedIdentity } from "../dps/model";
import { ServicePrincipal } from "../entra/model";

/**
 * The identities that a body assigns to a service; each has a principal in the directory. A body without `identity`
 * leaves them unchanged. A user-assigned identity exists as soon as a service names it, even if it has no resource of
 * Microsoft.ManagedIdentity.
 */
export function identityOf(
    context: EmulatorContext,
    serviceName: string,
    given: unknown,
    before: ManagedIdentity | undefined,
): ManagedIdentity | undefined {
    if (given === undefined || given === null) {
        return before;
    }
    const { type, userAssignedIdentities } = given as {
        type?: unknown;
        userAssignedIdentities?: Record<string, unknown> | null;
    };
    const types = String(type ?? "None")
        .split(",")
        .map((one) => one.trim());
    const isSystem = types.includes("SystemAssigned");
    const isUser = types.includes("UserAssigned");
    if (!isSystem) {
        removeIdentity(context, before);
    }
    if (!isSystem && !isUser) {
        return undefined;
    }
    const { directory } = context;
    const own = isSystem
        ? {
              principalId: before?.principalId ?? newPrincipal(context, serviceName, []).id,
              tenantId: directory.tenantId,
          }
        : {};
    const others = Object.keys(userAssignedIdentities ?? {}).map((id) => {
        const principal = userAssignedPrincipal(context, id);
        return [id, { principalId: principal.id, clientId: principal.appId }] as const;
    });
    return {
        type:
            isSystem && isUser
                ? "SystemAssigned, UserAssigned"
                : isSystem
                  ? "SystemAssigned"
                  : "UserAssigned",
        ...own,
        ...(isUser ? { userAssignedIdentities: Object.fromEntries(others) } : {}),
    };
}

/** Deletes the system-assigned identity with its service; user-assigned identities stay. */
export function removeIdentity(
    { directory }: EmulatorContext,
    identity: ManagedIdentity | undefined,
): void {
    const principal = directory.servicePrincipal(identity?.principalId ?? "");
    if (principal !== undefined) {
        directory.removeServicePrincipal(principal);
    }
}

function userAssignedPrincipal(context: EmulatorContext, id: string): ServicePrincipal {
    const wanted = id.toLowerCase();
    const found = context.directory
        .servicePrincipals()
        .find(({ properties: { alternativeNames } }) =>
            ((alternativeNames ?? []) as string[]).some((name) => name.toLowerCase() === wanted),
        );
    return found ?? newPrincipal(context, id.split("/").pop() ?? id, ["isExplicit=True", id]);
}

function newPrincipal(
    { clock, directory }: EmulatorContext,
    displayName: string,
    alternativeNames: readonly string[],
): ServicePrincipal {
    const principal = directory.addServicePrincipal(randomUUID(), clock.date().toISOString());
    principal.properties = {
        displayName,
        servicePrincipalType: "ManagedIdentity",
        alternativeNames,
    };
    return principal;
}
