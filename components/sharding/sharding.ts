import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

/**
 * Records that the devices of a hub's stack are in fleet stacks. The engine passes the current settings to the default
 * provider of dynamic resources only if the program declares one of them, and some hubs' stacks have no other once their
 * devices are elsewhere; the delete of a device needs those settings (see refuseToDropMoved).
 */
export class Sharding extends DynamicResource {
    /** @param shards number of fleet stacks, or `group` */
    constructor(name: string, shards: string, options?: pulumi.CustomResourceOptions) {
        super({ module: "dynamic/sharding", type: "fleet:Sharding" }, name, { shards }, options);
    }
}
