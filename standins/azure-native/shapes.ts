/** What kind of value a property holds. A string set is a list of names that ARM wants as object keys. */
export type Kind =
    "string" | "boolean" | "number" | "integer" | "object" | "array" | "map" | "stringSet" | "any";

/** One property of a resource, its body or a nested type; the same entry serves inputs and outputs. */
export interface Property {
    readonly kind: Kind;
    /** Of an object. */
    readonly fields?: Fields;
    /** Of an array or a map. */
    readonly element?: Property;
    /** Of an array whose items are known by this member and not by their place. */
    readonly keyedBy?: string;
    readonly required?: boolean;
    /** Comes back from ARM and is never sent. */
    readonly readOnly?: boolean;
    /** A change of it replaces the resource. */
    readonly replaces?: boolean;
    /** The body member it is nested in on the wire and flattened out of in the SDK. */
    readonly container?: string;
    readonly pattern?: RegExp;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly maximumLength?: number;
    /** How the answer differs, where it does. */
    readonly answered?: Property;
}

export type Fields = Readonly<Record<string, Property>>;

export const text: Property = { kind: "string" };
export const flag: Property = { kind: "boolean" };
export const integer: Property = { kind: "integer" };
export const anything: Property = { kind: "any" };
export const stringSet: Property = { kind: "stringSet" };

export const object = (fields: Fields): Property => ({ kind: "object", fields });
export const list = (element: Property, keyedBy?: string): Property => ({
    kind: "array",
    element,
    keyedBy,
});
export const mapOf = (element: Property): Property => ({ kind: "map", element });
export const required = (property: Property): Property => ({ ...property, required: true });
export const readOnly = (property: Property): Property => ({ ...property, readOnly: true });
export const replaces = (property: Property): Property => ({ ...property, replaces: true });
export const between = (minimum: number, maximum: number): Property => ({
    ...integer,
    minimum,
    maximum,
});

/** Who made and changed a resource: Azure common types, `systemData`. */
export const systemData = readOnly(
    object({
        createdBy: text,
        createdByType: text,
        createdAt: text,
        lastModifiedBy: text,
        lastModifiedByType: text,
        lastModifiedAt: text,
    }),
);

/** Marks fields as members of `container` on the wire. */
export function flattened(container: string, fields: Fields): Fields {
    return Object.fromEntries(
        Object.entries(fields).map(([name, property]) => [name, { ...property, container }]),
    );
}

/** Those a caller may set. */
export function inputsOf(fields: Fields): [string, Property][] {
    return Object.entries(fields).filter(([, property]) => property.readOnly !== true);
}

/** As ARM answers a property. */
export const answered = (property: Property): Property => property.answered ?? property;
