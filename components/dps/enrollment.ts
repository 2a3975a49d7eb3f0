import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

/** Needed for `--replace` and `taint`, for which the engine does not ask the provider. */
const atOneAddress: pulumi.CustomResourceOptions = { deleteBeforeReplace: true };

/** Arguments of both kinds of enrollment. */
export interface EnrollmentArgs {
    /** ARM resource ID of the provisioning service. */
    readonly serviceId: pulumi.Input<string>;
    /** Host name of its service API: `<name>.azure-devices-provisioning.net`. */
    readonly hostName: pulumi.Input<string>;
    /** `disabled` blocks registration; a disabled group also disables its devices on their hubs. */
    readonly provisioningStatus: "enabled" | "disabled";
    readonly iotEdge: boolean;
    /** Whether registering again may assign another hub. */
    readonly updateHubAssignment: boolean;
    /** Whether the twin moves with the device to another hub; otherwise it is created anew. */
    readonly migrateDeviceData: boolean;
    /** Trusted generations of the group's CA, the current one first. */
    readonly generations: readonly number[];
    /** Default: the service's. */
    readonly allocationPolicy?: "hashed" | "geoLatency" | "static";
    readonly initialTwin?: {
        readonly tags: Readonly<Record<string, unknown>>;
        readonly desired: Readonly<Record<string, unknown>>;
    };
}

/** Arguments of an {@link EnrollmentGroup}: `caReferences` or `signingCertificates`, with one or two entries. */
export interface EnrollmentGroupArgs extends EnrollmentArgs {
    /** At most 128 characters: lower-case letters, digits, `- . _ :`. */
    readonly enrollmentGroupId: string;
    /** Names of verified CA certificates of the service, primary first. */
    readonly caReferences?: readonly pulumi.Input<string>[];
    /** PEM of CA certificates, primary first. */
    readonly signingCertificates?: readonly pulumi.Input<string>[];
    /** Owner of its devices: `project/stack`. */
    readonly owner: string;
    /** IDs of the group's devices in the configuration; all others that registered are strays. */
    readonly members: readonly string[];
    /**
     * IDs of devices of other groups; pass them when the group is unblocked, which must not enable identities that took
     * theirs.
     */
    readonly others?: readonly string[];
}

/** All devices whose certificates chain to a CA may register (Azure docs: concepts-service, enrollment group). */
export class EnrollmentGroup extends DynamicResource {
    constructor(name: string, args: EnrollmentGroupArgs, options?: pulumi.CustomResourceOptions) {
        const { enrollmentGroupId, ...rest } = args;
        super(
            { module: "dps/enrollment", type: "dps:EnrollmentGroup" },
            name,
            { ...rest, kind: "group", enrollmentId: enrollmentGroupId },
            pulumi.mergeOptions(options, atOneAddress),
        );
    }
}

/** Arguments of an {@link IndividualEnrollment}. */
export interface IndividualEnrollmentArgs extends EnrollmentArgs {
    /** Common name of the device's certificate; also its device ID. */
    readonly registrationId: string;
    /** PEM of the device's certificates, primary first. */
    readonly clientCertificates: readonly pulumi.Input<string>[];
}

/**
 * Lets one device register by its own certificate; it takes precedence over every group (Azure docs: concepts-service).
 * After a reissue for the same key, the former certificate remains valid, because the device receives the new one later.
 */
export class IndividualEnrollment extends DynamicResource {
    constructor(
        name: string,
        args: IndividualEnrollmentArgs,
        options?: pulumi.CustomResourceOptions,
    ) {
        const { registrationId, ...rest } = args;
        super(
            { module: "dps/enrollment", type: "dps:IndividualEnrollment" },
            name,
            { ...rest, kind: "individual", enrollmentId: registrationId },
            pulumi.mergeOptions(options, atOneAddress),
        );
    }
}
