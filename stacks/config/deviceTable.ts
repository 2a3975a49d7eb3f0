import { suggestion } from "./suggestions";
import { isErrorValue } from "./converted";
import { DeviceKeys } from "./deviceKeys";
import { readJson } from "./jsonText";
import { Report } from "./report";
import { isMapping, Section } from "./section";
import { parseTable, Row, Table } from "./tableRows";

const tagColumn = /^tags\.(.+)$/s;

/** Words that spreadsheets write in capitals, and that people may capitalize. */
const words = ["enabled", "disabled", "group", "individual", "true", "false"];
const wordColumns = ["auth", "status", "enrollment", "adopt"];

/**
 * The devices of a table (see {@link parseTable}): a header with the device settings as column names, then one device per
 * row. The header, flags and choices are not case-sensitive. An empty cell means that the setting is absent. In cells of
 * lists, a semicolon or a line break separates the items. Tags are in columns `tags.NAME`, or as JSON in a column `tags`.
 *
 * @param file the file's name, for messages
 */
export function readDeviceTable(
    text: string,
    file: string,
    keys: DeviceKeys,
    report: Report,
): Section[] {
    if (/^\s*[[{]/.test(text)) {
        report.fault(
            `${file}:1`,
            "JSON",
            "the file must be a table, because of its extension",
            "give the file the extension .json",
        );
        return [];
    }
    const table = parseTable(text, file, (name) => isColumn(columnName(name, keys), keys), report);
    if (table === undefined) {
        return [];
    }
    if (table.header === undefined) {
        report.fault(
            `${file}:1`,
            "an empty file",
            "a table must have a header",
            `start the file with the line ${keys.all.slice(0, 4).join(",")}`,
        );
        return [];
    }
    const header = table.header.cells.map((cell) => columnName(cell, keys));
    if (!checkHeader(table.header, header, file, keys, report)) {
        return [];
    }
    return table.body.flatMap((row) => readRow(row, header, table, file, keys, report));
}

function readRow(
    { line, cells }: Row,
    header: readonly string[],
    { separators }: Table,
    file: string,
    keys: DeviceKeys,
    report: Report,
): Section[] {
    const path = `${file}:${line}`;
    if (cells.length !== header.length) {
        report.fault(
            path,
            `${cells.length} cells`,
            `every row must have as many cells as the header (${header.length})`,
            `add or delete ${separators}; put a cell that contains one in double quotes`,
        );
        return [];
    }
    if (cells.every((cell, index) => columnName(cell, keys) === header[index])) {
        report.fault(
            path,
            "a second header",
            "a table must have one header, in its first line",
            "delete this line; it came with a table that was added at the end of another",
        );
        return [];
    }
    const fields = readFields(header, cells, path, keys, report);
    return [new Section(report, (key) => `${path}: ${key}`, fields, "a device", keys.all)];
}

/** A column's name in the spelling of the settings; any other text unchanged. */
function columnName(cell: string, keys: DeviceKeys): string {
    const name = cell.trim();
    const known = keys.all.find((key) => key.toLowerCase() === name.toLowerCase());
    return known ?? name.replace(/^tags\./i, "tags.");
}

function isColumn(name: string, keys: DeviceKeys): boolean {
    return keys.all.includes(name) || tagColumn.test(name);
}

/** Reports every wrong column name; false if the devices cannot be told apart. */
function checkHeader(
    { line, cells }: Row,
    names: readonly string[],
    file: string,
    keys: DeviceKeys,
    report: Report,
): boolean {
    const path = `${file}:${line}`;
    const hasId = names.includes("id");
    if (!hasId) {
        report.value(
            path,
            cells.join(","),
            "the header must have a column id",
            "add it as the first column, and separate the columns with commas, semicolons or tabs",
        );
    }
    names.forEach((name, index) => {
        if (names.indexOf(name) < index) {
            report.value(
                path,
                cells[index],
                "column names must be unique",
                "delete or rename the second one",
            );
        } else if (hasId && !isColumn(name, keys)) {
            report.value(path, name, "is not a device setting", suggestion(name, keys.all));
        }
    });
    return hasId;
}

function readFields(
    header: readonly string[],
    cells: readonly string[],
    path: string,
    keys: DeviceKeys,
    report: Report,
): Record<string, unknown> {
    const given = header
        .map((column, index) => ({ column, cell: cells[index] }))
        .filter(({ cell }) => cell !== "");
    const fields = given
        .filter(({ column }) => keys.all.includes(column) && column !== "tags")
        .map(({ column, cell }) => [column, valueOf(column, cell, keys)]);
    const tagCells = given.flatMap(({ column, cell }) => {
        const name = tagColumn.exec(column)?.[1];
        if (name !== undefined && isErrorValue(cell)) {
            report.value(
                `${path}: ${column}`,
                cell,
                "must be a tag, not the error value of a formula",
                "correct the formula, or clear the cell",
            );
        }
        return name === undefined ? [] : [[name, cell] as const];
    });
    const json = given.find(({ column }) => column === "tags")?.cell;
    const tags = [...parseTags(json, path, report), ...tagCells];
    checkTagNames(tags, path, report);
    return Object.fromEntries(
        tags.length === 0 ? fields : [...fields, ["tags", Object.fromEntries(tags)]],
    );
}

function valueOf(column: string, cell: string, keys: DeviceKeys): string | string[] {
    if (keys.lists.includes(column)) {
        return cell.split(/[;\n]/).map((item) => item.trim());
    }
    const word = cell.toLowerCase();
    return wordColumns.includes(column) && [...keys.auths, ...words].includes(word) ? word : cell;
}

function parseTags(
    json: string | undefined,
    path: string,
    report: Report,
): (readonly [string, unknown])[] {
    if (json === undefined) {
        return [];
    }
    let value: unknown;
    try {
        value = readJson(json, `${path}: tags`, false, {}, report);
    } catch {
        value = undefined;
    }
    if (!isMapping(value)) {
        report.value(
            `${path}: tags`,
            json,
            "must be a JSON object",
            /[“”„«»]/.test(json)
                ? 'replace the typographic quotes with straight ones ("), doubled inside a cell, or use columns tags.NAME'
                : 'write {"name":"value"} with its double quotes doubled, or use columns tags.NAME',
        );
        return [];
    }
    return Object.entries(value);
}

function checkTagNames(
    tags: readonly (readonly [string, unknown])[],
    path: string,
    report: Report,
): void {
    const names = tags.map(([name]) => name);
    for (const name of names.filter((candidate, index) => names.indexOf(candidate) < index)) {
        report.value(
            `${path}: tags.${name}`,
            name,
            "tag names must be unique",
            `set it in the column tags or in the column tags.${name}, not in both`,
        );
    }
}
