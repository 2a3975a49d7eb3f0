import { setTimeout as sleep } from "timers/promises";
import { Configuration, requireEmulator } from "../azure/configuration";
import { account } from "../azure/credentials";
import { azureTransport } from "../azure/transport";
import { officialVersion } from "../frame/standIns";
import { ArmClient } from "./armClient";
import { Connection } from "./connection";

const name = "azure-native";

/**
 * Signs in to the emulator that the environment points to.
 *
 * @param settings the provider's configuration, e.g. `location`
 * @throws Error when a call could reach anything but an emulator on this machine
 */
export async function connect(
    settings: ReadonlyMap<string, string>,
    warn: Connection["warn"],
): Promise<Connection> {
    const configuration = new Configuration(name, settings, process.env);
    requireEmulator(name, process.env, configuration.cloud);
    const { credential, subscriptionId, cloud } = await account(configuration);
    const transport = await azureTransport(
        credential,
        cloud.resourceManagerScope,
        name,
        officialVersion(name),
    );
    const client = new ArmClient(transport, {
        endpoint: cloud.resourceManager,
        wait: async (milliseconds, signal) => {
            await sleep(milliseconds, undefined, { signal });
        },
    });
    return { client, configuration, cloud, credential, subscriptionId, warn };
}
