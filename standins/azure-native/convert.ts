import { answered, Fields, inputsOf, Property } from "./shapes";
import { hasValue, isObject, unknownValue, Value, Values } from "../frame/values";

/** The body of a PUT: the inputs that the type knows, nested as ARM expects them. */
export function requestBody(fields: Fields, inputs: Values): Values {
    const body: Values = {};
    for (const [name, property] of inputsOf(fields)) {
        const value = toRequest(property, inputs[name]);
        if (value !== undefined) {
            place(body, property.container, name, value);
        }
    }
    for (const [, property] of inputsOf(fields)) {
        if (property.container !== undefined) {
            body[property.container] ??= {};
        }
    }
    return body;
}

function place(body: Values, container: string | undefined, name: string, value: Value): void {
    if (container === undefined) {
        body[name] = value;
        return;
    }
    body[container] = { ...(body[container] as Values | undefined), [name]: value };
}

function toRequest(property: Property, value: Value): Value {
    if (!hasValue(value)) {
        return undefined;
    }
    if (property.kind === "stringSet" && Array.isArray(value)) {
        return Object.fromEntries(value.map((name) => [String(name), {}]));
    }
    return convert(property, value, requestBody, toRequest);
}

/** Outputs as the SDK shows them: only known members, flattened, without nulls. */
export function outputsOf(fields: Fields, response: Values): Values {
    const outputs: Values = {};
    for (const [name, declared] of Object.entries(fields)) {
        const holder = declared.container === undefined ? response : response[declared.container];
        const value = isObject(holder) ? toOutput(answered(declared), holder[name]) : undefined;
        if (hasValue(value)) {
            outputs[name] = value;
        }
    }
    return outputs;
}

const toOutput = (property: Property, value: Value): Value =>
    convert(property, value, outputsOf, toOutput);

/** The inputs that correspond to outputs: everything that is not read-only. */
export function inputsFromOutputs(fields: Fields, outputs: Values): Values {
    return Object.fromEntries(
        inputsOf(fields)
            .filter(([name]) => hasValue(outputs[name]))
            .map(([name, property]) => [name, toInput(property, outputs[name])]),
    );
}

function toInput(property: Property, value: Value): Value {
    if (property.kind === "stringSet" && isObject(value)) {
        return Object.keys(value).sort();
    }
    return convert(property, value, inputsFromOutputs, toInput);
}

function convert(
    property: Property,
    value: Value,
    members: (fields: Fields, values: Values) => Values,
    element: (property: Property, value: Value) => Value,
): Value {
    if (property.kind === "object" && property.fields !== undefined && isObject(value)) {
        return members(property.fields, value);
    }
    const inner = property.element;
    if (property.kind === "map" && inner !== undefined && isObject(value)) {
        return Object.fromEntries(
            Object.entries(value).map(([key, item]) => [key, element(inner, item)]),
        );
    }
    if (property.kind === "array" && inner !== undefined && Array.isArray(value)) {
        return value.map((item) => element(inner, item));
    }
    return value;
}

/** Inputs of an imported resource, without the empty lists and objects that ARM adds as defaults. */
export function importedInputs(fields: Fields, outputs: Values): Values {
    const kept = Object.entries(inputsFromOutputs(fields, outputs)).map(([name, value]) => [
        name,
        withoutEmpty(value),
    ]);
    return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}

function withoutEmpty(value: Value): Value {
    if (Array.isArray(value)) {
        const items = value.map(withoutEmpty).filter((item) => item !== undefined);
        return items.length === 0 ? undefined : items;
    }
    if (isObject(value)) {
        const members = Object.entries(value)
            .map(([key, item]) => [key, withoutEmpty(item)])
            .filter(([, item]) => item !== undefined);
        return members.length === 0 ? undefined : Object.fromEntries(members);
    }
    return value;
}

/**
 * The outputs as far as the inputs determine them; everything else is unknown. A preview does not show dependants a
 * value that Azure may choose differently.
 */
export function previewOutputs(fields: Fields, inputs: Values): Values {
    return Object.fromEntries(
        Object.entries(fields).map(([name, property]) => [
            name,
            previewValue(answered(property), inputs[name]),
        ]),
    );
}

function previewValue(property: Property, value: Value): Value {
    switch (property.kind) {
        case "string":
        case "boolean":
            return typeof value === property.kind ? value : unknownValue;
        case "number":
        case "integer":
            return typeof value === "number" ? value : unknownValue;
        case "any":
            return hasValue(value) ? value : unknownValue;
        case "array":
            return Array.isArray(value)
                ? convert(property, value, previewOutputs, previewValue)
                : unknownValue;
        default:
            return isObject(value)
                ? convert(property, value, previewOutputs, previewValue)
                : unknownValue;
    }
}
