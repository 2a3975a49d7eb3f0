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
    /** `disabled` keeps the device from registering and from its hub. */
    readonly status: "enabled" | "disabled";
    /** Whether an {@link IndividualEnrollment}, not its group, decides whether it may register. */
    readonly isEnrolled: boolean;
    /** Whether the stack also lists it on its own hub. */
    readonly isListed: boolean;
    /** Only prevents registrations with its ID; the device is listed, and stays on its hub. */
    readonly isReserved?: boolean;
    /**
     * What happened to its identity when it left the configuration; it is denied while a CA that may have signed for it
     * exists.
     */
    readonly left?: IdentityFate;
    /** Whether its group is blocked; then it stays disabled on the hub even if it is enabled. */
    readonly isBlocked: boolean;
    /** Owner of the device: `project/stack`. */
    readonly owner: string;
    /** PEM of the device's certificate. */
    readonly certificate: pulumi.Input<string>;
    /** Former certificates that may still be valid: see {@link DeviceCertificate.former}. */
    readonly former?: pulumi.Input<readonly string[] | undefined>;
    /** Trusted generations of the group's CA, the current one first. */
    readonly generations?: readonly number[];
    /** Groups that it left but whose certificates it may still have. */
    readonly formerGroups?: readonly FormerGroup[];
    /** Identifies the device's key; a new key revokes the certificates in the device's own enrollment. */
    readonly key?: string;
}

/**
 * Represents what a device creates by registering: its registration, and the identity on its hub. While the device may
 * register, this resource does nothing. A device that is disabled or leaves the configuration is prevented from registering
 * through its group, and cut off at its hub. When a CA of its group, or of a group that it left, is removed, the hub no
 * longer accepts certificates that this CA signed.
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
            // Needed for `--replace` and `taint`, for which the engine does not ask the provider.
            pulumi.mergeOptions(options, { deleteBeforeReplace: true }),
        );
    }
}
