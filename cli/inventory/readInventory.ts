import { azureLogin } from "../../components/azure/login";
import { kindOf } from "../../stacks/deviceKinds/deviceKinds";
import { defaultProvisioning } from "../../stacks/deviceProvisioning";
import { Settings } from "../../stacks/settings";
import { Fleet } from "../fleet/fleet";
import { readStack, StackFileError } from "../stackFiles/planConfig";
import { AzureReader, AzureView } from "./azureView";
import { HeldCertificates, heldCertificates } from "./heldCertificates";
import { ConfiguredDevice, inventoryRows } from "./inventory";
import { InventoryRow } from "./row";

export interface InventoryOptions {
    /** Folder of Pulumi.yaml. */
    readonly folder: string;
    /** The stack of the hub. */
    readonly stack: string;
    /** Whether to query hub and service. */
    readonly asksAzure: boolean;
    readonly now: Date;
    readonly say: (line: string) => void;
    /** Receives the fleet before anything is read, so that the caller can stop it. */
    readonly onOpen: (fleet: Fleet) => void;
}

/** An environment's certificates, with the settings that they were made from. */
export interface Inventory {
    readonly stack: string;
    /** Classic host name of the hub; null: the stack was never deployed. */
    readonly hub: string | null;
    readonly settings: Settings;
    readonly rows: readonly InventoryRow[];
}

/**
 * Reads the states of a hub's stack and its fleet stacks and, unless disabled, the hub and the provisioning service.
 *
 * @throws CliError, StackFileError, ConfigurationError; AzureError that names the missing role
 */
export async function readInventory(options: InventoryOptions): Promise<Inventory> {
    const { folder, stack, asksAzure, now, say, onOpen } = options;
    const fleet = await Fleet.open({ folder, stack, refresh: false, say });
    onOpen(fleet);
    try {
        const { settings, stacks } = await fleet.read();
        const { platform } = fleet;
        const offlineRoot = settings.pki.root.certificatePem;
        const held = heldCertificates(stacks.resources, platform, offlineRoot);
        const isDeployed = held.hub !== undefined;
        const azure =
            asksAzure && isDeployed ? await view(folder, platform, settings, held, say) : undefined;
        const rows = inventoryRows({ held, configured: configured(settings), azure, now });
        return { stack: platform, hub: held.hub?.hostName ?? null, settings, rows };
    } finally {
        fleet.close();
    }
}

async function view(
    folder: string,
    stack: string,
    { dps }: Settings,
    { hub, service }: HeldCertificates,
    say: (line: string) => void,
): Promise<AzureView> {
    const { native } = readStack(folder, stack);
    const hubs = [...(hub === undefined ? [] : [hub.id]), ...(dps?.linkedHubs ?? []).map(idOf)];
    try {
        const login = azureLogin((name) => native.get(name));
        return await new AzureReader(login, say).view(hubs, service);
    } catch (error) {
        throw new StackFileError(
            `Azure cannot be read: ${(error as Error).message}\nWithout Azure: --state-only`,
        );
    }
}

function idOf({ id }: { readonly id: string }): string {
    return id;
}

function configured({ devices, groups }: Settings): ConfiguredDevice[] {
    const ways = new Map(groups.map((group) => [group.name, group.provisioning]));
    return devices.map(({ id, group, authentication }) => ({
        id,
        group,
        provisioning: ways.get(group ?? "") ?? defaultProvisioning,
        thumbprints: [...(kindOf(authentication).identity(authentication).thumbprints ?? [])],
    }));
}
