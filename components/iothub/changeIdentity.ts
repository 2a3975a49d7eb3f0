import { attempts } from "../azure/staleEtag";
import { HubRegistry } from "./hubRegistry";
import { DeviceRecord, ItemError, RegistryOperation } from "./registry";

/** What shall become of an identity. */
export type Change =
    { readonly mode: "update"; readonly device: DeviceRecord } | { readonly mode: "delete" };

/**
 * Reads an identity and writes what follows from it, unless somebody changed it in between: then the decision is made anew.
 *
 * @param decide undefined: it stays as it is; not called for one that does not exist; what it throws is thrown
 * @param known the identity as an index has it, whose ETag may be out of date
 * @returns whether it was changed
 */
export async function changeIdentity(
    hub: Pick<HubRegistry, "hostName" | "registry" | "queue">,
    deviceId: string,
    decide: (present: DeviceRecord) => Change | undefined,
    known?: DeviceRecord,
): Promise<boolean> {
    let present = known ?? (await hub.registry.get(deviceId));
    for (let attempt = 1; ; attempt++) {
        const change = present && decide(present);
        if (present === undefined || change === undefined) {
            return false;
        }
        const error = await hub.queue.run(operation(present, change));
        if (error === undefined) {
            return true;
        }
        if (isMissing(error)) {
            return false;
        }
        if (!isStale(error) || attempt >= attempts) {
            throw itemError(hub, deviceId, error);
        }
        present = await hub.registry.get(deviceId);
    }
}

/** A write leaves an IoT Edge device what it is. */
function operation({ deviceId, etag, edge }: DeviceRecord, change: Change): RegistryOperation {
    const condition = etag === undefined ? {} : { ifMatch: etag };
    return change.mode === "delete"
        ? { mode: "delete", deviceId, ...condition }
        : {
              mode: "update",
              device: { ...change.device, ...(edge === undefined ? {} : { edge }) },
              ...condition,
          };
}

function isMissing({ code }: ItemError): boolean {
    return /DeviceNotFound|404001/.test(code);
}

function isStale({ code }: ItemError): boolean {
    return /PreconditionFailed|412001/.test(code);
}

/** What the hub said of one device. */
export function itemError(
    hub: Pick<HubRegistry, "hostName">,
    deviceId: string,
    { code, message }: ItemError,
): Error {
    return new Error(`device "${deviceId}" on ${hub.hostName}: ${code} ${message}`.trim());
}
