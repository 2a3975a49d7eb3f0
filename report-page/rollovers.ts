import { ReportInventory, ReportRow, Rollover } from "./inventory";
import { table } from "./markup";

/** Groups that go from one generation to the next: how far their devices are, and how that is known. */
export function rollovers({ rollovers: open, rows }: ReportInventory): string[] {
    if (open === undefined) {
        return [];
    }
    const present = rows.filter(({ kind }) => kind === "device");
    const former = new Set(
        rows.filter((row) => row.kind === "former" && saysTwin(row)).map(({ name }) => name),
    );
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
                      open.map((one) => line(one, present, former)),
                  ),
                  `<p class="quiet">“Device has it” is what devices report in their twins. A retained CA can go when every device has the new certificate.</p>`,
              ]),
        "</section>",
    ];
}

function line(
    { group, generation, retain }: Rollover,
    devices: readonly ReportRow[],
    former: ReadonlySet<string>,
): string[] {
    const own = devices.filter((row) => row.group === group);
    const issued = own.filter((row) => row.generation === generation);
    const has = issued.filter(saysTwin);
    const hasFormer = issued.filter((row) => !saysTwin(row) && former.has(row.name));
    const silent = issued.length - has.length - hasFormer.length;
    const from = [...retain].sort((one, other) => one - other).map((one) => `G${one}`);
    return [
        group,
        from.join(", "),
        `G${generation}`,
        ...[
            own.length,
            own.length - issued.length,
            issued.length,
            has.length,
            hasFormer.length,
            silent,
        ].map((count) => count.toLocaleString("en-US")),
    ];
}

function saysTwin({ knownFrom }: ReportRow): boolean {
    return knownFrom.includes("twin");
}
