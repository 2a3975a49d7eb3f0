import { promises as fs } from "fs";
import { AccessSnapshot } from "./roles/access";
import { ArmSnapshot } from "./arm/store";
import { replaceFile } from "./core/replaceFile";
import { ProvisioningServicesSnapshot } from "./dps/services";
import { DirectorySnapshot } from "./entra/directory";
import { ManagedIdentitiesSnapshot } from "./entra/managedIdentities";
import { TokensSnapshot } from "./entra/tokens";
import { NamespacesSnapshot } from "./eventHubs/namespaces";
import { AuthoritySnapshot } from "./frontend/authority";
import { HubsSnapshot } from "./hub/hubs";
import { MonitoringSnapshot } from "./monitoring/monitoringResources";

/** A service principal with its secret: what a client logs in with. */
export interface Credentials {
    readonly tenantId: string;
    readonly subscriptionId: string;
    readonly clientId: string;
    readonly clientSecret: string;
}

/** The content of a state file: everything that the emulator keeps across a restart, including its private keys. */
export interface Snapshot {
    readonly version: 1;
    readonly authority: AuthoritySnapshot;
    readonly directory: DirectorySnapshot;
    readonly tokens: TokensSnapshot;
    readonly arm: ArmSnapshot;
    readonly access: AccessSnapshot;
    readonly hubs: HubsSnapshot;
    readonly provisioning: ProvisioningServicesSnapshot;
    /** Absent in files of emulators without Event Hubs. */
    readonly eventHubs?: NamespacesSnapshot;
    readonly identities?: ManagedIdentitiesSnapshot;
    readonly monitoring?: MonitoringSnapshot;
    readonly deployer: Credentials;
}

/**
 * Reads a state file; undefined when none exists yet.
 *
 * @throws Error naming the file, when it is not a state file of this version.
 */
export async function loadSnapshot(file: string): Promise<Snapshot | undefined> {
    let text: string;
    try {
        text = await fs.readFile(file, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") {
            return undefined;
        }
        throw error;
    }
    const remedy =
        "Choose another --state-file, or move this one away to start with an empty state.";
    let snapshot: Snapshot;
    try {
        snapshot = JSON.parse(text) as Snapshot;
    } catch {
        throw new Error(`${file} is not an emulator state file: it is not JSON. ${remedy}`);
    }
    if (snapshot.version !== 1) {
        throw new Error(`${file} is not an emulator state file of version 1. ${remedy}`);
    }
    return snapshot;
}

/** Saves a state file that only its owner can read. */
export async function saveSnapshot(file: string, snapshot: Snapshot): Promise<void> {
    await replaceFile(file, JSON.stringify(snapshot));
}
