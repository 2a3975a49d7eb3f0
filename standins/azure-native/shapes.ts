/** The kind of a property's value. A string set is a list of names that ARM represents as object keys. */
export type Kind =
    "string" | "boolean" | "number" | "integer" | "object" | "array" | "map" | "stringSet" | "any";

/** One property of a resource, its body or a nested type; used for both inputs and outputs. */
export interface Property {
    readonly kind: Kind;
    /** For an object. */
    readonly fields?: Fields;
    /** For an array or a map. */
    readonly element?: Property;
    /** For an array whose items are identified by this member instead of their position. */
    readonly keyedBy?: string;
    readonly required?: boolean;
    /** Returned by ARM and never sent. */
    readonly readOnly?: boolean;
    /** Changing it replaces the resource. */
    readonly replaces?: boolean;
    /** The body member that contains it on the wire; the SDK flattens it. */
    readonly container?: string;
    readonly pattern?: RegExp;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly maximumLength?: number;
    /** The property's shape in replies, where it differs. */
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

/** Who created and changed a resource: Azure common types, `systemData`. */
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

/** The fields that a caller may set. */
export function inputsOf(fields: Fields): [string, Property][] {
    return Object.entries(fields).filter(([, property]) => property.readOnly !== true);
}

/** A property as it is in ARM's replies. */
export const answered = (property: Property): Property => property.answered ?? property;
