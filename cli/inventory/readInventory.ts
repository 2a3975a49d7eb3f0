import { azureLogin } from "../../components/azure/login";
import { kindOf } from "../../stacks/deviceKinds/deviceKinds";
import { defaultProvisioning } from "../../stacks/deviceProvisioning";
import { Settings } from "../../stacks/settings";
import { Fleet } from "../fleet/fleet";
import { HeldResource } from "../diff/heldFleet";
import { readCommand } from "../readCommand";
import { chosenStack, StackFileError } from "../stackFiles/planConfig";
import { AzureReader, AzureView } from "./azureView";
import { HeldCertificates, heldCertificates } from "./heldCertificates";
import { inventoryRows } from "./inventory";
import { readIssued } from "./issuedFile";
import { ConfiguredDevice } from "./known";
import { InventoryRow } from "./row";

/** Arguments that the commands have in common. */
export interface InventoryArguments {
    /** The stack of the hub. Default: the selected one, else `dev`. */
    readonly stack?: string;
    /** Whether neither hub nor service is queried. */
    readonly "state-only": boolean;
    /** Audit logs of the EST service. Default: none. */
    readonly issued?: readonly string[];
}

/** An environment's certificates, with the settings that they were made from. */
export interface Inventory {
    readonly stack: string;
    /** Classic host name of the hub; null: the stack was never deployed. */
    readonly hub: string | null;
    readonly settings: Settings;
    readonly rows: readonly InventoryRow[];
}

/** What the files, states and services of an environment say. */
export interface Holdings {
    readonly stack: string;
    readonly settings: Settings;
    /** Of the hub's stack and its fleet stacks. */
    readonly resources: readonly HeldResource[];
    readonly held: HeldCertificates;
    /** Undefined: Azure was not asked, or the stack was never deployed. */
    readonly azure: AzureView | undefined;
}

/** An environment's certificates; see {@link readHoldings}. */
export async function readInventory(args: InventoryArguments, now: Date): Promise<Inventory> {
    return inventoryOf(await readHoldings(args), args.issued ?? [], now);
}

/**
 * The certificates among what was read, as they are at a time.
 *
 * @param logs audit logs of the EST service
 * @throws StackFileError that names file and line of a log
 */
export function inventoryOf(
    { stack, settings, held, azure }: Holdings,
    logs: readonly string[],
    now: Date,
): Inventory {
    const issued = readIssued(logs);
    const rows = inventoryRows({ held, configured: configured(settings), azure, issued, now });
    return { stack, hub: held.hub?.hostName ?? null, settings, rows };
}

/**
 * Reads the states of a hub's stack and its fleet stacks and, unless disabled, the hub and the provisioning service. The
 * project is in the working directory; progress goes to standard error.
 *
 * @param onOpen called before anything is read; default: the process ends on signals as a command does
 * @throws CliError, StackFileError, ConfigurationError; AzureError that names the missing role
 */
export async function readHoldings(
    { stack: asked, "state-only": isStateOnly }: InventoryArguments,
    onOpen: (fleet: Fleet) => void = readCommand.endsOnSignals,
): Promise<Holdings> {
    const folder = process.cwd();
    const stack = asked ?? chosenStack(folder, undefined).stack;
    const say = (line: string) => console.error(line);
    const fleet = await Fleet.open({
        folder,
        stack,
        refresh: false,
        say,
        // A device's own file that has expired must not hide what else does.
        onUnusableFile: (_, { path, value, rule }) => say(`${path}: ${value} — ${rule}`),
    });
    onOpen(fleet);
    try {
        const { settings, native, stacks } = await fleet.read();
        const { platform } = fleet;
        const offlineRoot = settings.pki.root.certificatePem;
        const held = heldCertificates(stacks.resources, platform, offlineRoot);
        const isDeployed = held.hub !== undefined;
        const azure =
            isDeployed && !isStateOnly ? await view(native, settings, held, say) : undefined;
        return { stack: platform, settings, resources: stacks.resources, held, azure };
    } finally {
        fleet.close();
    }
}

async function view(
    native: ReadonlyMap<string, string>,
    { dps }: Settings,
    { hub, service }: HeldCertificates,
    say: (line: string) => void,
): Promise<AzureView> {
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
