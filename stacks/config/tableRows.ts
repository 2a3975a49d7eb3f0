import { CsvError, parse } from "csv-parse/sync";
import { Report } from "./report";

/** One record of a table. */
export interface Row {
    /** Line of the file on which the row starts, from 1. */
    readonly line: number;
    readonly cells: readonly string[];
}

export interface Table {
    readonly header: Row;
    readonly body: readonly Row[];
    /** The separator in words: `commas`. */
    readonly separators: string;
}

const separators: Readonly<Record<string, string>> = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
};

/**
 * Parses a table as spreadsheets write it: RFC 4180 with commas, semicolons (used if the comma is the decimal separator),
 * tabs or vertical bars, and any line endings. A first line `sep=;` sets the separator; otherwise the header determines it.
 * Rows of empty cells, and empty cells after the last column, are ignored.
 *
 * @param isColumn whether a text is the name of a column
 * @returns undefined if a problem was reported; `header` is undefined for an empty file
 */
export function parseTable(
    text: string,
    file: string,
    isColumn: (name: string) => boolean,
    report: Report,
): Table | { readonly header: undefined } | undefined {
    // U+001A ends a DOS text file.
    const lines = text
        .replace(/^\ufeff/, "")
        .replace(/\r\n?/g, "\n")
        .replace(/\u001a\s*$/, "");
    const told = /^"?sep=(.)"?[^\S\n]*(?=\n|$)/i.exec(lines);
    // The line is emptied, not removed, because messages contain line numbers.
    const content = told ? lines.slice(told[0].length) : lines;
    const separator = told?.[1] ?? separatorOf(content, isColumn);
    try {
        const rows = records(content, separator).filter(({ cells }) => cells.some(Boolean));
        const [header, ...body] = rows;
        if (header === undefined) {
            return { header };
        }
        const width = lastCell(header.cells);
        return {
            header: cut(header, width),
            body: body.map((row) => cut(row, Math.max(width, lastCell(row.cells)))),
            separators: separators[separator] ?? JSON.stringify(separator),
        };
    } catch (error) {
        const line = error instanceof CsvError ? Number(error["lines"] ?? 1) : 1;
        report.fault(
            `${file}:${line}`,
            "(not CSV)",
            "double quotes must enclose whole cells and be doubled inside them",
            formula.test(lines.split("\n")[line - 1] ?? "")
                ? 'write a cell such as ="00-12" without the equals sign and the quotes: 00-12'
                : "correct the quotes at or before this line",
        );
        return undefined;
    }
}

/** A text written as a formula, with which exports protect leading zeros from spreadsheets. */
const formula = /(?:^|[,;|\t])="/;

/** The separator that finds the most column names in the first line. */
function separatorOf(text: string, isColumn: (name: string) => boolean): string {
    const columns = Object.keys(separators).map((separator) => {
        try {
            const [first] = records(text, separator, 1);
            return { separator, count: first?.cells.filter(isColumn).length ?? 0 };
        } catch {
            return { separator, count: 0 };
        }
    });
    return columns.reduce((best, next) => (next.count > best.count ? next : best)).separator;
}

function records(text: string, delimiter: string, count?: number): Row[] {
    const found = parse(text, {
        delimiter,
        info: true,
        raw: true,
        relax_column_count: true,
        skip_empty_lines: true,
        to: count,
        trim: true,
    }) as unknown as { record: string[]; raw: string; info: { lines: number } }[];
    return found.map(({ record, raw, info }) => ({
        line: info.lines - raw.trim().split("\n").length + 1,
        cells: record.map((cell) => cell.trim()),
    }));
}

function lastCell(cells: readonly string[]): number {
    return cells.reduce((last, cell, index) => (cell === "" ? last : index + 1), 0);
}

function cut({ line, cells }: Row, width: number): Row {
    return { line, cells: cells.slice(0, width) };
}
