import * as pulumi from "@pulumi/pulumi";

/**
 * What Pulumi stores as a resource's provider: a text that loads today's module when it is run. The module itself is
 * ordinary code, so a fix reaches `read` and `delete` of resources that exist already, nothing is captured, and the
 * text, which every resource stores twice, stays short.
 *
 * @param module path below components/, without extension; the module exports `provider`
 */
export function loader(module: string): string {
    return (
        `exports.handler=()=>(require("ts-node/register/transpile-only"),` +
        `require(process.cwd()+"/components/${module}").provider)`
    );
}

/** Where a dynamic resource's provider is and what Pulumi calls its type. */
export interface DynamicType {
    /** Path below components/, without extension. */
    readonly module: string;
    /** `domain:Name`; part of every URN, so it is frozen once released. */
    readonly type: string;
}

/** A resource whose provider is a module of this repository, run by Pulumi's dynamic provider host. */
export abstract class DynamicResource extends pulumi.CustomResource {
    constructor(
        type: DynamicType,
        name: string,
        properties: pulumi.Inputs,
        options?: pulumi.CustomResourceOptions,
    ) {
        super(
            `pulumi-nodejs:dynamic/${type.type}`,
            name,
            { ...properties, __provider: loader(type.module) },
            options,
        );
    }
}
