import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

/** A hub of another stack that a provisioning service sends devices to. */
export interface OtherHub {
    /** ARM resource ID. */
    readonly id: string;
    readonly hostName: pulumi.Input<string>;
}

/** Arguments of {@link LinkedHubs}. */
export interface LinkedHubsArgs {
    /** ARM resource ID of the provisioning service. */
    readonly serviceId: pulumi.Input<string>;
    /** Host name of its service API: `<name>.azure-devices-provisioning.net`. */
    readonly hostName: pulumi.Input<string>;
    readonly hubs: readonly OtherHub[];
    /** Whose devices they are: `project/stack`. */
    readonly owner: string;
}

/**
 * Stands for the devices that a provisioning service brought to hubs of other stacks. A hub that is not linked any more
 * loses those identities: each outlives the link, and trusts a thumbprint. The devices register again, for another hub.
 */
export class LinkedHubs extends DynamicResource {
    constructor(name: string, args: LinkedHubsArgs, options?: pulumi.CustomResourceOptions) {
        super(
            { module: "dps/linkedHubs", type: "dps:LinkedHubs" },
            name,
            { ...args, hubs: args.hubs.map((one) => ({ ...one })) },
            options,
        );
    }
}
