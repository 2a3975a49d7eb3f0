import { ReportInventory, ReportRow, Rollover } from "./inventory";
import { table } from "./markup";

/** Groups that go from one generation to the next: how far their devices are, and how that is known. */
export function rollovers({ rollovers: open, rows }: ReportInventory): string[] {
    if (open === undefined) {
        return [];
    }
    const devices = rows.filter(({ kind }) => kind === "device" || kind === "former");
    return [
        '<section aria-labelledby="rollovers">',
        '<h2 id="rollovers">Rollovers under way</h2>',
        ...(open.length === 0
            ? ["<p>None: no group retains an earlier generation of its CA.</p>"]
            : [
                  ...table(
                      "Rollovers, table",
                      [
                          "group",
                          "from",
                          "to",
                          "devices",
                          "not issued yet",
                          "issued",
                          "device has it",
                          "device has the former one",
                          "device says nothing",
                      ],
                      open.map((one) => line(one, devices)),
                  ),
                  `<p class="quiet">“Device has it” is what devices report in their twins. A retained CA can go when every device has the new certificate.</p>`,
              ]),
        "</section>",
    ];
}

/** Counts devices: one may have several rows, of certificates that are in use, on their way or former. */
function line({ group, generation, retain }: Rollover, rows: readonly ReportRow[]): string[] {
    const own = rows.filter((row) => row.group === group);
    const namesOf = (test: (row: ReportRow) => boolean): Set<string> =>
        new Set(own.filter(test).map(({ name }) => name));
    const all = namesOf(({ kind }) => kind === "device");
    const issued = namesOf((row) => row.kind === "device" && row.generation === generation);
    const has = namesOf(
        (row) => issued.has(row.name) && row.generation === generation && saysTwin(row),
    );
    const hasFormer = namesOf(
        (row) =>
            issued.has(row.name) &&
            !has.has(row.name) &&
            row.generation !== generation &&
            saysTwin(row),
    );
    const silent = issued.size - has.size - hasFormer.size;
    const from = [...retain].sort((one, other) => one - other).map((one) => `G${one}`);
    return [
        group,
        from.join(", "),
        `G${generation}`,
        ...[all.size, all.size - issued.size, issued.size, has.size, hasFormer.size, silent].map(
            (count) => count.toLocaleString("en-US"),
        ),
    ];
}

function saysTwin({ knownFrom }: ReportRow): boolean {
    return knownFrom.includes("twin");
}
