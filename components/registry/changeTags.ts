import { attempts, isStaleEtag } from "../azure/staleEtag";
import { HubRegistry } from "./hubRegistry";
import { DeviceRecord } from "./registry";

/**
 * Merges into a twin's tags what follows from the tags it has. If somebody changes the twin in between, the patch is
 * computed again.
 *
 * @param known the device as it was read
 * @param patchOf what to merge; nothing is written if that is empty, and errors are passed on
 */
export async function changeTags(
    hub: Pick<HubRegistry, "hostName" | "registry">,
    known: DeviceRecord,
    patchOf: (present: DeviceRecord) => Readonly<Record<string, unknown>>,
): Promise<void> {
    const { deviceId } = known;
    let present: DeviceRecord | undefined = known;
    for (let attempt = 1; ; attempt++) {
        if (present === undefined) {
            throw new Error(
                `device "${deviceId}" on ${hub.hostName} was deleted outside this program`,
            );
        }
        const patch = patchOf(present);
        if (Object.keys(patch).length === 0) {
            return;
        }
        try {
            return await hub.registry.patchTags(deviceId, patch, present.twinEtag);
        } catch (error) {
            if (!isStaleEtag(error) || attempt >= attempts) {
                throw error;
            }
        }
        present = await hub.registry.get(deviceId);
    }
}
