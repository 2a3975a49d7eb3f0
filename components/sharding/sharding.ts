import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

/**
 * That the devices of a hub's stack are in fleet stacks. The engine hands today's settings to the default provider of
 * dynamic resources only when the program declares one of them, and some hubs' stacks have no other once the devices are
 * elsewhere; the delete of a device must know (see refuseToDropMoved).
 */
export class Sharding extends DynamicResource {
    /** @param shards how many fleet stacks, or `group` */
    constructor(name: string, shards: string, options?: pulumi.CustomResourceOptions) {
        super({ module: "dynamic/sharding", type: "fleet:Sharding" }, name, { shards }, options);
    }
}
