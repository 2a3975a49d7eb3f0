import type { ConfigureRequest } from "@pulumi/pulumi/dynamic";

/** Set while `npm run fleet -- destroy` takes down all stacks; an environment variable. */
export const destroyVariable = "IOT_X509_DESTROY";

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
    const isMoved = setting("shards") !== undefined && setting("shard") === undefined;
    if (isMoved && process.env[destroyVariable] === undefined) {
        throw new Error(
            `${what} is still in the stack of its hub, and iot-x509:shards is set: "npm run fleet -- up" moves it to ` +
                `its fleet stack. It was not deleted.`,
        );
    }
}
