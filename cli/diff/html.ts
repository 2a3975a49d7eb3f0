import { FleetDiff } from "./fleetDiff";
import { Fold, Line, Report, reportOf, ReportSection, Table } from "./report";

/**
 * A diff as one HTML file, without external resources or scripts. Light and dark mode follow the reader's system; printing
 * expands what is folded. Nothing is shortened.
 */
export function html(diff: FleetDiff): string {
    const report = reportOf(diff);
    return [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
        `<title>${escaped(report.title)}</title>`,
        `<style>${style}</style>`,
        "</head>",
        "<body>",
        ...body(report),
        "</body>",
        "</html>",
        "",
    ].join("\n");
}

function body({ title, isEmpty, headline, sections }: Report): string[] {
    return [
        "<header>",
        `<h1>${escaped(title)}</h1>`,
        `<p class="headline${headline.isStrong ? " loses" : ""}">${headline.isStrong ? "⚠ " : isEmpty ? "" : "✓ "}${escaped(headline.text)}</p>`,
        "</header>",
        "<main>",
        ...(isEmpty ? [] : sections.flatMap(section)),
        "</main>",
    ];
}

function section({ title, lines, tables, folds }: ReportSection, index: number): string[] {
    const id = `section-${index + 1}`;
    return [
        `<section aria-labelledby="${id}">`,
        `<h2 id="${id}">${escaped(title)}</h2>`,
        ...tables.flatMap((one, number) => table(one, `${title}, table ${number + 1}`)),
        ...list(lines),
        ...folds.flatMap(fold),
        "</section>",
    ];
}

/** Wide tables scroll on their own, also by keyboard. */
function table({ head, rows }: Table, name: string): string[] {
    return [
        `<div class="table" tabindex="0" role="region" aria-label="${escaped(name)}">`,
        "<table>",
        `<thead><tr>${head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join("")}</tr></thead>`,
        "<tbody>",
        ...rows.map(
            ([first = "", ...cells]) =>
                `<tr><th scope="row">${escaped(first)}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`,
        ),
        "</tbody>",
        "</table>",
        "</div>",
    ];
}

function list(lines: readonly Line[]): string[] {
    const items = lines.map(({ text, isStrong }) =>
        isStrong ? `<li><strong>${escaped(text)}</strong></li>` : `<li>${escaped(text)}</li>`,
    );
    return items.length === 0 ? [] : ["<ul>", ...items, "</ul>"];
}

function fold({ summary, items }: Fold): string[] {
    return items.length === 0
        ? [`<p>${escaped(summary)}</p>`]
        : [
              "<details>",
              `<summary>${escaped(summary)}</summary>`,
              `<ul class="names">${items.map((item) => `<li>${escaped(item)}</li>`).join("")}</ul>`,
              "</details>",
          ];
}

const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
};

function escaped(text: string): string {
    return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** Contrast is at least 4.5 in both colour schemes (WCAG 2.2, 1.4.3). */
const style = `
:root { color-scheme: light dark; --text: #1b1f24; --ground: #ffffff; --soft: #f3f5f7; --line: #c9d1d9; --loss: #a40e26; --link: #0550ae; }
@media (prefers-color-scheme: dark) {
:root { --text: #e6edf3; --ground: #0d1117; --soft: #161b22; --line: #3d444d; --loss: #ff9492; --link: #79c0ff; }
}
body { margin: 0 auto; max-width: 70rem; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
.headline { font-size: 1.1rem; font-weight: 600; }
.loses, strong { color: var(--loss); }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; overflow-wrap: normal; }
thead th { background: var(--soft); }
tbody th { font-weight: 600; }
summary { cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.names { columns: 16rem; }
@media print {
:root { --text: #000000; --ground: #ffffff; --soft: #ffffff; --line: #777777; --loss: #000000; }
body { max-width: none; padding: 0; font-size: .8rem; }
details::details-content { content-visibility: visible; block-size: auto; }
thead { display: table-header-group; }
tr, li { break-inside: avoid; }
h2 { break-after: avoid; }
}
`;
