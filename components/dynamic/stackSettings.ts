import type { ConfigureRequest } from "@pulumi/pulumi/dynamic";

let config: ConfigureRequest["config"] | undefined;

/** To be called by the `configure` of every provider that asks for settings. */
export function rememberSettings(request: ConfigureRequest): void {
    config = request.config;
}

/** A setting of this program, as today's stack configuration has it; undefined when unset. */
export function setting(name: string): string | undefined {
    return config?.get(name);
}

/**
 * Once devices are spread over fleet stacks, the hub's stack declares none, and those that it still holds would be
 * deleted, their keys with them.
 *
 * @throws Error in the stack of the hub when there are fleet stacks
 */
export function refuseToDropMoved(what: string): void {
    if (setting("shards") !== undefined && setting("shard") === undefined) {
        throw new Error(
            `${what} is still in the stack of its hub, and iot-x509:shards is set: "npm run fleet -- up" moves it to ` +
                `its fleet stack. It was not deleted. (To delete it: pulumi config rm iot-x509:shards)`,
        );
    }
}
