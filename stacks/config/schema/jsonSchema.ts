import { defaultable, devices } from "./devices";
import { dps } from "./dps";
import { est } from "./est";
import { groups } from "./groups";
import { hub } from "./hub";
import { JsonSchema, Setting, SettingsSection } from "./model";
import { pki } from "./pki";
import { alerts, ci, stack } from "./stack";

/** Other forms of a stack setting: a secret, or JSON as one text, as passed to `pulumi config set`. */
const isSecret = { $ref: "#/definitions/secret" };
const isJsonText = { $ref: "#/definitions/jsonText" };

/** The schema that editors use for `Pulumi.<stack>.yaml`. */
export function stackFileSchema(): JsonSchema {
    const inner: Readonly<Record<string, JsonSchema>> = {
        hub: mappingOf(hub),
        dps: mappingOf(dps),
        pki: mappingOf(pki),
        groups: {
            type: "object",
            propertyNames: { pattern: "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$" },
            additionalProperties: mappingOf(groups),
        },
        devices: { type: "array", items: mappingOf(devices) },
        deviceDefaults: mappingOf({
            ...devices,
            settings: devices.settings
                .filter(({ name }) => defaultable.includes(name))
                .map((setting) => ({ ...setting, isRequired: false })),
            rules: {},
        }),
        est: mappingOf(est),
        ci: mappingOf(ci),
        alerts: mappingOf(alerts),
    };
    const top = mappingOf(stack).properties as Readonly<Record<string, JsonSchema>>;
    const settings = Object.entries(top).map(([name, described]) => {
        const { description, default: fallback, examples, ...rest } = described;
        const value = inner[name] ?? rest;
        const isText = rest.type === "string" || rest.enum !== undefined;
        const anyOf = [value, isSecret, ...(isText ? [] : [isJsonText])];
        return [
            `iot-x509:${name}`,
            defined({ description, default: fallback, examples, anyOf }),
        ] as const;
    });
    return {
        $schema: "http://json-schema.org/draft-07/schema#",
        title: "Settings of an iot-x509 stack",
        description:
            "Pulumi.<stack>.yaml. Written by `npm run reference`: change stacks/config/schema.",
        type: "object",
        properties: {
            config: {
                type: "object",
                properties: Object.fromEntries(settings),
                patternProperties: { "^(?!iot-x509:)": true },
                additionalProperties: false,
            },
        },
        definitions: {
            devicesFile: {
                type: "string",
                pattern: "\\.([cC][sS][vV]|[tT][sS][vV]|[tT][xX][tT]|[jJ][sS][oO][nN])$",
            },
            secret: {
                description: "A secret, as `pulumi config set --secret` writes it.",
                type: "object",
                required: ["secure"],
                properties: { secure: { type: "string" } },
                additionalProperties: false,
            },
            jsonText: {
                description: "JSON in one text, as `pulumi config set` writes it.",
                type: "string",
                pattern: "^\\s*[\\[{]",
            },
        },
    };
}

/** The mapping that a section describes, with its inner mappings and lists of mappings. */
function mappingOf({ settings, mappings = {}, rules = {} }: SettingsSection, at = ""): JsonSchema {
    const below = settings.filter(({ name }) => name.startsWith(at));
    const keys = [...new Set(below.map(({ name }) => name.slice(at.length).split(".")[0]))];
    const names = [...new Set(keys.map((key) => key.replace("[]", "")))];
    const properties = names.map((name) => {
        const own = below.find((setting) => setting.name === at + name);
        const inner = [name, `${name}[]`].find((key) =>
            below.some((setting) => setting.name.startsWith(`${at}${key}.`)),
        );
        if (inner === undefined) {
            return [name, { ...own?.schema, ...documentation(own) }] as const;
        }
        const description = mappings[at + inner] ?? own?.description;
        const mapping = {
            ...mappingOf({ settings, mappings, rules } as SettingsSection, `${at}${inner}.`),
            ...(description === undefined ? {} : { description }),
        };
        return inner === name
            ? ([name, { ...documentation(own), ...mapping }] as const)
            : ([name, { ...own?.schema, ...documentation(own), items: mapping }] as const);
    });
    const required = below
        .filter(({ name, isRequired }) => isRequired && !/[.]/.test(name.slice(at.length)))
        .map(({ name }) => name.slice(at.length));
    const allOf = rules[at.replace(/\.$/, "")];
    return defined({
        type: "object",
        properties: Object.fromEntries(properties),
        required: required.length > 0 ? required : undefined,
        additionalProperties: false,
        allOf,
    });
}

/** What editors show for a setting. */
function documentation(setting: Setting | undefined): JsonSchema {
    if (setting === undefined) {
        return {};
    }
    const { description, rule, example } = setting;
    const text = [description, rule].filter((one) => one !== undefined).join(" ");
    return defined({
        description: text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"),
        default: setting.default,
        examples: [example],
    });
}

function defined(schema: JsonSchema): JsonSchema {
    return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}
