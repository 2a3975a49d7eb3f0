import { csr } from "./csr";
import type { DeviceKind } from "./deviceKind";
import { generated } from "./generated";
import { thumbprint } from "./thumbprint";

/** All kinds, in the order in which they are matched with a device and shown in tables. */
const table = { csr, generated, thumbprint };

type KindOf<K> = K extends DeviceKind<infer A> ? A : never;

/** How the hub recognizes the device, and where the device's key is. */
export type DeviceAuthentication = KindOf<(typeof table)[keyof typeof table]>;

export const deviceKinds: readonly DeviceKind<DeviceAuthentication>[] = Object.values(table);

export function kindOf({ kind }: DeviceAuthentication): DeviceKind<DeviceAuthentication> {
    return table[kind];
}

/** Number of devices of each kind. */
export function countKinds(
    devices: readonly { readonly authentication: DeviceAuthentication }[],
): Record<DeviceAuthentication["kind"], number> {
    const counts = Object.fromEntries(deviceKinds.map(({ kind }) => [kind, 0])) as Record<
        DeviceAuthentication["kind"],
        number
    >;
    for (const { authentication } of devices) {
        counts[authentication.kind]++;
    }
    return counts;
}
