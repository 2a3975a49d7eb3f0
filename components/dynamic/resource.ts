import * as pulumi from "@pulumi/pulumi";
import type * as providers from "./providers.json";

/** Names that states hold. They look like paths because they once were. */
export type ProviderName = keyof typeof providers;

/**
 * What Pulumi stores as a resource's provider: a text that loads today's module when it is run. The module itself is
 * ordinary code, so a fix reaches `read` and `delete` of resources that exist already, nothing is captured, and the
 * text, which every resource stores twice, stays short.
 *
 * @param name stable name of the provider; providers.json says in which module it is, which exports `provider`
 */
export function loader(name: ProviderName): string {
    return `exports.handler=()=>require(process.cwd()+"/components/dynamic/load")("${name}")`;
}

/** Where a dynamic resource's provider is and what Pulumi calls its type. */
export interface DynamicType {
    readonly module: ProviderName;
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
        const { prepareStackTrace } = Error;
        try {
            // Pulumi takes a stack trace for every resource, and stores it there (0.6 KB), and four for every property, to
            // report leaking promises: mapping them to the sources was most of the time in which a fleet was declared.
            // The stacks of errors are not lost: they are formatted when they are read.
            Error.prepareStackTrace = () => "";
            super(
                `pulumi-nodejs:dynamic/${type.type}`,
                name,
                { ...properties, __provider: loader(type.module) },
                options,
            );
        } finally {
            Error.prepareStackTrace = prepareStackTrace;
        }
    }
}
