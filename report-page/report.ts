import { readFileSync } from "fs";
import * as path from "path";
import { transformSync } from "@swc/core";
import { chain } from "./chain";
import { ReportInventory } from "./inventory";
import { escaped, page } from "./markup";
import { rollovers } from "./rollovers";
import { choices, rowData } from "./rowData";
import { summary } from "./summary";
import { timeline } from "./timeline";

/**
 * An inventory as one HTML file that loads nothing: summary, chain, what ends in the next year, rollovers, all
 * certificates. Everything but the table is there without its script.
 */
export function report(inventory: ReportInventory): string {
    const body = [
        ...summary(inventory),
        ...chain(inventory),
        ...timeline(inventory),
        ...rollovers(inventory),
        ...certificates(inventory),
        "</main>",
    ];
    return page(`Certificates of ${inventory.of}`, body, {
        code: tableScript(),
        data: rowData(inventory.rows),
    });
}

function certificates({ rows }: ReportInventory): string[] {
    const { kinds, groups } = choices(rows);
    return [
        '<section aria-labelledby="rows">',
        '<h2 id="rows">All certificates</h2>',
        "<noscript><p>The table needs JavaScript. <code>npm run inventory</code> lists the same as text or CSV.</p></noscript>",
        '<div class="filters" role="search" aria-label="Certificates">',
        '<label class="wide">Search names, subjects, thumbprints <input id="text" type="search" autocomplete="off"></label>',
        ...select("kind", "Kind", [["", "all"], ...kinds.map((kind) => [kind, kind] as const)]),
        ...select("group", "Group", [["", "all"], ...groups.map((one) => [one, one] as const)]),
        ...select("end", "Ends", [
            ["", "at any time"],
            ["expired", "expired"],
            ["7", "within 7 days"],
            ["14", "within 14 days"],
            ["30", "within 30 days"],
            ["90", "within 90 days"],
            ["365", "within a year"],
            ["unknown", "unknown"],
        ]),
        "</div>",
        '<div class="table rows" tabindex="0" role="region" aria-label="Table of certificates">',
        '<table><thead><tr id="head"></tr></thead><tbody id="body"></tbody></table>',
        "</div>",
        '<div class="pages">',
        '<button id="before" type="button">Previous page</button>',
        '<button id="next" type="button">Next page</button>',
        '<span id="shown" role="status"></span>',
        "</div>",
        "</section>",
    ];
}

function select(
    id: string,
    title: string,
    options: readonly (readonly [value: string, text: string])[],
): string[] {
    return [
        `<label>${title} <select id="${id}">`,
        ...options.map(
            ([value, text]) => `<option value="${escaped(value)}">${escaped(text)}</option>`,
        ),
        "</select></label>",
    ];
}

let compiled: string | undefined;

/** The script of the table as the browser runs it: one file, without its types. */
function tableScript(): string {
    if (compiled === undefined) {
        const file = path.join(__dirname, "browser/table.ts");
        const { code } = transformSync(readFileSync(file, "utf8"), {
            configFile: false,
            swcrc: false,
            jsc: { parser: { syntax: "typescript" }, target: "es2022" },
            module: { type: "commonjs" },
            minify: false,
        });
        compiled = `(() => { const exports = {};\n${code}\nexports.start(); })();`;
    }
    return compiled;
}
