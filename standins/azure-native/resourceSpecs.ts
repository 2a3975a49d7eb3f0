import { anything, ResourceSpec, ResourceSpecs, TypeSpec } from "../frame/packageSchema";
import { resourceTypes, ResourceType } from "./resourceTypes";
import { answered, inputsOf, Property } from "./shapes";

/** The inputs and outputs of each resource, for `pulumi import`. */
export function resourceSpecs(): ResourceSpecs {
    const entries = Object.entries(resourceTypes);
    return Object.fromEntries(entries.map(([token, type]) => [token, resourceSpec(type)]));
}

function resourceSpec({ path, body }: ResourceType): ResourceSpec {
    const inputs = inputsOf(body);
    return {
        properties: Object.fromEntries(
            Object.entries(body).map(([name, property]) => [name, typeSpec(answered(property))]),
        ),
        inputProperties: Object.fromEntries([
            ...path.map(({ name }): [string, TypeSpec] => [name, { type: "string" }]),
            ...inputs.map(([name, property]): [string, TypeSpec] => [name, typeSpec(property)]),
        ]),
        requiredInputs: [
            ...path.filter(({ autonaming }) => autonaming === undefined),
            // An omitted location defaults to that of the resource group, or of the stack's configuration.
            ...inputs
                .filter(([name, { required }]) => required && name !== "location")
                .map(([name]) => ({ name })),
        ].map(({ name }) => name),
    };
}

function typeSpec({ kind, element }: Property): TypeSpec {
    switch (kind) {
        case "string":
        case "boolean":
        case "number":
        case "integer":
            return { type: kind };
        case "array":
            return { type: "array", items: element === undefined ? anything : typeSpec(element) };
        case "map":
            return {
                type: "object",
                additionalProperties: element === undefined ? anything : typeSpec(element),
            };
        case "stringSet":
            return { type: "array", items: { type: "string" } };
        case "object":
        case "any":
            return anything;
    }
}
