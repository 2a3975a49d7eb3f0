/** A certificate that alerts are about. */
export interface AlertedCertificate {
    /** `root`, `intermediate` or `device`. */
    readonly kind: string;
    /** Group of an intermediate or a device; empty: none. */
    readonly group: string;
    /** Resource name of a CA, or a device ID. */
    readonly name: string;
    /** ISO 8601. */
    readonly notBefore: string;
    /** ISO 8601. */
    readonly notAfter: string;
    /** Days left below which it counts; Infinity: always. */
    readonly alertBelow: number;
}

/** Certificates of one kind and group that end on the same day, or in the same period. */
export interface Bucket {
    readonly kind: string;
    readonly group: string;
    /** Days since 1970-01-01, UTC, on which its first and its last certificate end. */
    readonly firstDay: number;
    readonly lastDay: number;
    readonly count: number;
    /** One of those that end first. */
    readonly example: string;
    readonly alertBelow: number;
}

/** Stands for the groups of a bucket with several; no group can have this name. */
const severalGroups = "(several)";

type Period = "day" | "week" | "month" | "year" | "all";

/**
 * How finely certificates are told apart: `near` from a month before the newest certificate was issued until `nearDays`
 * after it, `far` outside.
 */
interface Grain {
    readonly nearDays: number;
    readonly near: Period;
    readonly far: Period;
    /** Where buckets are merged across groups. */
    readonly merged: "nowhere" | "far" | "everywhere";
    /** Whether certificates that count at different times are merged, too; the bucket then counts from the latest. */
    readonly isAlertBelowMerged?: boolean;
}

const nearBefore = 31;
/** Longer than the largest usual band, so that a bucket of a month is far away while nobody looks at it. */
const shortestNear = 45;

/** From fine to coarse. The last one leaves one bucket for each kind, however many certificates there are. */
const grains: readonly Grain[] = [
    ...[Infinity, 366, 180, 120, 90, 60, shortestNear].map((nearDays): Grain => ({
        nearDays,
        near: "day",
        far: "month",
        merged: "nowhere",
    })),
    { nearDays: shortestNear, near: "day", far: "year", merged: "nowhere" },
    { nearDays: shortestNear, near: "day", far: "year", merged: "far" },
    { nearDays: shortestNear, near: "day", far: "year", merged: "everywhere" },
    { nearDays: shortestNear, near: "week", far: "year", merged: "everywhere" },
    { nearDays: 0, near: "all", far: "all", merged: "everywhere" },
    { nearDays: 0, near: "all", far: "all", merged: "everywhere", isAlertBelowMerged: true },
];

const dayLength = 24 * 3600 * 1000;

/**
 * The finest buckets that fit. No certificate is left out, and counts are exact; of a bucket for a longer period, `firstDay`
 * decides, so it is never too late for any certificate in it.
 *
 * The result follows from the certificates alone, not from the time: as long as none changes, neither does the result.
 *
 * @param most number of buckets that never fit, whatever they are
 */
export function bucketsThatFit(
    certificates: readonly AlertedCertificate[],
    most: number,
    fits: (buckets: readonly Bucket[]) => boolean,
): readonly Bucket[] {
    const ends = certificates.map((one) => ({ ...one, day: dayOf(one.notAfter) }));
    const issued = new Set(certificates.map(({ notBefore }) => notBefore.slice(0, 10)));
    const newest = [...issued].map(dayOf).reduce((one, other) => Math.max(one, other), 0);
    for (const grain of grains) {
        const buckets = bucketsOf(ends, grain, newest, most);
        if (buckets !== undefined && fits(buckets)) {
            return buckets;
        }
    }
    throw new Error("one bucket for each kind of certificate does not fit");
}

type End = AlertedCertificate & { readonly day: number };
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Undefined if there are too many. */
function bucketsOf(
    ends: readonly End[],
    grain: Grain,
    newest: number,
    most: number,
): readonly Bucket[] | undefined {
    const found = new Map<string, Mutable<Bucket>>();
    for (const end of ends) {
        const { kind, day, alertBelow } = end;
        const isNear =
            grain.nearDays === Infinity ||
            (day >= newest - nearBefore && day <= newest + grain.nearDays);
        const isMerged = grain.merged === "everywhere" || (grain.merged === "far" && !isNear);
        const group = isMerged && end.group !== "" ? severalGroups : end.group;
        const period = periodOf(day, isNear ? grain.near : grain.far);
        const key = `${kind}|${group}|${grain.isAlertBelowMerged ? "" : alertBelow}|${isNear}|${period}`;
        const bucket = found.get(key);
        if (bucket !== undefined) {
            add(bucket, end);
            continue;
        }
        if (found.size === most) {
            return undefined;
        }
        const one = { firstDay: day, lastDay: day, count: 1, example: end.name };
        found.set(key, { kind, group, ...one, alertBelow });
    }
    return [...found.values()].sort(
        (one, other) =>
            compare(one.kind, other.kind) ||
            compare(one.group, other.group) ||
            one.firstDay - other.firstDay ||
            one.alertBelow - other.alertBelow,
    );
}

function add(bucket: Mutable<Bucket>, { day, name, alertBelow }: End): void {
    if (day < bucket.firstDay || (day === bucket.firstDay && name < bucket.example)) {
        bucket.example = name;
    }
    bucket.firstDay = Math.min(bucket.firstDay, day);
    bucket.lastDay = Math.max(bucket.lastDay, day);
    bucket.count++;
    bucket.alertBelow = Math.min(bucket.alertBelow, alertBelow);
}

/** @param day days since 1970-01-01, a Thursday */
function periodOf(day: number, period: Period): string | number {
    switch (period) {
        case "day":
            return day;
        case "week":
            return Math.floor((day + 3) / 7);
        case "month":
            return dateOf(day).slice(0, 7);
        case "year":
            return dateOf(day).slice(0, 4);
        case "all":
            return "";
    }
}

function dayOf(time: string): number {
    return Math.floor(Date.parse(time) / dayLength);
}

/** `2027-03-01` */
export function dateOf(day: number): string {
    return new Date(day * dayLength).toISOString().slice(0, 10);
}

function compare(one: string, other: string): number {
    return one < other ? -1 : Number(one > other);
}
