import { CheckContext } from "./context";
import { error, Finding, ok } from "./finding";
import { grantCommand, missingActions, permissionsOn } from "./permissions";

const groupActions = [
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Resources/subscriptions/resourceGroups/write",
    "Microsoft.Resources/subscriptions/resourceGroups/delete",
];

/** For hub and provisioning service (Azure docs: role-based-access-control/permissions/internet-of-things). */
const certificateActions = [
    "read",
    "write",
    "delete",
    "generateVerificationCode/action",
    "verify/action",
];

const routeActions = [
    "Microsoft.EventHub/namespaces",
    "Microsoft.EventHub/namespaces/eventhubs",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
].flatMap((type) => ["read", "write", "delete"].map((action) => `${type}/${action}`));

const alertActions = [
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Insights/actionGroups",
    "Microsoft.Insights/scheduledQueryRules",
].flatMap((type) => ["read", "write", "delete"].map((action) => `${type}/${action}`));

/** The actions that the program needs on a service and its CA certificates. */
function actionsOn(type: string, own: readonly string[]): string[] {
    return [...own, ...certificateActions.map((action) => `certificates/${action}`)].map(
        (action) => `Microsoft.Devices/${type}/${action}`,
    );
}

/** Whether the login may create what the settings declare, and grant the roles that they require. */
export async function checkRoles(context: CheckContext): Promise<Finding[]> {
    const { arm, settings } = context;
    const present = await context.group();
    const scope = present ?? arm.subscription;
    const permissions = await permissionsOn(arm, scope);
    const { dps, resourceGroup: kind, ci, hub } = settings;
    const needed = [
        ...(kind === "create" ? groupActions : groupActions.slice(0, 1)),
        ...actionsOn("IotHubs", ["read", "write", "delete", "listkeys/action"]),
        ...(dps === undefined
            ? []
            : actionsOn("provisioningServices", ["read", "write", "delete", "listkeys/action"])),
        ...(hub.routes.length === 0 ? [] : routeActions),
        ...(settings.alerts === undefined ? [] : alertActions),
    ];
    const lacking = missingActions(permissions, needed);
    const findings = [
        lacking.length === 0
            ? ok(`this login may create and delete what the stack declares on ${scope}`)
            : error(
                  `this login may not ${lacking.join(", ")} on ${scope}`,
                  grantCommand(context, "Contributor", scope),
              ),
    ];
    if (hub.dataRole === "existing" && ci === undefined && hub.routes.length === 0) {
        return findings;
    }
    const granting = ["write", "delete"].map(
        (action) => `Microsoft.Authorization/roleAssignments/${action}`,
    );
    const ungranted = missingActions(permissions, granting);
    const needs = [
        ...(ci === undefined ? [] : ["iot-x509:ci"]),
        ...(hub.routes.length === 0 ? [] : ["iot-x509:hub.routes"]),
    ];
    const why = needs.length === 0 ? "iot-x509:hub.dataRole is assign" : `${needs[0]} needs it`;
    const instead =
        needs.length === 0
            ? ", or have somebody else grant the data roles, and set iot-x509:hub.dataRole to existing"
            : "";
    findings.push(
        ungranted.length === 0
            ? ok(`this login may grant roles on ${scope}`)
            : error(
                  `this login may not grant roles on ${scope} (${ungranted.join(", ")}), and ${why}`,
                  `${grantCommand(context, "Role Based Access Control Administrator", scope)}${instead}`,
              ),
    );
    return findings;
}
