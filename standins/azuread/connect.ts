import { Configuration, requireEmulator } from "../azure/configuration";
import { account } from "../azure/credentials";
import { claimsOf, tokenFor } from "../azure/tokens";
import { azureTransport } from "../azure/transport";
import { officialVersion } from "../frame/standIns";
import { GraphClient } from "./graphClient";
import { AzureAdProvider } from "./provider";

const name = "azuread";

/**
 * Signs in to the emulator that the environment points to.
 *
 * @param settings the provider's configuration, e.g. `tenantId`
 * @throws Error when a call could reach anything but an emulator on this machine
 */
export async function connect(settings: ReadonlyMap<string, string>): Promise<AzureAdProvider> {
    const configuration = new Configuration(name, settings, process.env);
    const { cloud } = configuration;
    requireEmulator(name, process.env, cloud);
    const { credential } = await account(configuration, { needsSubscription: false });
    const scope = `${cloud.graph}/.default`;
    const transport = await azureTransport(credential, scope, name, officialVersion(name));
    const whoAmI = async (signal: AbortSignal) =>
        claimsOf(await tokenFor(credential, scope, signal));
    return new AzureAdProvider(new GraphClient(transport, cloud.graph, whoAmI));
}
