import { keyAlgorithms } from "../../../components/x509/issue";

/** A fragment of JSON Schema, draft 7. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One setting, as the reference and the editors' schema describe it. The readers in the parent folder check it. */
export interface Setting {
    /** Its key below the section, e.g. `sku`, `root.keys`, `linkedHubs[].id`. */
    readonly name: string;
    /** The type as the reference shows it (Markdown). */
    readonly type: string;
    /** What JSON Schema can express about its values. */
    readonly schema: JsonSchema;
    readonly isRequired?: boolean;
    /** The value if the setting is absent; undefined: no fixed default. */
    readonly default?: unknown;
    /** What the reference says instead, if the default depends on other settings (Markdown). */
    readonly defaultText?: string;
    /** What the setting does, in a sentence or two (Markdown). */
    readonly description: string;
    /** Limits that the type does not express (Markdown). */
    readonly rule?: string;
    /** A value that the program accepts. */
    readonly example: unknown;
}

/** The settings of one mapping: a table of the reference. */
export interface SettingsSection {
    /** Heading of its table in docs/configuration.md, and the table's name there. */
    readonly heading: string;
    /** Path of the mapping: `` for the stack itself, else e.g. `hub.`, `groups.<group>.` */
    readonly prefix: string;
    readonly settings: readonly Setting[];
    /** Descriptions of its inner mappings, by name, e.g. `root`. */
    readonly mappings?: Readonly<Record<string, string>>;
    /** Rules on several keys of a mapping, by the mapping's name ("" for the section itself); all of them apply. */
    readonly rules?: Readonly<Record<string, readonly JsonSchema[]>>;
}

type Kind = Pick<Setting, "type" | "schema">;

/** A text. JSON Schema patterns have no flags, so they contain no Unicode classes. */
export function text(schema: JsonSchema = {}): Kind {
    return { type: "text", schema: { type: "string", minLength: 1, ...schema } };
}

/** The name of a file in the project's folder. */
export const file: Kind = { type: "file", schema: { type: "string", minLength: 1 } };

/** A whole number, or digits as text, which `pulumi config set` writes. */
export function integer(minimum: number, maximum: number): Kind {
    return {
        type: `integer, ${minimum}–${maximum}`,
        schema: {
            anyOf: [
                { type: "integer", minimum, maximum },
                { type: "string", pattern: "^[0-9]{1,15}$" },
            ],
        },
    };
}

/** `true` or `false`, also as text, which `pulumi config set` writes. */
export const flag: Kind = {
    type: "boolean",
    schema: { anyOf: [{ type: "boolean" }, { enum: ["true", "false"] }] },
};

export function choice(...choices: readonly string[]): Kind {
    return {
        type: choices.map((one) => `\`${one}\``).join(", "),
        schema: { enum: [...choices] },
    };
}

export function list(items: JsonSchema, schema: JsonSchema = {}): Kind {
    return { type: "list", schema: { type: "array", items, ...schema } };
}

export function mapping(schema: JsonSchema = {}): Kind {
    return { type: "mapping", schema: { type: "object", ...schema } };
}

/** A mapping of twin tags or desired properties. */
export function twinPart(...reserved: readonly string[]): Kind {
    return mapping({ propertyNames: { not: { enum: [...reserved, "__proto__"] } } });
}

export const keyAlgorithm: Kind = {
    type: "key algorithm",
    schema: { enum: [...keyAlgorithms] },
};

/** Two keys of one mapping that exclude each other. */
export function exclusive(one: string, other: string): JsonSchema {
    return { not: { required: [one, other] } };
}
