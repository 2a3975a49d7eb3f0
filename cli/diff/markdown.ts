import { FleetDiff } from "./fleetDiff";
import { Fold, Line, reportOf, ReportSection, Table } from "./report";

/** A comment of GitHub holds 65,536 characters. */
export const mostCharacters = 65_000;

/** How much of lists is shown; the first that fits is taken. */
interface Bounds {
    readonly names: number;
    readonly rows: number;
    readonly lines: number;
}

const bounds: readonly Bounds[] = [
    { names: Infinity, rows: Infinity, lines: Infinity },
    { names: 1000, rows: 200, lines: 200 },
    { names: 200, rows: 100, lines: 100 },
    { names: 50, rows: 50, lines: 50 },
    { names: 10, rows: 25, lines: 25 },
    { names: 0, rows: 10, lines: 10 },
];

/** Names up to so many stand open beside their count; more are folded. */
const mostOpen = 10;
/** Of a line, e.g. of many changed properties. */
const longestLine = 600;
const mostFolds = 60;

/** A diff as a comment on a pull request: under 65,000 characters for any fleet. Counts are never left out. */
export function markdown(diff: FleetDiff): string {
    const { title, isEmpty, headline, sections } = reportOf(diff);
    if (isEmpty) {
        return escaped(headline.text);
    }
    const texts = bounds.map(
        (bound) => () =>
            [
                `### ${escaped(title)}`,
                headline.isStrong
                    ? `**⚠ ${escaped(headline.text)}**`
                    : `✓ ${escaped(headline.text)}`,
                ...sections.map((section) => sectionText(section, bound)),
            ].join("\n\n"),
    );
    for (const text of texts) {
        const whole = text();
        if (whole.length < mostCharacters) {
            return whole;
        }
    }
    throw new Error("the shortest form is longer than a comment");
}

function sectionText({ title, lines, tables, folds }: ReportSection, bound: Bounds): string {
    const left = folds.length - mostFolds;
    return [
        `#### ${title}`,
        ...tables.map((table) => tableText(table, bound)),
        ...(lines.length === 0 ? [] : [listText(lines, bound)]),
        ...folds.slice(0, mostFolds).map((fold) => foldText(fold, bound)),
        ...(left > 0 ? [`and ${left} more lists`] : []),
    ].join("\n\n");
}

function listText(lines: readonly Line[], { lines: most }: Bounds): string {
    // What loses something is kept longest.
    const ranked = [...lines].sort((one, other) => Number(other.isStrong) - Number(one.isStrong));
    const kept = new Set(ranked.slice(0, most));
    const shown = lines
        .filter((line) => kept.has(line))
        .map(({ text, isStrong }) => (isStrong ? `- **${cell(text)}**` : `- ${cell(text)}`));
    const left = lines.length - shown.length;
    return [...shown, ...(left > 0 ? [`- and ${left} more`] : [])].join("\n");
}

function tableText({ head, rows, rowsAre }: Table, { rows: most }: Bounds): string {
    const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
    const left = rows.length - most;
    return [
        line(head),
        `|${" --- |".repeat(head.length)}`,
        ...rows.slice(0, most).map(line),
        ...(left > 0 ? ["", `and ${left} more ${rowsAre}`] : []),
    ].join("\n");
}

function foldText({ summary, items }: Fold, { names }: Bounds): string {
    const shown = items.slice(0, names).map(escaped);
    const left = items.length - shown.length;
    const list = [...shown, ...(left > 0 && shown.length > 0 ? [`… and ${left} more`] : [])].join(
        ", ",
    );
    if (shown.length === 0) {
        return `- ${cell(summary)}`;
    }
    return items.length <= mostOpen
        ? `- ${cell(summary)}: ${list}`
        : `<details><summary>${cell(summary)}</summary>\n\n${list}\n\n</details>`;
}

function cell(text: string): string {
    return escaped(text.length > longestLine ? `${text.slice(0, longestLine)} …` : text);
}

/** A device ID may hold what Markdown reads as its own. */
function escaped(text: string): string {
    return text
        .replace(/[\r\n]+/g, " ")
        .replace(/[\\`*_|~[\]]/g, "\\$&")
        .replace(/&/g, "&amp;")
        .replace(/</g, "&lt;")
        .replace(/>/g, "&gt;")
        .replace(/@/g, "@\u200b");
}
