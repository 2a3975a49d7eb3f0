import * as pulumi from "@pulumi/pulumi";
import type * as providers from "./providers.json";

/** Names that are stored in states. They look like paths because they once were. */
export type ProviderName = keyof typeof providers;

/**
 * What Pulumi stores as a resource's provider: code that loads the current module when it runs. The module itself is
 * ordinary code, so a fix also reaches `read` and `delete` of existing resources, nothing is captured, and the text, which
 * every resource stores twice, stays short.
 *
 * @param name stable name of the provider; providers.json maps it to a module, which exports `provider`
 */
export function loader(name: ProviderName): string {
    return `exports.handler=()=>require(process.cwd()+"/components/dynamic/load")("${name}")`;
}

/** The module of a dynamic resource's provider, and Pulumi's name for the type. */
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
            // Pulumi takes a stack trace for every resource, which it stores there (0.6 KB), and four for every property,
            // to report leaking promises: mapping them to the sources took most of the time in which a fleet was
            // declared. The stacks of errors are not lost: they are formatted when they are read.
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
