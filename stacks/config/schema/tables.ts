import { Setting, SettingsSection } from "./model";

/**
 * The reference with regenerated tables. A table is between `<!-- settings: HEADING -->` and `<!-- end -->`.
 *
 * @throws Error if a section has no place in the text, or a place has no section
 */
export function withTables(markdown: string, sections: readonly SettingsSection[]): string {
    const written = new Set<string>();
    const text = markdown.replace(
        /^(<!-- settings: (.*) -->\n)[^]*?^(<!-- end -->)$/gm,
        (_, begin: string, heading: string, end: string) => {
            const section = sections.find((one) => one.heading === heading);
            if (section === undefined) {
                throw new Error(`the reference has a table "${heading}", which is no section`);
            }
            written.add(heading);
            return `${begin}${table(section)}\n${end}`;
        },
    );
    const missing = sections.filter(({ heading }) => !written.has(heading));
    if (missing.length > 0) {
        throw new Error(
            `the reference has no table for ${missing.map(({ heading }) => heading).join(", ")}`,
        );
    }
    return text;
}

function table({ settings }: SettingsSection): string {
    return [
        "| key | type | default | meaning | example |",
        "| --- | --- | --- | --- | --- |",
        ...settings.map(
            (one) =>
                `| \`${one.name}\` | ${one.type} | ${defaultOf(one)} | ${meaning(one)} | ${code(one.example)} |`,
        ),
    ].join("\n");
}

function defaultOf(setting: Setting): string {
    if (setting.isRequired) {
        return "required";
    }
    return setting.defaultText ?? (setting.default === undefined ? "none" : code(setting.default));
}

function meaning({ description, rule }: Setting): string {
    return rule === undefined ? description : `${description} ${rule}`;
}

/** A value as a settings file can have it on one line. */
function code(value: unknown): string {
    return `\`${inline(value)}\``;
}

function inline(value: unknown): string {
    if (Array.isArray(value)) {
        return `[${value.map(inline).join(", ")}]`;
    }
    if (typeof value === "object" && value !== null) {
        const items = Object.entries(value).map(([key, item]) => `${quoted(key)}: ${inline(item)}`);
        return items.length === 0 ? "{}" : `{ ${items.join(", ")} }`;
    }
    return typeof value === "string" ? quoted(value) : String(value);
}

/** In quotes if YAML would read a number. */
function quoted(value: string): string {
    return /^[0-9.]+$/.test(value) ? JSON.stringify(value) : value;
}
