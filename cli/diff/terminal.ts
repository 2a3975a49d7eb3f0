import { FleetDiff } from "./fleetDiff";
import { Fold, Line, reportOf, ReportSection, Table } from "./report";

/** This many names of a list and rows of a table are printed; the rest are counted. */
const most = 20;
const mostRows = 40;

/** A diff as lines for a terminal. */
export function terminalLines(diff: FleetDiff, isColoured = false): string[] {
    const { title, isEmpty, headline, sections } = reportOf(diff);
    if (isEmpty) {
        return [headline.text];
    }
    const bold = ({ text, isStrong }: Line): string =>
        isStrong && isColoured ? `\u001b[1m${text}\u001b[0m` : text;
    return [title, bold(headline), ...sections.flatMap((section) => sectionLines(section, bold))];
}

function sectionLines(
    { title, lines, tables, folds }: ReportSection,
    bold: (line: Line) => string,
): string[] {
    return [
        title,
        ...bounded(lines.map(bold), mostRows, "lines"),
        ...tables.flatMap(tableLines),
        ...folds.map(foldLine),
    ].map((line, index) => (index === 0 ? line : `  ${line}`));
}

function tableLines({ head, rows, rowsAre }: Table): string[] {
    const shown = [head, ...rows.slice(0, mostRows)];
    const widths = head.map((_, column) => Math.max(...shown.map((row) => row[column].length)));
    const lines = shown.map((row) =>
        row
            .map((cell, column) => cell.padEnd(widths[column]))
            .join("  ")
            .trimEnd(),
    );
    const left = rows.length - mostRows;
    return left > 0 ? [...lines, `and ${left} more ${rowsAre}`] : lines;
}

function foldLine({ summary, items }: Fold): string {
    const names = bounded(items, most, "").join(", ").trim();
    return names === "" ? summary : `${summary}: ${names}`;
}

function bounded(lines: readonly string[], count: number, what: string): string[] {
    return lines.length <= count
        ? [...lines]
        : [...lines.slice(0, count), `and ${lines.length - count} more ${what}`.trim()];
}
