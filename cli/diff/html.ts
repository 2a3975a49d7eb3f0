import { escaped, page, table } from "../../report-page/markup";
import { FleetDiff } from "./fleetDiff";
import { Fold, Line, Report, reportOf, ReportSection } from "./report";

/**
 * A diff as one HTML file, without external resources or scripts. Light and dark mode follow the reader's system; printing
 * expands what is folded. Nothing is shortened.
 */
export function html(diff: FleetDiff): string {
    const report = reportOf(diff);
    return page(report.title, body(report));
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
        ...tables.flatMap((one, number) =>
            table(`${title}, table ${number + 1}`, one.head, one.rows),
        ),
        ...list(lines),
        ...folds.flatMap(fold),
        "</section>",
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
