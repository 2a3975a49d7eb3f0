import { CsvError, parse } from "csv-parse/sync";
import { suggestion } from "./closest";
import { deviceKeys } from "./deviceKeys";
import { Report } from "./report";
import { isMapping, Section } from "./section";

interface Row {
    /** Line of the file on which the row starts, from 1. */
    readonly line: number;
    readonly cells: readonly string[];
}

/** Columns whose cells hold several items, with a semicolon between them. */
const listColumns = ["thumbprints", "certificates"];
const tagColumn = /^tags\.(.+)$/;

/**
 * The devices of a CSV table (RFC 4180): a header with the settings of a device as column names, then one device a row.
 * An empty cell means that the setting is not given. Tags stand in columns `tags.NAME`, or as JSON in a column `tags`.
 *
 * @param file the file's name, for messages
 */
export function readDeviceTable(text: string, file: string, report: Report): Section[] {
    const rows = parseRows(text, file, report);
    if (rows === undefined) {
        return [];
    }
    const [header, ...body] = rows;
    if (header === undefined) {
        report.fault(
            `${file}:1`,
            "an empty file",
            "a table has a header",
            `start the file with the line ${deviceKeys.slice(0, 4).join(",")}`,
        );
        return [];
    }
    if (!checkHeader(header, file, report)) {
        return [];
    }
    return body.flatMap((row) => {
        const path = `${file}:${row.line}`;
        if (row.cells.length !== header.cells.length) {
            report.fault(
                path,
                `${row.cells.length} cells`,
                `every row has as many cells as the header (${header.cells.length})`,
                "add or delete commas; put a cell that holds a comma in double quotes",
            );
            return [];
        }
        const fields = readFields(header.cells, row.cells, path, report);
        return [new Section(report, (key) => `${path}: ${key}`, fields, "a device", deviceKeys)];
    });
}

function parseRows(text: string, file: string, report: Report): Row[] | undefined {
    try {
        const records = parse(text, {
            bom: true,
            info: true,
            raw: true,
            relax_column_count: true,
            skip_empty_lines: true,
            trim: true,
        }) as unknown as { record: string[]; raw: string; info: { lines: number } }[];
        return records.map(({ record, raw, info }) => ({
            line: info.lines - raw.trim().split("\n").length + 1,
            cells: record,
        }));
    } catch (error) {
        const line = error instanceof CsvError ? Number(error["lines"] ?? 1) : 1;
        report.fault(
            `${file}:${line}`,
            "(no CSV)",
            "double quotes enclose whole cells and are doubled inside them",
            "correct the quotes at or before this line",
        );
        return undefined;
    }
}

/** Reports every wrong column name; false when the columns cannot be told apart. */
function checkHeader({ line, cells }: Row, file: string, report: Report): boolean {
    const path = `${file}:${line}`;
    const separator = /[;\t|]/.exec(cells[0])?.[0];
    if (cells.length === 1 && separator !== undefined) {
        report.value(
            path,
            cells[0],
            "commas stand between columns",
            `replace ${JSON.stringify(separator)} by commas, or save the table again as CSV with commas`,
        );
        return false;
    }
    if (!cells.includes("id")) {
        report.value(
            path,
            cells.join(","),
            "the header has a column id",
            "add it, as first column",
        );
    }
    cells.forEach((cell, index) => {
        if (cells.indexOf(cell) < index) {
            report.value(path, cell, "a column stands once", "delete or rename the second one");
        } else if (!deviceKeys.includes(cell) && !tagColumn.test(cell)) {
            report.value(path, cell, "is no setting of a device", suggestion(cell, deviceKeys));
        }
    });
    return cells.includes("id");
}

function readFields(
    header: readonly string[],
    cells: readonly string[],
    path: string,
    report: Report,
): Record<string, unknown> {
    const given = header
        .map((column, index) => ({ column, cell: cells[index] }))
        .filter(({ cell }) => cell !== "");
    const fields = given
        .filter(({ column }) => deviceKeys.includes(column) && column !== "tags")
        .map(({ column, cell }) => [column, listColumns.includes(column) ? split(cell) : cell]);
    const tagCells = given.flatMap(({ column, cell }) => {
        const name = tagColumn.exec(column)?.[1];
        return name === undefined ? [] : [[name, cell] as const];
    });
    const json = given.find(({ column }) => column === "tags")?.cell;
    const tags = [...parseTags(json, path, report), ...tagCells];
    checkTagNames(tags, path, report);
    return Object.fromEntries(
        tags.length === 0 ? fields : [...fields, ["tags", Object.fromEntries(tags)]],
    );
}

function split(cell: string): string[] {
    return cell.split(";").map((item) => item.trim());
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
        value = JSON.parse(json);
    } catch {
        value = undefined;
    }
    if (!isMapping(value)) {
        report.value(
            `${path}: tags`,
            json,
            "is a JSON object",
            'write {"name":"value"} with its double quotes doubled, or use columns tags.NAME',
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
            "a tag stands once",
            `give it in the column tags or in the column tags.${name}, not in both`,
        );
    }
}
