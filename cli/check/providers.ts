import { CheckContext } from "./context";
import { error, Finding, ok, warning } from "./finding";
import { missingActions, permissionsOn } from "./permissions";

interface Provider {
    readonly registrationState?: string;
}

/** Resource providers that the settings need, except those that every subscription has. */
function namespacesOf({ settings }: CheckContext): string[] {
    const forRoutes = ["Microsoft.EventHub", "Microsoft.ManagedIdentity"];
    const forAlerts = ["Microsoft.OperationalInsights", "Microsoft.Insights"];
    const forEst = ["Microsoft.ContainerInstance", "Microsoft.ManagedIdentity"];
    return [
        ...new Set([
            "Microsoft.Devices",
            ...(settings.hub.routes.length > 0 ? forRoutes : []),
            ...(settings.alerts === undefined ? [] : forAlerts),
            ...(settings.est?.container === undefined ? [] : forEst),
        ]),
    ];
}

/** Whether the subscription is registered for these resource providers. */
export async function checkProviders(context: CheckContext): Promise<Finding[]> {
    return Promise.all(namespacesOf(context).map((namespace) => checkProvider(context, namespace)));
}

async function checkProvider({ arm }: CheckContext, namespace: string): Promise<Finding> {
    const { registrationState } = await arm.get<Provider>(
        `${arm.subscription}/providers/${namespace}`,
        "2021-04-01",
    );
    const command = `az provider register --namespace ${namespace} --wait`;
    if (registrationState === "Registered") {
        return ok(`${namespace} is registered`);
    }
    if (registrationState === "Registering") {
        return warning(
            `${namespace} is being registered`,
            `wait until it is registered: az provider show --namespace ${namespace} --query registrationState`,
        );
    }
    const lacking = missingActions(await permissionsOn(arm, arm.subscription), [
        `${namespace}/register/action`,
    ]);
    return lacking.length === 0
        ? warning(
              `${namespace} is ${registrationState}; azure-native registers it, which takes minutes`,
              command,
          )
        : error(
              `${namespace} is ${registrationState}, and this login may not register it (${lacking.join(", ")})`,
              `ask a Contributor of the subscription to run: ${command}`,
          );
}
