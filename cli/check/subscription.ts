import { CheckContext } from "./context";
import { error, Finding, ok, warning } from "./finding";

interface Subscription {
    readonly displayName?: string;
    readonly state?: string;
    readonly tenantId?: string;
}

/** Whether this login can see the subscription, in its own tenant, and whether the subscription accepts changes. */
export async function checkSubscription({ arm, identity }: CheckContext): Promise<Finding[]> {
    const found = await arm.find<Subscription>(arm.subscription, "2022-12-01");
    if (found === undefined) {
        return [
            error(
                `this login cannot see ${arm.subscription}`,
                "check ARM_SUBSCRIPTION_ID and ARM_TENANT_ID; with az: `az account list --all`, then " +
                    "`az login --tenant TENANT` and `az account set --subscription ID`",
            ),
        ];
    }
    const { displayName = "", state = "", tenantId } = found;
    if (tenantId !== undefined && tenantId !== identity.tenantId) {
        return [
            error(
                `the subscription "${displayName}" belongs to tenant ${tenantId}, but the login to ${identity.tenantId}`,
                `set ARM_TENANT_ID to ${tenantId}, or: az login --tenant ${tenantId}`,
            ),
        ];
    }
    // Azure docs: "Azure subscription states".
    switch (state) {
        case "Enabled":
            return [ok(`"${displayName}" is enabled`)];
        case "Warned":
        case "PastDue":
            return [
                warning(
                    `"${displayName}" is ${state}: it still accepts changes`,
                    "pay the open invoice, or choose another subscription",
                ),
            ];
        default:
            return [
                error(
                    `"${displayName}" is ${state}: it accepts no changes`,
                    "ask its owner to enable it (Azure docs: reactivate a disabled subscription), or choose another",
                ),
            ];
    }
}
