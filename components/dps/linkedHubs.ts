import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

/** A hub of another stack that a provisioning service assigns devices to. */
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
    /** Owner of the devices: `project/stack`. */
    readonly owner: string;
}

/**
 * Represents the devices that a provisioning service assigned to hubs of other stacks. When a hub is unlinked, these
 * identities are deleted from it, because each would outlive the link and trust a thumbprint. The devices then register for
 * another hub.
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
