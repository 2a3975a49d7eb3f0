import { InventoryRow } from "./row";

const columns = [
    "kind",
    "name",
    "group",
    "generation",
    "subject",
    "issuer",
    "sha1Thumbprint",
    "sha256Thumbprint",
    "serial",
    "notBefore",
    "notAfter",
    "daysLeft",
    "trustedOn",
    "provisioning",
    "status",
    "hub",
    "lastActivity",
    "knownFrom",
    "note",
] as const satisfies readonly (keyof InventoryRow)[];

/** An RFC 4180 table with a header; unknown values are empty cells, list items are separated by `; `. */
export function csv(rows: readonly InventoryRow[]): string {
    const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(","));
    return [columns.join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

function cell(value: InventoryRow[(typeof columns)[number]]): string {
    if (value === null) {
        return "";
    }
    if (typeof value === "number") {
        return String(value);
    }
    const text = typeof value === "string" ? value : value.join("; ");
    // A spreadsheet would read the text as a formula, and device IDs may start with these characters.
    const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replace(/"/g, '""')}"` : harmless;
}
