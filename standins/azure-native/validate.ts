import { Fields, inputsOf, Property } from "./shapes";
import { ResourceType } from "./resourceTypes";
import { isObject, unknownValue, Value, Values } from "../frame/values";

/**
 * What is wrong with the inputs, in the official provider's words: missing properties, wrong types, lengths, ranges and
 * patterns. Unknown properties are ignored, as in the official provider.
 */
export function validate(type: ResourceType, inputs: Values): string[] {
    const path = type.path.flatMap(({ name, pattern, maximumLength }) =>
        inputs[name] === undefined
            ? [`missing required property '${name}'`]
            : validateValue(name, { kind: "string", pattern, maximumLength }, inputs[name]),
    );
    return [...path, ...validateFields("", type.body, inputs)];
}

function validateFields(context: string, fields: Fields, values: Values): string[] {
    return inputsOf(fields).flatMap(([name, property]) => {
        const place = context === "" ? name : `${context}.${name}`;
        const value = values[name];
        if (value !== undefined) {
            return validateValue(place, property, value);
        }
        return property.required === true ? [missing(place)] : [];
    });
}

function missing(place: string): string {
    const hint =
        place === "location"
            ? ". Either set it explicitly or configure it with 'pulumi config set azure-native:location <value>'."
            : "";
    return `missing required property '${place}'${hint}`;
}

function validateValue(place: string, property: Property, value: Value): string[] {
    if (value === unknownValue || property.kind === "any") {
        return [];
    }
    if (isObject(value)) {
        return validateObject(place, property, value);
    }
    if (Array.isArray(value)) {
        return validateList(place, property, value);
    }
    if (typeof value === "string") {
        return property.kind === "string"
            ? validateText(place, property, value)
            : [wrongKind(place, property, "a string")];
    }
    if (typeof value === "number") {
        return property.kind === "number" || property.kind === "integer"
            ? validateNumber(place, property, value)
            : [wrongKind(place, property, "a number")];
    }
    return [];
}

/** JSON schema type names, which the official provider uses in its messages. */
const schemaTypes: Readonly<Record<string, string>> = { map: "object", stringSet: "array" };

const wrongKind = (place: string, { kind }: Property, got: string): string =>
    `'${place}' should be of type '${schemaTypes[kind] ?? kind}' but got ${got}`;

function validateObject(place: string, property: Property, value: Values): string[] {
    const element = property.element;
    if (property.kind === "map" && element !== undefined) {
        return Object.values(value).flatMap((item) => validateValue(place, element, item));
    }
    return property.fields === undefined ? [] : validateFields(place, property.fields, value);
}

function validateList(place: string, property: Property, value: readonly Value[]): string[] {
    if (property.kind !== "array" && property.kind !== "stringSet") {
        return [wrongKind(place, property, "an array")];
    }
    const element = property.element;
    return element === undefined
        ? []
        : value.flatMap((item, index) => validateValue(`${place}[${index}]`, element, item));
}

function validateText(place: string, property: Property, value: string): string[] {
    const { pattern, maximumLength } = property;
    return [
        ...(maximumLength !== undefined && value.length > maximumLength
            ? [
                  `'${place}' is too long (${value.length}): at most ${maximumLength} characters allowed`,
              ]
            : []),
        ...(pattern !== undefined && !pattern.test(value)
            ? [`'${place}' does not match expression '${pattern.source}'`]
            : []),
    ];
}

function validateNumber(place: string, property: Property, value: number): string[] {
    const { minimum, maximum } = property;
    return [
        ...(property.kind === "integer" && !Number.isInteger(value)
            ? [`'${place}' must be an integer but got ${value}`]
            : []),
        ...(minimum !== undefined && value < minimum
            ? [`'${place}' is too low (${value} < ${minimum})`]
            : []),
        ...(maximum !== undefined && value > maximum
            ? [`'${place}' is too high (${value} > ${maximum})`]
            : []),
    ];
}
