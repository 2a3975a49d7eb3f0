import * as pulumi from "@pulumi/pulumi";
import { SigningCa } from "./authorities";
import { PreviousState } from "./previousState";
import { EnrollmentService } from "./provisioning";

/** What devices depend on, whether made by the same stack or by another one. */
export interface FleetBase {
    readonly hub: {
        /** ARM resource ID. */
        readonly hubId: pulumi.Output<string>;
        readonly hostName: pulumi.Output<string>;
        /** What must exist before its data plane can be used. */
        readonly ready: pulumi.Resource[];
        /** Whether this run makes it, which takes longer than the certificates. */
        readonly isNew: boolean;
        /** Its CAs, by name, if devices may come from the provisioning service; these must stay able to connect. */
        readonly trusted?: ReadonlyMap<string, pulumi.Resource>;
    };
    /** The CA that signs for a group, by group; absent while it awaits an offline signature. */
    readonly issuers: ReadonlyMap<string, SigningCa>;
    /** Provisioning service; undefined: none. */
    readonly service: EnrollmentService | undefined;
    /** Whose devices they are: `project/stack`. */
    readonly owner: string;
    /** Previous state of the stack that holds the devices. */
    readonly previous: PreviousState;
}
