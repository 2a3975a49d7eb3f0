import { attempts } from "../azure/staleEtag";
import { HubRegistry } from "./hubRegistry";
import { DeviceRecord, ItemError, RegistryOperation } from "./registry";

/** What to do with an identity. */
export type Change =
    { readonly mode: "update"; readonly device: DeviceRecord } | { readonly mode: "delete" };

/**
 * Reads an identity and writes what follows from it. If somebody changes it in between, the decision is made again.
 *
 * @param decide undefined: the identity stays as it is; not called if there is none; its errors are passed on
 * @param known the identity as it was read before
 * @returns whether it was changed; false if it stays as it is, or is gone
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
        if (isRefusal(error, "DeviceNotFound")) {
            return false;
        }
        if (!isRefusal(error, "PreconditionFailed") || attempt >= attempts) {
            throw itemError(hub, deviceId, error);
        }
        present = await hub.registry.get(deviceId);
    }
}

/** Preserves the Edge fields, which keep an IoT Edge device one and each device below its parent. */
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

/** As bulk results name them, with their numbers. Source: Azure docs, "Understand and resolve IoT Hub errors". */
const refusals = {
    DeviceAlreadyExists: "409001",
    DeviceNotFound: "404001",
    PreconditionFailed: "412001",
} as const;

/** Whether the hub refused an item for this reason. */
export function isRefusal({ code }: ItemError, reason: keyof typeof refusals): boolean {
    return code.includes(reason) || code.includes(refusals[reason]);
}

/** The hub's error for one device. */
export function itemError(
    hub: Pick<HubRegistry, "hostName">,
    deviceId: string,
    { code, message }: ItemError,
): Error {
    return new Error(`device "${deviceId}" on ${hub.hostName}: ${code} ${message}`.trim());
}

/** Another write came between reading a device and taking it over. */
export class Overtaken extends Error {
    constructor(deviceId: string) {
        super(
            `device "${deviceId}" was changed by somebody else during its adoption; run this again`,
        );
    }
}

/** Another part of the run may write to a device while it is taken over: then whose it is is judged anew. */
export async function judgedAnew(takeOver: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
        try {
            return await takeOver();
        } catch (error) {
            if (!(error instanceof Overtaken) || attempt >= attempts) {
                throw error;
            }
        }
    }
}
