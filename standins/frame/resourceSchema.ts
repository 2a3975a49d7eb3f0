import { hasValue, isObject, unknownValue, Value, Values } from "./values";

/** One input of a resource. */
export interface InputProperty {
    readonly kind: "string" | "integer" | "boolean" | "strings" | "object";
    readonly required?: true;
    /** The output value when the program sets nothing. */
    readonly fallback?: Value;
    /** A change updates the resource; otherwise a change replaces it. */
    readonly updates?: true;
    /** The supported values. */
    readonly oneOf?: readonly string[];
    readonly minimum?: number;
    /** For an object. */
    readonly members?: Readonly<Record<string, InputProperty>>;
}

export type InputProperties = Readonly<Record<string, InputProperty>>;

/** The user's alternative, at the end of every refusal. */
export const useOfficial = "The official plugin may support it: use that one for this program";

/**
 * Returns what is wrong with the inputs. Failures name properties and rules, never values: a value may be a secret.
 *
 * @param name of the package
 */
export function validate(name: string, properties: InputProperties, inputs: Values): string[] {
    return validateMembers(name, "", properties, inputs);
}

function validateMembers(
    name: string,
    context: string,
    properties: InputProperties,
    inputs: Values,
): string[] {
    const place = (property: string): string => `${context}${property}`;
    const unknown = Object.keys(inputs)
        .filter((property) => !property.startsWith("__") && hasValue(inputs[property]))
        .filter((property) => !Object.prototype.hasOwnProperty.call(properties, property))
        .map(
            (property) =>
                `'${place(property)}' is not an input in the ${name} stand-in, which knows ` +
                `${Object.keys(properties).join(", ")}. ${useOfficial}`,
        );
    const known = Object.entries(properties).flatMap(([property, rule]) => {
        const value = inputs[property];
        if (!hasValue(value)) {
            return rule.required ? [`missing required property '${place(property)}'`] : [];
        }
        return value === unknownValue ? [] : validateValue(name, place(property), rule, value);
    });
    return [...unknown, ...known];
}

function validateValue(name: string, place: string, rule: InputProperty, value: Value): string[] {
    const { kind, members, minimum, oneOf } = rule;
    if (!isOfKind(kind, value)) {
        return [`'${place}' should be ${kindNames[kind]}`];
    }
    if (kind === "object") {
        return validateMembers(name, `${place}.`, members ?? {}, value as Values);
    }
    const texts = (Array.isArray(value) ? value : [value]).filter((one) => one !== unknownValue);
    if (oneOf !== undefined && !texts.every((one) => oneOf.includes(one as string))) {
        return [
            `'${place}' is not among what the ${name} stand-in knows: ${oneOf.join(", ")}. ${useOfficial}`,
        ];
    }
    return minimum !== undefined && (value as number) < minimum
        ? [`'${place}' should be at least ${minimum}`]
        : [];
}

const kindNames: Readonly<Record<InputProperty["kind"], string>> = {
    string: "a string",
    integer: "an integer",
    boolean: "a boolean",
    strings: "a list of strings",
    object: "an object",
};

function isOfKind(kind: InputProperty["kind"], value: Value): boolean {
    switch (kind) {
        case "strings":
            return Array.isArray(value) && value.every((one) => typeof one === "string");
        case "object":
            return isObject(value);
        case "integer":
            return Number.isInteger(value);
        default:
            return typeof value === kind;
    }
}
