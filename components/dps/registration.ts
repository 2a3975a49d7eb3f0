import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";
import type { FormerGroup } from "./formerGroups";
import type { IdentityFate } from "./shutOut";

/** Arguments of a {@link DeviceRegistration}. */
export interface DeviceRegistrationArgs {
    /** ARM resource ID of the provisioning service. */
    readonly serviceId: pulumi.Input<string>;
    /** Host name of its service API: `<name>.azure-devices-provisioning.net`. */
    readonly hostName: pulumi.Input<string>;
    /** Host name of the stack's own hub. */
    readonly hubHostName: pulumi.Input<string>;
    /** Common name of the device's certificate; also its device ID. */
    readonly registrationId: string;
    /** Enrollment group of the device. */
    readonly group: string;
    /** `disabled` keeps the device out of the service, and off the hub that it was assigned to. */
    readonly status: "enabled" | "disabled";
    /** Whether an {@link IndividualEnrollment} decides whether it may register, instead of its group. */
    readonly isEnrolled: boolean;
    /** Whether the stack lists it on its own hub, too. */
    readonly isListed: boolean;
    /** The ID alone is kept from being registered: the device is listed, and stays on its hub. */
    readonly isReserved?: boolean;
    /** What became of its identity when it left the configuration; it is kept out as long as a CA lives that may have signed for it. */
    readonly left?: IdentityFate;
    /** Whether its group is blocked: then it stays off the hub when it is enabled. */
    readonly isBlocked: boolean;
    /** Whose device it is: `project/stack`. */
    readonly owner: string;
    /** PEM of the device's certificate. */
    readonly certificate: pulumi.Input<string>;
    /** Earlier ones that may go on counting: see {@link DeviceCertificate.former}. */
    readonly former?: pulumi.Input<readonly string[] | undefined>;
    /** Generations of the group's CA that are trusted, the present one first. */
    readonly generations?: readonly number[];
    /** Groups that it left, and whose certificates it may have. */
    readonly formerGroups?: readonly FormerGroup[];
    /** Names the device's key; another one ends what its own enrollment knew it by. */
    readonly key?: string;
}

/**
 * Stands for what a device makes of itself at the provisioning service: its registration, and the identity on the hub that
 * it is assigned to. While the device may register nothing is done; one that is disabled, or leaves the configuration, is
 * kept from registering through its group and is cut off at its hub. When a CA of its group is dropped, the hub stops
 * recognising the certificates that this CA signed; so is it when that happens to a group that the device left.
 */
export class DeviceRegistration extends DynamicResource {
    constructor(
        name: string,
        args: DeviceRegistrationArgs,
        options?: pulumi.CustomResourceOptions,
    ) {
        super(
            { module: "dps/registration", type: "dps:DeviceRegistration" },
            name,
            { ...args },
            // Also when the engine is told to replace it (`--replace`, `taint`), and does not ask the provider.
            pulumi.mergeOptions(options, { deleteBeforeReplace: true }),
        );
    }
}
