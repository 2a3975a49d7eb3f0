import type { TokenCredential } from "@azure/identity";
import { azureCliAccount } from "./azureCli";
import { azureCloud, Cloud } from "./cloud";
import { azureCredential } from "./credentials";
import { isSameResourceName } from "./sameName";
import { LoginSettings, LoginWay, ReadSetting, readLoginSettings, Sourced } from "./loginSettings";

/** The login to Azure that azure-native uses with the same settings. */
export interface AzureLogin {
    readonly cloud: Cloud;
    readonly credential: TokenCredential;
    readonly way: LoginWay;
    /** Undefined if only the token tells. */
    readonly tenant: Sourced | undefined;
    readonly subscription: Sourced | undefined;
}

/** A subscription ID or name for the Azure CLI, without characters that a shell interprets. */
const subscriptionForm = /^[\w .-]+$/;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Returns the login that these settings define. Calls nothing but the Azure CLI, and that only if its login is used.
 *
 * @throws Error of one sentence that names the remedy if settings are missing, nobody is logged in, or az is logged in to a
 *     cloud or tenant other than the configured one
 */
export function azureLogin(
    setting: ReadSetting,
    environment: NodeJS.ProcessEnv = process.env,
): AzureLogin {
    const settings = readLoginSettings(setting, environment);
    const { way, tenant, subscription } = settings;
    if (way === "cli") {
        return cliLogin(settings);
    }
    const cloud = azureCloud(settings.environment);
    return {
        cloud,
        way,
        tenant,
        subscription,
        credential: azureCredential(cloud, settings, undefined),
    };
}

function cliLogin(settings: LoginSettings): AzureLogin {
    const { tenant, subscription } = settings;
    if (subscription !== undefined && !subscriptionForm.test(subscription.value)) {
        throw new Error(`${subscription.from} "${subscription.value}" is not a subscription ID`);
    }
    const account = azureCliAccount(subscription?.value);
    const cloud = azureCloud(account.environmentName);
    const wanted = settings.environment && azureCloud(settings.environment);
    if (wanted && wanted !== cloud) {
        throw new Error(
            `az is logged in to the cloud ${account.environmentName}, but azure-native:environment (or ARM_ENVIRONMENT) is ` +
                `"${settings.environment}": run \`az cloud set --name NAME\` and \`az login\`, or change the setting`,
        );
    }
    const { id, tenantId } = account;
    if (
        tenant !== undefined &&
        guid.test(tenant.value) &&
        !isSameResourceName(tenant.value, tenantId)
    ) {
        throw new Error(
            `${tenant.from} is ${tenant.value}, but az reports the subscription ${id} in the tenant ${tenantId}: delete ${tenant.from}, or ` +
                `set ARM_SUBSCRIPTION_ID to a subscription of that tenant (\`az login --tenant ${tenant.value}\` shows them)`,
        );
    }
    return {
        cloud,
        way: "cli",
        tenant: { value: tenantId, from: "the subscription" },
        subscription: { value: id, from: subscription?.from ?? "az's default" },
        credential: azureCredential(cloud, settings, id),
    };
}
