import type { AzureLogin } from "../components/azure/login";
import { Sourced, wayNames } from "../components/azure/loginSettings";

/** E.g. `Azure: login by a client secret as OBJECT, tenant T (ARM_TENANT_ID), subscription S (ARM_SUBSCRIPTION_ID)`. */
export function loginLine(
    { cloud, way, tenant, subscription }: AzureLogin,
    native: { objectId: string; tenantId: string; subscriptionId: string },
): string {
    return (
        `Azure${cloud.name === "public" ? "" : ` (${cloud.name})`}: login by ${wayNames[way]} as ${native.objectId}, ` +
        `tenant ${native.tenantId} (${from(tenant)}), subscription ${native.subscriptionId} (${from(subscription)})`
    );
}

/** Whether a line of a run's output is a {@link loginLine}. */
export function isLoginLine(text: string): boolean {
    return /^Azure( \(\w+\))?: login by /.test(text);
}

function from(value: Sourced | undefined): string {
    return value?.from ?? "from the login";
}
