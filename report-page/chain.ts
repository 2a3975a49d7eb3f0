import { colours, fontFamily, picture, width } from "./charts";
import { ReportInventory, ReportRow } from "./inventory";
import { counted, escaped } from "./markup";

/** This many boxes are drawn in a column; the text below has all. */
const most = 40;
const box = { width: 260, height: 62, gap: 18 };
const columns = [box.width / 2 + 8, width / 2, width - box.width / 2 - 8];

/** A group with its intermediates. */
interface Group {
    /** Null: devices of no group. */
    readonly name: string | null;
    readonly authorities: readonly ReportRow[];
    /** Devices by the generation that signed; null: unknown, or a certificate of their own. */
    readonly devices: ReadonlyMap<number | null, number>;
}

interface Edge {
    readonly source: string;
    readonly target: string;
    readonly text?: string;
}

interface Box {
    readonly id: string;
    readonly column: number;
    readonly y: number;
    readonly lines: readonly string[];
    readonly colour: string;
}

/** Roots, intermediates by generation, groups, and where each CA is trusted: a picture, and the same as text. */
export function chain({ rows }: ReportInventory): string[] {
    const roots = rows.filter(({ kind }) => kind === "root");
    const foreign = rows.filter(({ kind }) => kind === "trusted");
    const groups = groupsOf(rows);
    return [
        '<section aria-labelledby="chain">',
        '<h2 id="chain">Chain</h2>',
        ...drawn(roots, groups, foreign),
        "<details>",
        "<summary>The chain as text</summary>",
        ...asText(roots, groups, foreign),
        "</details>",
        "</section>",
    ];
}

function groupsOf(rows: readonly ReportRow[]): Group[] {
    const found = new Map<
        string | null,
        { authorities: ReportRow[]; devices: Map<number | null, number> }
    >();
    const of = (name: string | null) => {
        const group = found.get(name) ?? {
            authorities: [],
            devices: new Map<number | null, number>(),
        };
        found.set(name, group);
        return group;
    };
    const seen = new Set<string>();
    for (const row of rows) {
        if (row.kind === "intermediate") {
            of(row.group).authorities.push(row);
        } else if (row.kind === "device" && !seen.has(row.name)) {
            // A device with two thumbprints has two rows.
            seen.add(row.name);
            const { devices } = of(row.group);
            devices.set(row.generation, (devices.get(row.generation) ?? 0) + 1);
        }
    }
    return [...found]
        .map(([name, { authorities, devices }]) => ({
            name,
            authorities: authorities.sort(
                (one, other) => (one.generation ?? 0) - (other.generation ?? 0),
            ),
            devices,
        }))
        .sort((one, other) => rank(one.name) - rank(other.name) || compare(one, other));
}

/** Devices without a group come last. */
function rank(name: string | null): number {
    return name === null ? 1 : 0;
}

function compare({ name: one }: Group, { name: other }: Group): number {
    return new Intl.Collator("en", { numeric: true }).compare(one ?? "", other ?? "");
}

function drawn(
    roots: readonly ReportRow[],
    groups: readonly Group[],
    foreign: readonly ReportRow[],
): string[] {
    const boxes: Box[] = [];
    const edges: Edge[] = [];
    const step = box.height + box.gap;
    let row = 0;
    const add = (id: string, column: number, at: number, lines: string[], colour: string): void => {
        boxes.push({ id, column, y: 8 + box.height / 2 + at * step, lines, colour });
    };
    let left = 0;
    for (const { name, authorities, devices } of groups) {
        const height = Math.max(1, authorities.length);
        if (row + height > most) {
            left++;
            continue;
        }
        const group = `group ${name ?? ""}`;
        const total = [...devices.values()].reduce((sum, count) => sum + count, 0);
        add(
            group,
            2,
            row + (height - 1) / 2,
            [name ?? "no group", counted(total, "device"), spread(devices, authorities)],
            colours.bar,
        );
        authorities.forEach((ca, index) => {
            add(idOf(ca), 1, row + index, caLines(ca), caColour(ca));
            const signed = devices.get(ca.generation) ?? 0;
            edges.push({ source: idOf(ca), target: group, text: signed.toLocaleString("en-US") });
            const root = issuerOf(ca, roots);
            if (root !== undefined) {
                edges.push({ source: idOf(root), target: idOf(ca) });
            }
        });
        row += height;
    }
    for (const ca of foreign.slice(0, Math.max(0, most - row))) {
        add(idOf(ca), 1, row++, caLines(ca), caColour(ca));
    }
    const start = Math.max(0, row <= 10 ? (row - roots.length) / 2 : 0);
    roots.forEach((ca, index) => add(idOf(ca), 0, start + index, caLines(ca), caColour(ca)));
    const rows = Math.max(row, start + roots.length, 1);
    if (boxes.length === 0) {
        return ["<p>No CA and no device is known yet.</p>"];
    }
    const height = 16 + rows * step - box.gap;
    return [
        ...picture(
            "Roots, intermediates by generation, groups, and where each CA is trusted; as text below",
            height,
            option(boxes, edges, height),
        ),
        ...(left > 0
            ? [`<p class="quiet">${counted(left, "group")} more: the text below has all.</p>`]
            : []),
    ];
}

function option(boxes: readonly Box[], edges: readonly Edge[], height: number): object {
    const places = new Map(boxes.map((one) => [one.id, one]));
    const drawnEdges = edges.flatMap(({ source, target, text }) => {
        const [from, to] = [places.get(source), places.get(target)];
        return from === undefined || to === undefined ? [] : [{ from, to, text }];
    });
    return {
        xAxis: { show: false, type: "value", min: 0, max: width },
        yAxis: { show: false, type: "value", min: 0, max: height, inverse: true },
        grid: { left: 0, right: 0, top: 0, bottom: 0 },
        series: [
            {
                type: "lines",
                coordinateSystem: "cartesian2d",
                polyline: true,
                lineStyle: { color: colours.quiet, width: 1.2, opacity: 1 },
                data: drawnEdges.map(({ from, to }) => ({ coords: elbow(from, to) })),
            },
            {
                type: "scatter",
                symbolSize: 0,
                data: drawnEdges.map(({ from, text = "" }) => ({
                    value: [columns[from.column] + box.width / 2 + 4, from.y],
                    label: {
                        show: text !== "",
                        position: [0, -15],
                        formatter: text,
                        color: colours.text,
                        fontSize: 11,
                    },
                })),
            },
            {
                type: "custom",
                coordinateSystem: "cartesian2d",
                data: boxes.map(({ column, y }) => [columns[column], y]),
                renderItem: ({ dataIndex }: { readonly dataIndex: number }) =>
                    boxShape(boxes[dataIndex]),
            },
        ],
    };
}

/** A box with its lines: shapes and texts, no template that a name could fill in. */
function boxShape({ column, y, lines, colour }: Box): object {
    return {
        type: "group",
        x: columns[column] - box.width / 2,
        y: y - box.height / 2,
        children: [
            {
                type: "rect",
                shape: { x: 0, y: 0, width: box.width, height: box.height, r: 7 },
                style: { fill: colours.soft, stroke: colour, lineWidth: 1.5 },
            },
            ...lines.map((text, line) => ({
                type: "text",
                style: {
                    ...(line === 0 ? heading : {}),
                    text: plain(text),
                    x: box.width / 2,
                    y: [9, 28, 43][line],
                    align: "center",
                    fill: colours.text,
                    fontFamily,
                    width: box.width - 16,
                    overflow: "truncate",
                },
            })),
        ],
    };
}

const heading = { fontSize: 14, fontWeight: 600 };

/** From the right side of a box to the left side of one in a later column, with right angles. */
function elbow(from: Box, to: Box): [number, number][] {
    const start = columns[from.column] + box.width / 2;
    const end = columns[to.column] - box.width / 2;
    const middle = end - 22;
    return [
        [start, from.y],
        [middle, from.y],
        [middle, to.y],
        [end, to.y],
    ];
}

function plain(text: string): string {
    return text.replace(/[{}|\n]/g, " ");
}

function idOf({ kind, name, sha1Thumbprint }: ReportRow): string {
    return `${kind} ${name} ${sha1Thumbprint ?? ""}`;
}

function issuerOf(ca: ReportRow, roots: readonly ReportRow[]): ReportRow | undefined {
    const named = roots.filter(({ subject }) => subject !== null && subject === ca.issuer);
    const older = named.filter(({ notBefore }) => (notBefore ?? "") <= (ca.notBefore ?? ""));
    return older[older.length - 1] ?? named[0];
}

function caColour({ daysLeft }: ReportRow): string {
    return daysLeft !== null && daysLeft < 30 ? colours.bad : colours.ca;
}

function caLines(ca: ReportRow): string[] {
    return [ca.name, ends(ca), `trusted on: ${places(ca.trustedOn.map(shortHost))}`];
}

function ends({ notAfter, daysLeft }: ReportRow): string {
    if (notAfter === null || daysLeft === null) {
        return "its end is not known";
    }
    const day = notAfter.slice(0, 10);
    return daysLeft < 0 ? `expired ${day}` : `ends ${day}, ${counted(daysLeft, "day")}`;
}

function places(hosts: readonly string[]): string {
    return hosts.length === 0 ? "nothing" : hosts.join(", ");
}

/** The first label of a host name, and what follows it. */
function shortHost(place: string): string {
    return place.replace(/^([^. ]+)\.\S*/, "$1");
}

function spread(devices: Group["devices"], authorities: readonly ReportRow[]): string {
    if (authorities.length === 0) {
        return "certificates of their own";
    }
    if ([...devices.keys()].every((generation) => generation === null)) {
        return "";
    }
    return [...devices]
        .sort(([one], [other]) => (other ?? 0) - (one ?? 0))
        .map(([generation, count]) =>
            generation === null
                ? `${count.toLocaleString("en-US")} unknown`
                : `G${generation}: ${count.toLocaleString("en-US")}`,
        )
        .join(", ");
}

function asText(
    roots: readonly ReportRow[],
    groups: readonly Group[],
    foreign: readonly ReportRow[],
): string[] {
    const ca = (row: ReportRow): string =>
        escaped(`${row.name}: ${ends(row)}; trusted on ${places(row.trustedOn)}`);
    const below = (signers: readonly ReportRow[]): string[] =>
        signers.flatMap((row) => [`<li>${ca(row)}`, ...devicesBelow(row, groups), "</li>"]);
    const intermediates = groups.flatMap(({ authorities }) => authorities);
    const signed = new Set(
        intermediates.filter((row) => issuerOf(row, roots) !== undefined).map(idOf),
    );
    const loose = intermediates.filter((row) => !signed.has(idOf(row)));
    const own = groups.find(({ name, authorities }) => name === null && authorities.length === 0);
    const others = [...(own?.devices.values() ?? [])].reduce((sum, count) => sum + count, 0);
    return [
        "<ul>",
        ...roots.flatMap((root) => {
            const children = intermediates.filter((row) => issuerOf(row, roots) === root);
            const list = children.length === 0 ? [] : ["<ul>", ...below(children), "</ul>"];
            return [`<li>${ca(root)}`, ...list, "</li>"];
        }),
        ...below(loose),
        ...foreign.map((row) => `<li>${ca(row)} (${escaped(row.note ?? "")})</li>`),
        ...(others > 0 ? [`<li>${counted(others, "device")} of no group</li>`] : []),
        "</ul>",
    ];
}

function devicesBelow(ca: ReportRow, groups: readonly Group[]): string[] {
    const group = groups.find(({ name }) => name === ca.group);
    const count = group?.devices.get(ca.generation) ?? 0;
    return [
        `<ul><li>group ${escaped(ca.group ?? "")}: signed for ${counted(count, "device")}</li></ul>`,
    ];
}
