/** Type of a property (Pulumi package schema, "TypeSpec"). */
export type TypeSpec =
    | { readonly type: "string" | "integer" | "number" | "boolean" }
    | { readonly type: "array"; readonly items: TypeSpec }
    | { readonly type: "object"; readonly additionalProperties: TypeSpec }
    | { readonly $ref: "pulumi.json#/Any" };

export const anything: TypeSpec = { $ref: "pulumi.json#/Any" };

/** The inputs and outputs of a resource. */
export interface ResourceSpec {
    readonly properties: Readonly<Record<string, TypeSpec>>;
    readonly inputProperties: Readonly<Record<string, TypeSpec>>;
    readonly requiredInputs: readonly string[];
}

/** By type token. */
export type ResourceSpecs = Readonly<Record<string, ResourceSpec>>;

/**
 * The schema of a package as JSON, limited to what `pulumi import` needs to print code: the inputs and outputs of each
 * resource. Objects with members have type any.
 */
export function packageSchema(name: string, version: string, resources: ResourceSpecs): string {
    return JSON.stringify({
        name,
        version,
        language: { nodejs: { packageName: `@pulumi/${name}` } },
        resources,
    });
}
