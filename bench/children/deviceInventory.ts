/*
 * Prints how many devices the emulator's one hub has, and their IDs, as Azure's service SDK sees them:
 *
 *   node -r ts-node/register/transpile-only bench/children/inventory.ts
 */
import { EnvironmentCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { onlyHub } from "./onlyHub";

/** What a hub's registry holds. */
export interface DeviceInventory {
    /** The registry's own count. */
    readonly total: number;
    /** From a query. */
    readonly ids: readonly string[];
}

async function main(): Promise<void> {
    const registry = Registry.fromTokenCredential(await onlyHub(), new EnvironmentCredential());
    const { responseBody } = await registry.getRegistryStatistics();
    const { totalDeviceCount } = responseBody as unknown as { totalDeviceCount: number };
    const query = registry.createQuery("SELECT deviceId FROM devices", 1000);
    const ids: string[] = [];
    do {
        // Without a token it would ask for the first page again.
        const { result } = await query.next(query.continuationToken);
        ids.push(...(result as { deviceId: string }[]).map(({ deviceId }) => deviceId));
    } while (query.hasMoreResults);
    const inventory: DeviceInventory = { total: totalDeviceCount, ids };
    console.log(JSON.stringify(inventory));
}

void main();
