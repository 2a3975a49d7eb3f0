import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

/** Arguments of a {@link DeviceIdentity}. */
export interface DeviceIdentityArgs {
    /** ARM resource ID of the hub. */
    readonly hubId: pulumi.Input<string>;
    /** At most 128 characters (Azure docs: iot-hub-devguide-identity-registry). */
    readonly deviceId: string;
    readonly status: "enabled" | "disabled";
    /** One or two, upper-case hex; omitted for a device with a CA-signed certificate. */
    readonly thumbprints?: readonly string[];
    /** Tags of the twin. */
    readonly tags?: Readonly<Record<string, unknown>>;
    /** Whose device it is: `project/stack`. */
    readonly owner: string;
    /** Whether the provisioning service may change how it authenticates, because the device also registers there. */
    readonly isProvisioned?: boolean;
    /** Number of devices that the program lists; for the progress line only. */
    readonly fleetSize?: number;
    /** Takes over an existing device that does not belong to the owner. */
    readonly adopt?: boolean;
}

/** A device that the hub knows by X.509, either a CA or a thumbprint, never by shared keys. */
export class DeviceIdentity extends DynamicResource {
    constructor(
        name: string,
        { hubId, ...device }: DeviceIdentityArgs,
        options?: pulumi.CustomResourceOptions,
    ) {
        super(
            { module: "iothub/deviceIdentity", type: "iothub:DeviceIdentity" },
            name,
            // As one property, because the state has a list of dependencies for each.
            { hubId, device },
            // Also applies when the engine is told to replace it (`--replace`, `taint`), without asking the provider.
            pulumi.mergeOptions(options, { deleteBeforeReplace: true }),
        );
    }
}
