import { readFileSync } from "fs";
import { join } from "path";
import { setTimeout as sleep } from "timers/promises";
import { ArmClient } from "./armClient";
import { azureTransport } from "./azureTransport";
import { Configuration, requireEmulator, settingsFrom } from "./configuration";
import { account } from "./credentials";
import { Connection } from "./provider";
import type { Configured } from "./service";

/** The official provider whose behaviour this one has. */
export const version = officialVersion();

function officialVersion(): string {
    const file = join(__dirname, "..", "..", "package.json");
    const manifest = JSON.parse(readFileSync(file, "utf8")) as {
        dependencies: Record<string, string>;
    };
    return manifest.dependencies["@pulumi/azure-native"];
}

/**
 * Signs in to the emulator that the environment points to.
 *
 * @param variables the provider's configuration, e.g. `azure-native:config:location`
 * @throws Error when a call could end anywhere but at an emulator on this machine
 */
export async function connect(
    variables: Iterable<[string, string]>,
    warn: Connection["warn"],
): Promise<Configured> {
    const configuration = new Configuration(settingsFrom(variables), process.env);
    const { cloud } = configuration;
    requireEmulator(process.env, cloud);
    const { credential, subscriptionId } = await account(configuration);
    const transport = await azureTransport(credential, cloud.resourceManagerScope, version);
    const client = new ArmClient(transport, {
        endpoint: cloud.resourceManager,
        wait: async (milliseconds, signal) => {
            await sleep(milliseconds, undefined, { signal });
        },
    });
    return { connection: { client, configuration, subscriptionId, warn }, credential };
}
