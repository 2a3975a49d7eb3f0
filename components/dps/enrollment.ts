import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

/** Also when the engine is told to replace it (`--replace`, `taint`), and does not ask the provider. */
const atOneAddress: pulumi.CustomResourceOptions = { deleteBeforeReplace: true };

/** What enrollments of both kinds decide. */
export interface EnrollmentArgs {
    /** ARM resource ID of the provisioning service. */
    readonly serviceId: pulumi.Input<string>;
    /** Host name of its service API: `<name>.azure-devices-provisioning.net`. */
    readonly hostName: pulumi.Input<string>;
    /** `disabled` blocks registration; a disabled group also disables the devices it brought to a hub. */
    readonly provisioningStatus: "enabled" | "disabled";
    readonly iotEdge: boolean;
    /** On registering again, whether another hub may be chosen. */
    readonly updateHubAssignment: boolean;
    /** On changing the hub, whether the twin goes along; otherwise it starts anew. */
    readonly migrateDeviceData: boolean;
    /** Trusted generations of the group's CA, the present one first. */
    readonly generations: readonly number[];
    /** Default: the service's. */
    readonly allocationPolicy?: "hashed" | "geoLatency" | "static";
    readonly initialTwin?: {
        readonly tags: Readonly<Record<string, unknown>>;
        readonly desired: Readonly<Record<string, unknown>>;
    };
}

/** Arguments of an {@link EnrollmentGroup}: `caReferences` or `signingCertificates`, one or two of them. */
export interface EnrollmentGroupArgs extends EnrollmentArgs {
    /** At most 128 characters: lower-case letters, digits, `- . _ :`. */
    readonly enrollmentGroupId: string;
    /** Names of verified CA certificates of the service, primary first. */
    readonly caReferences?: readonly pulumi.Input<string>[];
    /** PEM of CA certificates, primary first. */
    readonly signingCertificates?: readonly pulumi.Input<string>[];
    /** Whose devices it brings to hubs: `project/stack`. */
    readonly owner: string;
    /** IDs of the devices that the configuration has in the group; all others that registered are strays. */
    readonly members: readonly string[];
    /** IDs of the devices of other groups; given when the group is freed, which must not let in what took their place. */
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
 * One device may register, by its own certificate; it goes before every group (Azure docs: concepts-service). After a
 * re-issue for the same key it may register with the former certificate, too, because it gets the new one later.
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
