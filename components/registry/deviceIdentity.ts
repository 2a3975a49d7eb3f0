import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

/** Arguments of a {@link DeviceIdentity}. */
export interface DeviceIdentityArgs {
    /** ARM resource ID of the hub. */
    readonly hubId: pulumi.Input<string>;
    /** At most 128 characters (Azure docs: iot-hub-devguide-identity-registry). */
    readonly deviceId: string;
    readonly status: "enabled" | "disabled";
    /** One or two, upper-case hex; left out for a device with a CA-signed certificate. */
    readonly thumbprints?: readonly string[];
    /** Tags of the twin. */
    readonly tags?: Readonly<Record<string, unknown>>;
    /** Whose device it is: `project/stack`. */
    readonly owner: string;
    /** Whether the provisioning service may change how it authenticates, when it registers there, too. */
    readonly isProvisioned?: boolean;
    /** How many devices the program lists; for the progress line alone. */
    readonly fleetSize?: number;
    /** Takes over a device that exists and is not the owner's. */
    readonly adopt?: boolean;
}

/** A device that the hub knows: X.509 by CA or by thumbprint, never with shared keys. */
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
            // Also when the engine is told to replace it (`--replace`, `taint`), and does not ask the provider.
            pulumi.mergeOptions(options, { deleteBeforeReplace: true }),
        );
    }
}
