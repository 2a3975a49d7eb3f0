import { createHash } from "crypto";
import { style } from "./style";

const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
};

/** Text for an element or a quoted attribute. */
export function escaped(text: string): string {
    return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** One script of a page, and the data that it reads from the element `data`. */
export interface PageScript {
    readonly code: string;
    readonly data: unknown;
}

/**
 * A page in one file. Its content security policy lets it load nothing and run no script but the given one.
 *
 * @param body markup
 */
export function page(title: string, body: readonly string[], script?: PageScript): string {
    const allowed = script && ` script-src 'sha256-${sha256(script.code)}';`;
    return [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        `<meta http-equiv="Content-Security-Policy" content="default-src 'none';${allowed ?? ""} style-src 'unsafe-inline'">`,
        `<title>${escaped(title)}</title>`,
        `<style>${style}</style>`,
        "</head>",
        "<body>",
        ...body,
        ...(script === undefined
            ? []
            : [
                  `<script type="application/json" id="data">${scriptData(script.data)}</script>`,
                  `<script>${script.code}</script>`,
              ]),
        "</body>",
        "</html>",
        "",
    ].join("\n");
}

/** No text can end the element (HTML, 13.1.2.1: restrictions on raw text). */
function scriptData(data: unknown): string {
    return JSON.stringify(data).replace(/</g, "\\u003c");
}

function sha256(text: string): string {
    return createHash("sha256").update(text, "utf8").digest("base64");
}

/** A table; the first cell of a row is its heading. Wide tables scroll on their own, also by keyboard. */
export function table(
    name: string,
    head: readonly string[],
    rows: readonly (readonly string[])[],
): string[] {
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

/** `1 device`, `1,234 devices`. */
export function counted(count: number, word: string): string {
    return `${count.toLocaleString("en-US")} ${word}${count === 1 ? "" : "s"}`;
}
