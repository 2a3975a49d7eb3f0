import { isOfCa, isPresent, ReportInventory, ReportRow } from "./inventory";
import { counted, escaped } from "./markup";

/** What a reader must know first: one sentence, then the counts. */
export function summary({ of, hub, at, rows }: ReportInventory): string[] {
    const present = rows.filter(isPresent);
    const devices = present.filter((row) => !isOfCa(row));
    const expired = present.filter(({ daysLeft }) => daysLeft !== null && daysLeft < 0);
    const within = (days: number): number =>
        present.filter(({ daysLeft }) => daysLeft !== null && daysLeft >= 0 && daysLeft < days)
            .length;
    const unknown = present.filter(({ notAfter }) => notAfter === null).length;
    const disabled = new Set(
        devices.filter(({ status }) => status === "disabled").map(({ name }) => name),
    );
    const tiles: readonly (readonly [string, number, string?])[] = [
        ["devices", new Set(devices.map(({ name }) => name)).size],
        ["CAs", present.filter(isOfCa).length],
        ["expired", expired.length, "bad"],
        ["end within 7 days", within(7), "bad"],
        ["end within 30 days", within(30), "soon"],
        ["end not known", unknown],
        ["devices disabled", disabled.size],
    ];
    return [
        "<header>",
        `<h1>Certificates of ${escaped(of)}</h1>`,
        headline(expired, within(30)),
        `<p class="quiet">Hub: ${escaped(hub ?? "none yet")}. Read at <time datetime="${escaped(at)}">${escaped(at.replace(/\.\d+Z$/, "Z"))}</time>.</p>`,
        "</header>",
        "<main>",
        '<section aria-labelledby="summary">',
        '<h2 id="summary">Summary</h2>',
        '<dl class="tiles">',
        ...tiles.map(
            ([name, count, rank]) =>
                `<div><dt>${name}</dt><dd${rank !== undefined && count > 0 ? ` class="${rank}"` : ""}>${count.toLocaleString("en-US")}</dd></div>`,
        ),
        "</dl>",
        '<p class="quiet">Certificates that were replaced by newer ones are counted nowhere here; the table has them.</p>',
        "</section>",
    ];
}

function headline(expired: readonly ReportRow[], soon: number): string {
    const ahead =
        soon === 0
            ? "none ends in the next 30 days"
            : `${counted(soon, "certificate")} ${soon === 1 ? "ends" : "end"} in the next 30 days`;
    const [first] = expired;
    return first === undefined
        ? `<p class="headline">✓ No certificate has expired; ${ahead}.</p>`
        : `<p class="headline loses">⚠ ${counted(expired.length, "certificate")} ${expired.length === 1 ? "has" : "have"} expired; ${ahead}.</p>`;
}
