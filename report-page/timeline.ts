import { colours, picture } from "./charts";
import { isOfCa, isPresent, ReportInventory, ReportRow } from "./inventory";
import { counted, table } from "./markup";

const day = 24 * 3600 * 1000;
const weeks = 53;
const closeWeeks = 11;
/** This many names are listed in a month. */
const mostNames = 10;

/** Which certificates end in the year from `at` on, by week; and the same by month as a table. */
export function timeline({ at, rows }: ReportInventory): string[] {
    const start = Date.parse(at);
    const ending = rows.filter(
        (row) =>
            isPresent(row) &&
            row.notAfter !== null &&
            Date.parse(row.notAfter) >= start &&
            Date.parse(row.notAfter) < start + weeks * 7 * day,
    );
    const devices = new Array<number>(weeks).fill(0);
    const authorities: { week: number; name: string }[] = [];
    for (const row of ending) {
        const week = Math.floor((Date.parse(row.notAfter ?? "") - start) / (7 * day));
        if (isOfCa(row)) {
            authorities.push({ week, name: row.name });
        } else {
            devices[week]++;
        }
    }
    const months = byMonth(ending);
    return [
        '<section aria-labelledby="timeline">',
        '<h2 id="timeline">What ends in the next year</h2>',
        ...(ending.length === 0
            ? ["<p>No certificate with a known end ends in the next year.</p>"]
            : [
                  ...picture(
                      "Certificates that end in each week of the next year; by month in the table below",
                      260,
                      option(start, devices, authorities),
                  ),
                  "<details>",
                  "<summary>By month, as a table</summary>",
                  ...table("Ends by month", ["month", "devices", "CAs"], months),
                  "</details>",
              ]),
        "</section>",
    ];
}

function option(
    start: number,
    devices: readonly number[],
    authorities: readonly { week: number; name: string }[],
): object {
    const names = devices.map((_, week) =>
        new Date(start + week * 7 * day).toISOString().slice(0, 10),
    );
    const axis = {
        type: "category",
        data: names,
        axisLine: { lineStyle: { color: colours.quiet } },
        axisTick: { show: false },
    };
    return {
        grid: [
            { left: 76, right: 20, top: 4, height: 24 },
            { left: 76, right: 20, top: 52, bottom: 30 },
        ],
        title: [
            {
                text: "CAs",
                left: 0,
                top: 8,
                padding: 0,
                textStyle: { fontSize: 12, color: colours.ca },
            },
            {
                text: "devices",
                left: 0,
                top: 30,
                padding: 0,
                textStyle: { fontSize: 12, color: colours.bar },
            },
        ],
        xAxis: [
            { ...axis, gridIndex: 0, axisLabel: { show: false } },
            {
                ...axis,
                gridIndex: 1,
                axisLabel: { interval: 4, color: colours.text, fontSize: 12, hideOverlap: true },
            },
        ],
        yAxis: [
            { gridIndex: 0, type: "value", min: 0, max: 1, show: false },
            {
                gridIndex: 1,
                type: "value",
                minInterval: 1,
                axisLabel: { color: colours.text, fontSize: 12 },
                splitLine: { lineStyle: { color: colours.line } },
            },
        ],
        series: [
            {
                type: "scatter",
                symbol: "diamond",
                symbolSize: 13,
                itemStyle: { color: colours.ca, opacity: 1 },
                data: marks(authorities).map(({ week, text }) => ({
                    value: [week, 0.4],
                    label: {
                        show: text !== "",
                        position: week > weeks - 12 ? "left" : "right",
                        formatter: plain(text),
                        color: colours.text,
                        fontSize: 11,
                    },
                })),
            },
            {
                type: "bar",
                xAxisIndex: 1,
                yAxisIndex: 1,
                barCategoryGap: "20%",
                itemStyle: { color: colours.bar },
                data: devices.map((count) => (count === 0 ? null : count)),
            },
        ],
    };
}

/** Weeks in which CAs end; of those that are close together the last one has the text. */
function marks(
    authorities: readonly { week: number; name: string }[],
): { week: number; text: string }[] {
    const made: { week: number; text: string }[] = [];
    let names: string[] = [];
    const weeksOf = [...new Set(authorities.map(({ week }) => week))].sort((a, b) => a - b);
    weeksOf.forEach((week, index) => {
        names.push(...authorities.filter((one) => one.week === week).map(({ name }) => name));
        const isLast = (weeksOf[index + 1] ?? Infinity) - week > closeWeeks;
        const all = names.length > 2 ? counted(names.length, "CA") : names.join(", ");
        made.push({ week, text: isLast ? all : "" });
        names = isLast ? [] : names;
    });
    return made;
}

/** A formatter's template must not come from a name. */
function plain(text: string): string {
    return text.replace(/[{}|\n]/g, " ");
}

function byMonth(ending: readonly ReportRow[]): string[][] {
    const months = new Map<string, { devices: number; authorities: string[] }>();
    for (const row of ending) {
        const month = (row.notAfter ?? "").slice(0, 7);
        const entry = months.get(month) ?? { devices: 0, authorities: [] };
        if (isOfCa(row)) {
            entry.authorities.push(row.name);
        } else {
            entry.devices++;
        }
        months.set(month, entry);
    }
    return [...months]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([month, { devices, authorities }]) => [
            month,
            devices.toLocaleString("en-US"),
            names(authorities),
        ]);
}

function names(all: readonly string[]): string {
    const more = all.length - mostNames;
    return all.length === 0
        ? "–"
        : `${all.slice(0, mostNames).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
