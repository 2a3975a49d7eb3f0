import type { TokenCredential } from "@azure/identity";
import type { ConfigureRequest } from "@pulumi/pulumi/dynamic";
import { rememberSettings } from "../dynamic/stackSettings";
import { AzureClient } from "./client";
import { Cloud } from "./cloud";
import { azureLogin } from "./login";

/** The Azure clients of a dynamic provider, set by its `configure` and used by its other methods. */
export interface AzureClients {
    readonly cloud: Cloud;
    readonly credential: TokenCredential;
    /** Control plane. */
    readonly arm: AzureClient;
    /** Data plane of hubs. */
    readonly iot: AzureClient;
    /** Data plane of provisioning services. */
    readonly dps: AzureClient;
    /** How long to wait for a data-plane role to take effect. */
    readonly roleWaitSeconds: number;
}

/** Seconds. Azure's upper bound for a role assignment to take effect (docs: role-based-access-control/troubleshooting). */
const defaultRoleWait = 600;

let clients: AzureClients | Error | undefined;

/**
 * Call this in every provider's `configure`; the first call in a process decides.
 *
 * @throws Error of one sentence if the settings do not define a login
 */
export function configureAzure(request: ConfigureRequest): void {
    rememberSettings(request);
    clients ??= open(request);
    azure();
}

function open(request: ConfigureRequest): AzureClients | Error {
    try {
        const { cloud, credential } = azureLogin((name) =>
            request.config.get(`azure-native:${name}`),
        );
        return {
            cloud,
            credential,
            arm: new AzureClient(credential, cloud.armScope),
            iot: new AzureClient(credential, cloud.iotScope),
            dps: new AzureClient(credential, cloud.dpsScope),
            roleWaitSeconds: roleWaitSeconds(request),
        };
    } catch (error) {
        return new Error(`sign-in to Azure: ${(error as Error).message}`);
    }
}

function roleWaitSeconds(request: ConfigureRequest): number {
    const hub = request.config.get("hub");
    const settings = hub === undefined ? {} : (JSON.parse(hub) as { roleWaitSeconds?: number });
    return settings.roleWaitSeconds ?? defaultRoleWait;
}

/** @throws Error if no provider was configured in this process, or there is no login. */
export function azure(): AzureClients {
    if (clients instanceof Error) {
        throw clients;
    }
    if (clients === undefined) {
        throw new Error("the provider was used before Configure");
    }
    return clients;
}
