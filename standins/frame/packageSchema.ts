/** Type of a property (Pulumi package schema, "TypeSpec"). */
export type TypeSpec =
    | { readonly type: "string" | "integer" | "number" | "boolean" }
    | { readonly type: "array"; readonly items: TypeSpec }
    | { readonly type: "object"; readonly additionalProperties: TypeSpec }
    | { readonly $ref: "pulumi.json#/Any" };

export const anything: TypeSpec = { $ref: "pulumi.json#/Any" };

/** What a resource is given, and what it tells. */
export interface ResourceSpec {
    readonly properties: Readonly<Record<string, TypeSpec>>;
    readonly inputProperties: Readonly<Record<string, TypeSpec>>;
    readonly requiredInputs: readonly string[];
}

/** By type token. */
export type ResourceSpecs = Readonly<Record<string, ResourceSpec>>;

/**
 * The schema of a package as JSON, as far as `pulumi import` needs it to print code: inputs and outputs of each resource.
 * Objects with members are of any type.
 */
export function packageSchema(name: string, version: string, resources: ResourceSpecs): string {
    return JSON.stringify({
        name,
        version,
        language: { nodejs: { packageName: `@pulumi/${name}` } },
        resources,
    });
}
