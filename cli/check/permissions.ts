import { shellWord } from "../../components/text/shellWords";
import { ArmReader } from "./armReader";
import { CheckContext } from "./context";

/** What one or several roles allow (REST reference: "Permissions - List For Resource Group"). */
export interface Permission {
    readonly actions?: readonly string[];
    readonly notActions?: readonly string[];
    readonly dataActions?: readonly string[];
    readonly notDataActions?: readonly string[];
}

/** What the login may do on a scope through all its roles and groups. */
export function permissionsOn(arm: ArmReader, scope: string): Promise<Permission[]> {
    return arm.list(`${scope}/providers/Microsoft.Authorization/permissions`, "2022-04-01");
}

/** The actions that no role allows (Azure docs: role-based-access-control/role-definitions). */
export function missingActions(
    permissions: readonly Permission[],
    wanted: readonly string[],
): string[] {
    return withoutRole(
        wanted,
        permissions.map(({ actions, notActions }) => [actions, notActions]),
    );
}

/** The data actions that no role allows. */
export function missingDataActions(
    permissions: readonly Permission[],
    wanted: readonly string[],
): string[] {
    return withoutRole(
        wanted,
        permissions.map(({ dataActions, notDataActions }) => [dataActions, notDataActions]),
    );
}

type Patterns = readonly string[] | undefined;

function withoutRole(
    actions: readonly string[],
    roles: readonly (readonly [allowed: Patterns, excepted: Patterns])[],
): string[] {
    return actions.filter(
        (action) =>
            !roles.some(
                ([allowed, excepted]) => matches(allowed, action) && !matches(excepted, action),
            ),
    );
}

function matches(patterns: Patterns, action: string): boolean {
    return (patterns ?? []).some((pattern) => {
        const parts = pattern.split("*").map((part) => part.replace(/[.\\+?^$()[\]{}|]/g, "\\$&"));
        return new RegExp(`^${parts.join(".*")}$`, "i").test(action);
    });
}

/** The command that assigns a role to the login. */
export function grantCommand({ identity }: CheckContext, role: string, scope: string): string {
    return (
        `az role assignment create --role ${shellWord(role)} --assignee-object-id ${identity.objectId} ` +
        `--assignee-principal-type ${identity.type} --scope ${shellWord(scope)}`
    );
}
