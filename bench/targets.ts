import { ContenderName } from "./measure/contender";
import { Role } from "./measure/roles";
import { Run } from "./measure/site";
import { Point, pointOf, Results, seriesOf } from "./results";

/** One thing that the program is to reach, and what a run of the bench found. */
export interface Target {
    readonly what: string;
    /** In the line of JSON. */
    readonly key: string;
    /** The bound of {@link figure}. */
    readonly most?: number;
    readonly least?: number;
    readonly unit: string;
    /** Undefined when the run did not measure it. */
    readonly figure: number | undefined;
    /** The run to look at when the target is missed. */
    readonly run?: Run;
}

export type Verdict = "met" | "missed" | "not measured";

export function verdict({ figure, most, least }: Target): Verdict {
    if (figure === undefined) {
        return "not measured";
    }
    return figure <= (most ?? Infinity) && figure >= (least ?? -Infinity) ? "met" : "missed";
}

/** How a large fleet can be deployed by this program. */
interface Way {
    readonly contender: ContenderName;
    readonly title: string;
    readonly key: string;
}

const ways: readonly Way[] = [
    { contender: "fleet", title: "in shards", key: "Shards" },
    { contender: "ours", title: "in one stack", key: "OneStack" },
    { contender: "oursAtEnd", title: "in one stack, state at the end", key: "AtEnd" },
];

/** The targets, in the order of the report. */
export function targets(results: Results): Target[] {
    const ours = (devices: number) => pointOf(results, "ours", devices);
    const fleet = (devices: number) => pointOf(results, "fleet", devices);
    const { throttle, faults } = results;
    return [
        naiveTarget(results, 200, 6),
        naiveTarget(results, 400, 10),
        ...ways.map((way) => tutorialTarget(results, way)),
        {
            what: "first up of 1,000 devices in shards",
            key: "secondsInShardsAt1000",
            most: 150,
            unit: "s",
            figure: fleet(1000)?.up.seconds,
            run: fleet(1000)?.up,
        },
        {
            what: "time per device in shards, 10,000 devices to 1,000",
            key: "perDeviceAt10000Over1000",
            most: 1.2,
            unit: "times",
            figure: ratio(perDevice(fleet(10_000)), perDevice(fleet(1000))),
            run: fleet(10_000)?.up,
        },
        {
            what: "preview of 1,000 devices without a change",
            key: "previewSecondsAt1000",
            most: 20,
            unit: "s",
            figure: ours(1000)?.preview?.seconds,
            run: ours(1000)?.preview,
        },
        {
            what: "npm run diff of 1,000 devices without a change",
            key: "diffSecondsAt1000",
            most: 20,
            unit: "s",
            figure: ours(1000)?.diff?.seconds,
            run: ours(1000)?.diff,
        },
        {
            what: "npm run diff of 10,000 devices in shards without a change",
            key: "diffSecondsInShardsAt10000",
            most: 90,
            unit: "s",
            figure: fleet(10_000)?.diff?.seconds,
            run: fleet(10_000)?.diff,
        },
        ...ways.map((way) => callsTarget(results, way)),
        {
            what: "state of a device (P-256, generated key), 1,000 devices",
            key: "stateBytesPerDeviceAt1000",
            most: 4096,
            unit: "bytes",
            figure: ours(1000)?.stateBytesPerDevice,
        },
        {
            what: "first up on a throttled S1 hub, away from what was planned",
            key: "throttledOffPlan",
            most: 0.1,
            unit: "parts",
            figure: throttle && Math.abs(throttle.up.seconds / throttle.plannedSeconds - 1),
            run: throttle?.up,
        },
        {
            what: "devices lost or doubled while the registry fails",
            key: "lostOrDoubled",
            most: 0,
            unit: "devices",
            figure: faults && faults.lost.length + faults.doubled.length,
        },
    ];
}

/** What a run is watched by; null where it did not measure. The full bench adds the keys after the first six. */
export function watchedFigures(results: Results): Record<string, number | null> {
    const quick = pointOf(results, "ours", 200);
    const isFull = pointOf(results, "ours", 1000) !== undefined;
    const figures: Record<string, number | undefined> = {
        naiveOverOurs: overOurs(results, "naive", 200),
        handWrittenOverOurs: overOurs(results, "handWritten", 200),
        stateBytesPerDevice: quick?.stateBytesPerDevice,
        previewSeconds: quick?.preview?.seconds,
        registryCallsPerDevice: callsPerDevice(quick),
        peakMegabytes: quick?.up.peakMegabytes,
    };
    if (isFull) {
        Object.assign(
            figures,
            Object.fromEntries(targets(results).map(({ key, figure }) => [key, figure])),
        );
    }
    return Object.fromEntries(
        Object.entries(figures).map(([name, value]) => [
            name,
            value === undefined ? null : Number(value.toPrecision(4)),
        ]),
    );
}

/** Processes by their part of a run's processor time, the largest first. */
export function dominant({ cpuSeconds }: Run): (readonly [Role, number])[] {
    return (Object.entries(cpuSeconds) as [Role, number][]).sort(
        ([, one], [, other]) => other - one,
    );
}

/** Seconds of the first `up` for each device. */
export function perDevice(point: Point | undefined): number | undefined {
    return point && point.up.seconds / point.devices;
}

export function callsPerDevice(point: Point | undefined): number | undefined {
    return point && point.up.registryCalls / point.devices;
}

/** Both by `pulumi up` without options. */
function naiveTarget(results: Results, devices: number, least: number): Target {
    return {
        what: `first up of ${devices} devices, the naive program to ours`,
        key: `naiveOverOursAt${devices}`,
        least,
        unit: "times",
        figure: overOurs(results, "naive", devices),
        run: pointOf(results, "oursPlain", devices)?.up,
    };
}

function tutorialTarget(results: Results, { contender, title, key }: Way): Target {
    const own = pointOf(results, contender, 1000);
    return {
        what: `per device, the tutorial's script to ours at 1,000 devices ${title}`,
        key: `tutorialOver${key}PerDevice`,
        least: 5,
        unit: "times",
        figure: ratio(perDevice(seriesOf(results, "tutorial").at(-1)), perDevice(own)),
        run: own?.up,
    };
}

function callsTarget(results: Results, { contender, title, key }: Way): Target {
    const own = pointOf(results, contender, 1000);
    return {
        what: `registry calls a device at creation, 1,000 devices ${title}`,
        key: `registryCallsPerDeviceIn${key}At1000`,
        most: 0.02,
        unit: "calls",
        figure: callsPerDevice(own),
        run: own?.up,
    };
}

function overOurs(
    results: Results,
    peer: "naive" | "handWritten",
    devices: number,
): number | undefined {
    return ratio(
        pointOf(results, peer, devices)?.up.seconds,
        pointOf(results, "oursPlain", devices)?.up.seconds,
    );
}

function ratio(one: number | undefined, other: number | undefined): number | undefined {
    return one === undefined || other === undefined ? undefined : one / other;
}
