import type { ConfigureRequest } from "@pulumi/pulumi/dynamic";
import { rememberSettings } from "../dynamic/stackSettings";
import { AzureClient } from "./client";
import { azureCloud, Cloud } from "./cloud";
import { azureCredential } from "./credentials";

/** How a dynamic provider reaches Azure: set by its `configure`, used by its other methods. */
export interface AzureAccess {
    readonly cloud: Cloud;
    /** Control plane. */
    readonly arm: AzureClient;
    /** Data plane of hubs. */
    readonly iot: AzureClient;
    /** Data plane of provisioning services. */
    readonly dps: AzureClient;
    /** How long to wait for a data-plane role to take effect. */
    readonly roleWaitSeconds: number;
}

/** Azure's own bound for a role assignment to take effect (docs: role-based-access-control/troubleshooting), seconds. */
const defaultRoleWait = 600;

let access: AzureAccess | undefined;

/** To be called by every provider's `configure`; the first call of a process decides. */
export function configureAzure(request: ConfigureRequest): void {
    rememberSettings(request);
    if (access !== undefined) {
        return;
    }
    const native = (name: string): string | undefined => request.config.get(`azure-native:${name}`);
    const cloud = azureCloud(native("environment") ?? process.env.ARM_ENVIRONMENT);
    const credential = azureCredential(cloud, native);
    access = {
        cloud,
        arm: new AzureClient(credential, cloud.armScope),
        iot: new AzureClient(credential, cloud.iotScope),
        dps: new AzureClient(credential, cloud.dpsScope),
        roleWaitSeconds: roleWaitSeconds(request),
    };
}

function roleWaitSeconds(request: ConfigureRequest): number {
    const hub = request.config.get("hub");
    const settings = hub === undefined ? {} : (JSON.parse(hub) as { roleWaitSeconds?: number });
    return settings.roleWaitSeconds ?? defaultRoleWait;
}

/** @throws Error when no provider was configured in this process. */
export function azure(): AzureAccess {
    if (access === undefined) {
        throw new Error("the provider was used before it was configured");
    }
    return access;
}
