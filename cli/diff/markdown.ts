import { FleetDiff } from "./fleetDiff";
import { Fold, Line, reportOf, ReportSection, Table } from "./report";

/** A GitHub comment can have 65,536 characters. */
export const mostCharacters = 65_000;

/** How much of the lists is shown; the first bounds that fit are used. */
interface Bounds {
    readonly names: number;
    readonly rows: number;
    readonly lines: number;
    readonly folds: number;
    /** Characters of a line or cell, e.g. of many changed properties. */
    readonly text: number;
}

const whole = { folds: 60, text: 600 };
const bounds: readonly Bounds[] = [
    { names: Infinity, rows: Infinity, lines: Infinity, ...whole },
    { names: 1000, rows: 200, lines: 200, ...whole },
    { names: 200, rows: 100, lines: 100, ...whole },
    { names: 50, rows: 50, lines: 50, ...whole },
    { names: 10, rows: 25, lines: 25, ...whole },
    { names: 0, rows: 10, lines: 10, ...whole },
    // Fits whatever the texts are, even if every character is escaped.
    { names: 0, rows: 5, lines: 5, folds: 10, text: 60 },
];

/** Up to this many names are shown next to their count; more are folded. */
const mostOpen = 10;

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
        const comment = text();
        if (comment.length < mostCharacters) {
            return comment;
        }
    }
    throw new Error("the shortest form is longer than a comment");
}

function sectionText({ title, lines, tables, folds }: ReportSection, bound: Bounds): string {
    const left = folds.slice(bound.folds);
    const names = left.reduce((sum, { items }) => sum + items.length, 0);
    return [
        `#### ${title}`,
        ...tables.map((table) => tableText(table, bound)),
        ...(lines.length === 0 ? [] : [listText(lines, bound)]),
        ...folds.slice(0, bound.folds).map((fold) => foldText(fold, bound)),
        ...(left.length > 0
            ? [
                  `and ${left.length} more lists of ${names.toLocaleString("en-US")} names, which --html and --json have`,
              ]
            : []),
    ].join("\n\n");
}

function listText(lines: readonly Line[], { lines: most, text: longest }: Bounds): string {
    // Lines about losses are dropped last.
    const ranked = [...lines].sort((one, other) => Number(other.isStrong) - Number(one.isStrong));
    const kept = new Set(ranked.slice(0, most));
    const shown = lines
        .filter((line) => kept.has(line))
        .map(({ text, isStrong }) =>
            isStrong ? `- **${cell(text, longest)}**` : `- ${cell(text, longest)}`,
        );
    const left = lines.length - shown.length;
    return [...shown, ...(left > 0 ? [`- and ${left} more`] : [])].join("\n");
}

/** What is today stands in `<sub>`, which no other text contains: who compares two comments leaves it out by that. */
function tableText(
    { head, rows, rowsAre, todayColumn }: Table,
    { rows: most, text: longest }: Bounds,
): string {
    const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
    const row = (cells: readonly string[]): string =>
        line(
            cells.map((one, index) =>
                index === todayColumn ? `<sub>${cell(one, longest)}</sub>` : cell(one, longest),
            ),
        );
    const left = rows.length - most;
    return [
        line(head.map((one) => cell(one, longest))),
        `|${" --- |".repeat(head.length)}`,
        ...rows.slice(0, most).map(row),
        ...(left > 0 ? ["", `and ${left} more ${rowsAre}`] : []),
    ].join("\n");
}

function foldText({ summary, items }: Fold, { names, text: longest }: Bounds): string {
    const shown = items.slice(0, names).map(escaped);
    const left = items.length - shown.length;
    const list = [...shown, ...(left > 0 && shown.length > 0 ? [`… and ${left} more`] : [])].join(
        ", ",
    );
    if (shown.length === 0) {
        return `- ${cell(summary, longest)}`;
    }
    return items.length <= mostOpen
        ? `- ${cell(summary, longest)}: ${list}`
        : `<details><summary>${cell(summary, longest)}</summary>\n\n${list}\n\n</details>`;
}

function cell(text: string, longest: number): string {
    return escaped(text.length > longest ? `${text.slice(0, longest)} …` : text);
}

/** Device IDs may contain characters that Markdown interprets. */
function escaped(text: string): string {
    return text
        .replace(/[\r\n]+/g, " ")
        .replace(/[\\`*_|~[\]]/g, "\\$&")
        .replace(/&/g, "&amp;")
        .replace(/</g, "&lt;")
        .replace(/>/g, "&gt;")
        .replace(/@/g, "@\u200b");
}
