import { ReportRow } from "./inventory";

/** The columns in the order in which a row of the page's data has them. */
const fields = [
    "name",
    "kind",
    "group",
    "generation",
    "notAfter",
    "daysLeft",
    "status",
    "lastActivity",
    "trustedOn",
    "knownFrom",
    "subject",
    "issuer",
    "serial",
    "sha256Thumbprint",
    "sha1Thumbprint",
    "notBefore",
    "provisioning",
    "hub",
    "note",
] as const satisfies readonly (keyof ReportRow)[];

/** Texts that many rows have in common; a row has their number. */
const shared: ReadonlySet<string> = new Set([
    "kind",
    "group",
    "status",
    "trustedOn",
    "knownFrom",
    "issuer",
    "provisioning",
    "hub",
    "note",
]);

/** What the page's script reads. */
export interface RowData {
    readonly fields: readonly string[];
    readonly shared: readonly string[];
    readonly texts: readonly string[];
    readonly rows: readonly (readonly (string | number | null)[])[];
}

/** Rows in a form that is small for 10,000 of them. */
export function rowData(rows: readonly ReportRow[]): RowData {
    const numbers = new Map<string, number>();
    const number = (text: string): number => {
        const known = numbers.get(text) ?? numbers.size;
        numbers.set(text, known);
        return known;
    };
    const cell = (row: ReportRow, field: (typeof fields)[number]): string | number | null => {
        const value = row[field];
        const text = typeof value === "object" && value !== null ? value.join(", ") : value;
        return typeof text === "string" && shared.has(field) ? number(text) : text;
    };
    return {
        fields,
        shared: [...shared],
        rows: rows.map((row) => fields.map((field) => cell(row, field))),
        texts: [...numbers.keys()],
    };
}

/** What the filters of the table offer. */
export function choices(rows: readonly ReportRow[]): { kinds: string[]; groups: string[] } {
    const names = rows.flatMap(({ group }) => (group === null ? [] : [group]));
    return {
        kinds: [...new Set(rows.map(({ kind }) => kind))],
        groups: [...new Set(names)].sort(new Intl.Collator("en", { numeric: true }).compare),
    };
}
