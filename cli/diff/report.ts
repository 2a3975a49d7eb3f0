import { kindOrder } from "./deviceChanges";
import {
    DeviceChange,
    DeviceChangeKind,
    FleetDiff,
    GroupCounts,
    LostAccess,
    Operation,
    Refusal,
    ResourceChange,
    SeenOnHub,
    TrustChange,
} from "./fleetDiff";

/** A diff independent of its format: ordered sections, each with what must be read and what may be folded. */
export interface Report {
    readonly title: string;
    /** Nothing changes, and no rule is broken; the report is then a single line. */
    readonly isEmpty: boolean;
    readonly headline: Line;
    readonly sections: readonly ReportSection[];
}

export interface Line {
    readonly text: string;
    /** Whether something is lost. */
    readonly isStrong: boolean;
}

export interface ReportSection {
    readonly title: string;
    readonly lines: readonly Line[];
    readonly tables: readonly Table[];
    readonly folds: readonly Fold[];
}

export interface Table {
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
    /** What rows are, for counting those left out, e.g. `devices`. */
    readonly rowsAre: string;
    /** Index of the column that tells what is today, and not what the change does: the next run may tell otherwise. */
    readonly todayColumn?: number;
}

/** A count that is always shown and a list that may be shortened. */
export interface Fold {
    readonly summary: string;
    readonly items: readonly string[];
}

/** A table names this many devices; the rest are folded and counted by group. */
const mostNamed = 20;

const none = "(no group)";

export function reportOf(diff: FleetDiff): Report {
    const count = diff.access.lost.length;
    const isEmpty = diff.isEmpty && diff.violations.length === 0;
    const headline =
        count === 0
            ? plain("Nobody loses access.")
            : strong(
                  `${counted(count, "device")} ${count === 1 ? "loses" : "lose"} access when this is applied`,
              );
    const sections = [
        policySection(diff),
        accessSection(diff),
        deviceSection(diff),
        trustSection(diff.trust),
        resourceSection(diff),
        limitSection(diff),
        warningSection(diff),
    ];
    return {
        title: `Fleet changes of ${diff.stack}`,
        isEmpty,
        headline: isEmpty
            ? plain(`No changes: the fleet of ${diff.stack} stays as it is.`)
            : headline,
        sections: sections.filter(
            ({ lines, tables, folds }) => lines.length + tables.length + folds.length > 0,
        ),
    };
}

/** First, because nothing of the rest may be merged. */
function policySection({ violations }: FleetDiff): ReportSection {
    return {
        title: "Policy pack",
        lines: violations.map(({ policy, stack, message, isMandatory }) => ({
            text: `${policy} (${stack}): ${message}`,
            isStrong: isMandatory,
        })),
        tables: [],
        folds: [],
    };
}

const refusalWords: Readonly<Record<Refusal, string>> = {
    connect: "at the next connect",
    reconnect: "at the next connect, until it registers again",
    registration: "at the next registration alone",
};

function accessSection({ access: { lost, kept }, refusal }: FleetDiff): ReportSection {
    const isShort = lost.length <= mostNamed;
    return {
        title: "Access",
        lines: refusal === null ? [] : [strong(`up refuses this change: ${refusal}`)],
        tables:
            lost.length === 0
                ? []
                : isShort
                  ? [
                        {
                            head: ["device", "group", "today", "refused", "after", "why"],
                            rows: lost.map(({ device, group, today, refused, after, why }) => [
                                device,
                                group ?? none,
                                todayWords(today),
                                refusalWords[refused],
                                after,
                                why,
                            ]),
                            rowsAre: "devices",
                            todayColumn: 2,
                        },
                    ]
                  : [
                        {
                            head: ["devices", "group", "last activity", "refused", "why"],
                            rows: lostByGroup(lost),
                            rowsAre: "groups",
                            todayColumn: 2,
                        },
                    ],
        folds: [
            ...(isShort
                ? []
                : [
                      {
                          summary: `${counted(lost.length, "device")} that lose access`,
                          items: lost.map(
                              ({ device, group, refused, after }) =>
                                  `${device} (${group ?? none}): ${refusalWords[refused]}, ${after}`,
                          ),
                      },
                  ]),
            ...kept.map(({ group, devices, why }) => ({
                summary: `${counted(devices.length, "device")} of ${group ?? none} ${devices.length === 1 ? "keeps" : "keep"} access: ${why}`,
                items: devices,
            })),
        ],
    };
}

function lostByGroup(lost: readonly LostAccess[]): string[][] {
    const groups = new Map<string, LostAccess[]>();
    for (const one of lost) {
        const key = JSON.stringify([one.group, one.refused, one.why]);
        const members = groups.get(key) ?? [];
        members.push(one);
        groups.set(key, members);
    }
    return [...groups.values()].map((members) => {
        const [{ group, refused, why }] = members;
        const activity = latestWords(members.map(({ today }) => today));
        return [number(members.length), group ?? none, activity, refusalWords[refused], why];
    });
}

function todayWords(today: SeenOnHub | null): string {
    return today === null ? "unknown" : `${today.status}, ${latestWords([today])}`;
}

/** Of what is active now, the latest is what counts. */
function latestWords(seen: readonly (SeenOnHub | null)[]): string {
    const known = seen.filter((one) => one !== null);
    const times = known.flatMap(({ lastActivity }) => lastActivity ?? []).sort();
    const latest = times.at(-1);
    return latest !== undefined
        ? `active ${latest.slice(0, 16).replace("T", " ")} UTC`
        : known.length > 0
          ? "never connected"
          : "unknown";
}

const kindWords: Readonly<Record<DeviceChangeKind, string>> = {
    added: "added",
    deleted: "deleted",
    "kept, disabled": "disabled and kept, because they left",
    disabled: "disabled",
    enabled: "enabled",
    moved: "moved to another group",
    authentication: "recognised in another way",
    key: "with a new key",
    certificate: "with a new certificate",
    renewal: "renewed because due (nobody changed them)",
    enrollment: "with another enrollment",
    tags: "with other tags",
    identity: "with a changed identity on the hub",
};

function deviceSection({ devices: { before, after, byGroup, changes } }: FleetDiff): ReportSection {
    if (changes.length === 0) {
        return { title: "Devices", lines: [], tables: [], folds: [] };
    }
    const kinds = kindOrder.filter((kind) => changes.some((change) => change.kind === kind));
    const was =
        before === null ? "none" : `${number(before.devices)}, ${number(before.enabled)} enabled`;
    return {
        title: "Devices",
        lines: [
            plain(
                `before: ${was}; after: ${number(after.devices)}, ${number(after.enabled)} enabled`,
            ),
        ],
        tables: [
            {
                head: ["group", ...kinds],
                rows: groupRows(byGroup, kinds),
                rowsAre: "groups",
            },
        ],
        folds: kinds.flatMap((kind) => foldsOfKind(kind, changes)),
    };
}

function groupRows(
    byGroup: readonly GroupCounts[],
    kinds: readonly DeviceChangeKind[],
): string[][] {
    const row = (name: string, counts: GroupCounts["counts"]): string[] => [
        name,
        ...kinds.map((kind) => (counts[kind] === undefined ? "" : number(counts[kind]))),
    ];
    const total: Partial<Record<DeviceChangeKind, number>> = {};
    for (const { counts } of byGroup) {
        for (const kind of kinds) {
            total[kind] = (total[kind] ?? 0) + (counts[kind] ?? 0);
        }
    }
    // The total comes first, so that it survives any shortening.
    return [
        ...(byGroup.length > 1 ? [row("all", total)] : []),
        ...byGroup.map(({ group, counts }) => row(group ?? none, counts)),
    ];
}

/** One fold for each reason. */
function foldsOfKind(kind: DeviceChangeKind, changes: readonly DeviceChange[]): Fold[] {
    const own = changes.filter((change) => change.kind === kind);
    const details = new Map<string, string[]>();
    for (const { device, detail } of own) {
        const devices = details.get(detail) ?? [];
        devices.push(device);
        details.set(detail, devices);
    }
    const word = kindWords[kind];
    // Tags differ from device to device.
    return kind === "tags"
        ? [
              {
                  summary: `${number(own.length)} ${word}`,
                  items: own.map(({ device, detail }) => `${device} (${detail})`),
              },
          ]
        : [...details].map(([detail, items]) => ({
              summary: `${number(items.length)} ${word}${detail === "" || kind === "renewal" ? "" : `: ${detail}`}`,
              items,
          }));
}

function trustSection(trust: readonly TrustChange[]): ReportSection {
    const words = ({ name, at, what, detail }: TrustChange): string => {
        const place = at === "state" || what === "retained" ? "" : ` (${at})`;
        return `${name}: ${what}${place}${detail === "" ? "" : `, ${detail}`}`;
    };
    return {
        title: "CAs and trust",
        lines: trust.map((one) =>
            ["removed", "removed from the state", "replaced"].includes(one.what)
                ? strong(words(one))
                : plain(words(one)),
        ),
        tables: [],
        folds: [],
    };
}

const actionWords: Readonly<Record<Operation, string>> = {
    create: "made",
    update: "changed",
    replace: "REPLACED",
    delete: "DELETED",
};

function resourceSection({ resources }: FleetDiff): ReportSection {
    const words = ({ kind, name, action, holdsData, properties }: ResourceChange): string =>
        `${kind === "other" ? "" : `${kind} `}${name}: ${actionWords[action]}${holdsData ? ", with the data it holds" : ""}` +
        (properties.length === 0 ? "" : ` — ${properties.join("; ")}`);
    return {
        title: "Hub, service, roles",
        lines: resources.map((one) => ({
            text: words(one),
            isStrong: one.action === "replace" || one.action === "delete",
        })),
        tables: [],
        folds: [],
    };
}

function limitSection({ limits, registry, stateBytes }: FleetDiff): ReportSection {
    const minutes = registry.minutes < 1 ? "under 1 min" : `${Math.ceil(registry.minutes)} min`;
    const operations =
        registry.operations === 0
            ? "none"
            : `${number(registry.operations)}, ${minutes} at ${registry.hub}`;
    return {
        title: "Limits after the change",
        lines: [],
        tables: [
            {
                head: ["what", "after"],
                rows: [
                    ...limits.map(({ what, count, limit }) => [
                        what,
                        `${number(count)} of ${number(limit)}`,
                    ]),
                    ["registry operations of this change", operations],
                    ["state of the devices", `about ${(stateBytes / 1024 ** 2).toFixed(1)} MiB`],
                ],
                rowsAre: "limits",
            },
        ],
        folds: [],
    };
}

function warningSection({ warnings, unread }: FleetDiff): ReportSection {
    return {
        title: "Warnings",
        lines: [
            ...warnings,
            ...(unread.length === 0
                ? []
                : [`Encrypted, so not read and taken as not set: ${unread.join(", ")}`]),
        ].map(plain),
        tables: [],
        folds: [],
    };
}

function plain(text: string): Line {
    return { text, isStrong: false };
}

function strong(text: string): Line {
    return { text, isStrong: true };
}

function number(value: number): string {
    return value.toLocaleString("en-US");
}

function counted(count: number, one: string): string {
    return `${number(count)} ${count === 1 ? one : `${one}s`}`;
}
