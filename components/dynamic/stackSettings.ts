import type { ConfigureRequest } from "@pulumi/pulumi/dynamic";
import { rateLimitServerVariable } from "./runVariables";

/** Environment variable, set while `npm run fleet -- destroy` destroys all stacks. */
export const destroyVariable = "IOT_X509_DESTROY";

let config: ConfigureRequest["config"] | undefined;

/** To be called by the `configure` of every provider that reads settings. */
export function rememberSettings(request: ConfigureRequest): void {
    config = request.config;
}

/** A setting of this program, from the current stack configuration; undefined when unset. */
export function setting(name: string): string | undefined {
    return config?.get(name);
}

/**
 * Once devices are spread over fleet stacks, the hub's stack declares none, and those that it still holds would be deleted
 * together with their keys. And what a fleet stack holds may have moved elsewhere, which only `npm run fleet` knows. (A
 * destroy runs without the program; the settings are then those of the last run.)
 *
 * @throws Error in the hub's stack when there are fleet stacks, and in a fleet stack that is deployed by itself
 */
export function refuseToDropMoved(what: string): void {
    const isMoved = setting("shards") !== undefined && setting("shard") === undefined;
    if (isMoved && process.env[destroyVariable] === undefined) {
        throw new Error(
            `${what} is still in the hub's stack, but iot-x509:shards is set: "npm run fleet -- up" moves it to ` +
                `its fleet stack. It was not deleted.`,
        );
    }
    if (setting("shard") !== undefined && process.env[rateLimitServerVariable] === undefined) {
        throw new Error(
            `${what} is in a fleet stack, which is destroyed together with its hub: run "npm run fleet -- destroy". It was not deleted.`,
        );
    }
}

let isProgramRun = false;

/** To be called by every `check`: the engine calls it for what the program declares, so not in a destroy. */
export function noteProgram(): void {
    isProgramRun = true;
}

/**
 * What `protect` protects is deleted last in a destroy, because everything else depends on it: the engine refuses only when
 * the devices and CAs are already gone (`pulumi destroy --skip-preview`). What the configuration drops is deleted.
 *
 * @throws Error in a destroy of a stack with `protect`
 */
export function refuseToDestroyProtected(what: string): void {
    if (!isProgramRun && setting("protect") === "true") {
        throw new Error(
            `${what} is protected by iot-x509:protect; nothing was deleted. To destroy the stack, ` +
                `first run "pulumi config set iot-x509:protect false" and "pulumi up".`,
        );
    }
}

/** Whether a program ran: in a destroy none does. */
export function isDeclared(): boolean {
    return isProgramRun;
}

const configured = new Set<string>();
const configuredInAnyCase = new Set<string>();

/** To be called by a `check` for each device of the configuration, wherever its identity comes from. */
export function noteDevice(deviceId: string): void {
    configured.add(deviceId);
    configuredInAnyCase.add(deviceId.toLowerCase());
}

/** Whether a program ran and no longer has the device: in a destroy nothing leaves the configuration. */
export function wasDropped(deviceId: string): boolean {
    return isProgramRun && !configured.has(deviceId);
}

/** Whether this run's configuration has a device, as far as {@link noteDevice} knows. */
export function isConfigured(deviceId: string): boolean {
    return configured.has(deviceId);
}

/** As {@link isConfigured}, for an ID as a provisioning service has it, which ignores case. */
export function isConfiguredInAnyCase(deviceId: string): boolean {
    return configuredInAnyCase.has(deviceId.toLowerCase());
}
