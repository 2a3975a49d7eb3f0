/*
 * Runs in the browser: shows, sorts and filters the rows of the page. It makes every element by itself and every text by
 * `textContent`, so no text of a device becomes markup.
 */
import type { RowData } from "../rowData";

type Cell = string | number | null;
export type Row = Readonly<Record<string, Cell>>;

/** What the reader chose. Empty: everything. */
export interface Wanted {
    readonly text: string;
    readonly kind: string;
    readonly group: string;
    /** `expired`, `unknown`, or a number of days. */
    readonly end: string;
}

export interface Order {
    readonly field: string;
    readonly isDescending: boolean;
}

const rowsOfPage = 100;
/** Beyond this a print has the first rows alone, and says so. */
const rowsOfPrint = 2000;

const shown: readonly (readonly [field: string, title: string])[] = [
    ["name", "Name"],
    ["kind", "Kind"],
    ["group", "Group"],
    ["generation", "Generation"],
    ["notAfter", "Ends"],
    ["daysLeft", "Days left"],
    ["status", "Status"],
    ["lastActivity", "Last activity"],
    ["trustedOn", "Trusted on"],
    ["knownFrom", "Known from"],
];

const details: readonly (readonly [field: string, title: string])[] = [
    ["subject", "Subject"],
    ["issuer", "Issuer"],
    ["serial", "Serial number"],
    ["sha256Thumbprint", "SHA-256 thumbprint"],
    ["sha1Thumbprint", "SHA-1 thumbprint"],
    ["notBefore", "Valid from"],
    ["notAfter", "Valid until"],
    ["provisioning", "Provisioning"],
    ["hub", "Hub"],
    ["note", "Note"],
];

export function unpacked({ fields, shared, texts, rows }: RowData): Row[] {
    const isShared = fields.map((field) => shared.includes(field));
    return rows.map((cells) => {
        const row: Record<string, Cell> = {};
        cells.forEach((cell, index) => {
            row[fields[index]] = isShared[index] && typeof cell === "number" ? texts[cell] : cell;
        });
        return row;
    });
}

/** What a row is searched in, in lower case. */
export function haystack(row: Row): string {
    return Object.values(row)
        .filter((cell) => typeof cell === "string")
        .join("\n")
        .toLowerCase();
}

export function isWanted(
    row: Row,
    text: string,
    { text: sought, kind, group, end }: Wanted,
): boolean {
    return (
        (kind === "" || row.kind === kind) &&
        (group === "" || row.group === group) &&
        endsAs(row.daysLeft, end) &&
        sought
            .toLowerCase()
            .split(/\s+/)
            .every((word) => text.includes(word))
    );
}

function endsAs(daysLeft: Cell, end: string): boolean {
    if (end === "" || daysLeft === null) {
        return end === "" || end === "unknown";
    }
    return end === "expired"
        ? Number(daysLeft) < 0
        : Number(daysLeft) >= 0 && Number(daysLeft) < Number(end);
}

const collator = new Intl.Collator("en", { numeric: true });

/** The order of the rows, as their numbers; unknown values come last in both directions. */
export function sorted(rows: readonly Row[], { field, isDescending }: Order): number[] {
    const sign = isDescending ? -1 : 1;
    const numbers = rows.map((_, index) => index);
    return numbers.sort((one, other) => {
        const [a, b] = [rows[one][field], rows[other][field]];
        if (a === null || b === null || a === b) {
            return a === b ? one - other : a === null ? 1 : -1;
        }
        const order =
            typeof a === "number" && typeof b === "number"
                ? a - b
                : collator.compare(String(a), String(b));
        return order === 0 ? one - other : sign * order;
    });
}

/** Starts on the elements that the page has. */
export function start(): void {
    const find = <Found extends HTMLElement>(id: string): Found =>
        document.getElementById(id) as Found;
    const rows = unpacked(JSON.parse(find("data").textContent ?? "") as RowData);
    const texts = rows.map(haystack);
    const [head, body, status] = [find("head"), find("body"), find("shown")];
    const [before, next] = [find<HTMLButtonElement>("before"), find<HTMLButtonElement>("next")];
    let order: Order = { field: "daysLeft", isDescending: false };
    let numbers = sorted(rows, order);
    let wanted: number[] = [];
    let page = 0;

    function filter(): void {
        const value = (id: string): string => find<HTMLInputElement>(id).value;
        const choice: Wanted = {
            text: value("text"),
            kind: value("kind"),
            group: value("group"),
            end: value("end"),
        };
        wanted = numbers.filter((number) => isWanted(rows[number], texts[number], choice));
        page = 0;
        show();
    }

    function show(isPrint = false): void {
        const first = isPrint ? 0 : page * rowsOfPage;
        const last = isPrint ? rowsOfPrint : first + rowsOfPage;
        const present = wanted.slice(first, last);
        body.replaceChildren(...present.map((number) => tableRow(rows[number])));
        const all = rows.length.toLocaleString("en-US");
        const some = wanted.length.toLocaleString("en-US");
        const range = `${(first + 1).toLocaleString("en-US")} to ${(first + present.length).toLocaleString("en-US")}`;
        status.textContent =
            wanted.length === 0
                ? `None of ${all} certificates.`
                : `${range} of ${some}${some === all ? "" : ` (of ${all})`} certificates.`;
        before.disabled = page === 0;
        next.disabled = last >= wanted.length;
    }

    function sortBy(field: string): void {
        order = { field, isDescending: order.field === field && !order.isDescending };
        numbers = sorted(rows, order);
        marks();
        filter();
    }

    function marks(): void {
        for (const cell of Array.from(head.children)) {
            const isOrder = cell.id === `by-${order.field}`;
            const mark = cell.querySelector("span") as HTMLElement;
            mark.textContent = isOrder ? (order.isDescending ? "▼" : "▲") : "";
            if (isOrder) {
                cell.setAttribute("aria-sort", order.isDescending ? "descending" : "ascending");
            } else {
                cell.removeAttribute("aria-sort");
            }
        }
    }

    function turn(by: number): void {
        page += by;
        show();
        find("rows").scrollIntoView();
    }

    head.replaceChildren(...shown.map(([field, title]) => heading(field, title, sortBy)));
    for (const id of ["text", "kind", "group", "end"]) {
        find(id).addEventListener("input", filter);
    }
    before.addEventListener("click", () => turn(-1));
    next.addEventListener("click", () => turn(1));
    addEventListener("beforeprint", () => show(true));
    addEventListener("afterprint", () => show());
    marks();
    filter();
}

function element(name: string, text = "", of: Readonly<Record<string, string>> = {}): HTMLElement {
    const made = document.createElement(name);
    made.textContent = text;
    Object.entries(of).forEach(([attribute, value]) => made.setAttribute(attribute, value));
    return made;
}

function heading(field: string, title: string, sortBy: (field: string) => void): HTMLElement {
    const cell = element("th", "", { scope: "col", id: `by-${field}` });
    const button = element("button", title, { type: "button" });
    button.append(element("span", "", { "aria-hidden": "true" }));
    button.addEventListener("click", () => sortBy(field));
    cell.append(button);
    return cell;
}

function tableRow(row: Row): HTMLElement {
    const made = element("tr");
    const name = element("th", "", { scope: "row" });
    const button = element("button", String(row.name), {
        type: "button",
        "aria-expanded": "false",
    });
    button.addEventListener("click", () => toggle(made, button, row));
    name.append(button);
    made.append(name, ...shown.slice(1).map(([field]) => dataCell(row, field)));
    return made;
}

function dataCell(row: Row, field: string): HTMLElement {
    const left = row.daysLeft as number | null;
    const rank = left === null ? "" : left < 7 ? "bad" : left < 30 ? "soon" : "";
    const isEnd = field === "notAfter" || field === "daysLeft";
    const name = isEnd ? rank : field === "trustedOn" ? "text" : "";
    return element("td", text(row, field), name === "" ? {} : { class: name });
}

function text(row: Row, field: string): string {
    const value = row[field];
    if (value === null || value === "") {
        const isMissing = field === "notAfter" || field === "daysLeft" || field === "status";
        return isMissing && (field !== "status" || row.kind === "device") ? "unknown" : "–";
    }
    if (field === "daysLeft" && Number(value) < 0) {
        return `expired (${value})`;
    }
    if (field === "notAfter") {
        return String(value).slice(0, 10);
    }
    return field === "lastActivity" ? String(value).slice(0, 16).replace("T", " ") : String(value);
}

/** The rest of a row's facts, in a row of its own below it. */
function toggle(row: HTMLElement, button: HTMLElement, facts: Row): void {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) {
        row.nextElementSibling?.remove();
        return;
    }
    const cell = element("td", "", { colspan: String(shown.length) });
    const list = element("dl");
    details.forEach(([field, title]) => {
        list.append(element("dt", title), element("dd", String(facts[field] ?? "–")));
    });
    cell.append(list);
    const added = element("tr");
    added.append(cell);
    row.after(added);
}
