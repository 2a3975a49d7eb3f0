import { shellWord } from "../../../components/pki/shellWords";
import { ArmReader } from "./armReader";
import { CheckContext } from "./context";

/** What one role, or several, allow (REST reference: "Permissions - List For Resource Group"). */
export interface Permission {
    readonly actions?: readonly string[];
    readonly notActions?: readonly string[];
    readonly dataActions?: readonly string[];
    readonly notDataActions?: readonly string[];
}

/** What the login may do on a scope, by all its roles and groups. */
export function permissionsOn(arm: ArmReader, scope: string): Promise<Permission[]> {
    return arm.list(`${scope}/providers/Microsoft.Authorization/permissions`, "2022-04-01");
}

/** Of these actions, those that no role allows (Azure docs: role-based-access-control/role-definitions). */
export function missingActions(
    permissions: readonly Permission[],
    actions: readonly string[],
): string[] {
    return actions.filter(
        (action) =>
            !permissions.some(
                (one) => matches(one.actions, action) && !matches(one.notActions, action),
            ),
    );
}

/** The same of data actions. */
export function missingDataActions(
    permissions: readonly Permission[],
    actions: readonly string[],
): string[] {
    return actions.filter(
        (action) =>
            !permissions.some(
                (one) => matches(one.dataActions, action) && !matches(one.notDataActions, action),
            ),
    );
}

function matches(patterns: readonly string[] | undefined, action: string): boolean {
    return (patterns ?? []).some((pattern) => {
        const parts = pattern.split("*").map((part) => part.replace(/[.\\+?^$()[\]{}|]/g, "\\$&"));
        return new RegExp(`^${parts.join(".*")}$`, "i").test(action);
    });
}

/** The command that gives the login a role. */
export function grantCommand({ identity }: CheckContext, role: string, scope: string): string {
    return (
        `az role assignment create --role ${shellWord(role)} --assignee-object-id ${identity.objectId} ` +
        `--assignee-principal-type ${identity.type} --scope ${shellWord(scope)}`
    );
}
