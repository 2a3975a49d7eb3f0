import { Contender, DeviceKey, Operation } from "./measure/contender";
import { handWritten, handWrittenBulk } from "./contenders/handWritten";
import { naive, naiveTuned } from "./contenders/naive";
import { fleet, ours, oursAtEnd, oursPlain } from "./contenders/ours";
import { tutorial } from "./contenders/tutorial";

/** A contender with growing fleets. */
export interface Series {
    readonly contender: Contender;
    readonly key: DeviceKey;
    /** Smallest first. */
    readonly sizes: readonly number[];
    /** Beside the first `up`. */
    readonly operations: readonly Operation[];
    /** A size whose first `up` is expected to take longer is not run, nor are the larger ones. */
    readonly mostSeconds: number;
}

/** What one run measures. */
export interface Parts {
    readonly series: readonly Series[];
    /** Devices of the throttled hub; undefined: no such trial. */
    readonly throttled?: number;
    /** Devices of the failing registry, and the part of its requests that fails (0 to 1). */
    readonly faults?: { readonly devices: number; readonly rate: number };
}

const all: readonly Operation[] = ["preview", "addOne", "refresh"];
const withDiff: readonly Operation[] = ["preview", "diff", "addOne", "refresh"];
const minutes = 60;

function series(
    contender: Contender,
    sizes: readonly number[],
    mostSeconds: number,
    key: DeviceKey = "ECDSA-P256",
    operations: readonly Operation[] = all,
): Series {
    return { contender, key, sizes, operations, mostSeconds };
}

/** The whole bench. */
export const fullParts: Parts = {
    series: [
        series(ours, [50, 100, 200, 400, 1000, 2000], 10 * minutes, "ECDSA-P256", withDiff),
        series(oursPlain, [200, 400], 5 * minutes, "ECDSA-P256", []),
        series(oursAtEnd, [50, 200, 1000, 2000], 5 * minutes),
        series(fleet, [1000], 10 * minutes, "ECDSA-P256", withDiff),
        series(fleet, [10_000], 15 * minutes, "ECDSA-P256", ["diff"]),
        series(naive, [50, 200], 20 * minutes),
        series(naive, [400, 1000, 2000], 20 * minutes, "ECDSA-P256", []),
        series(tutorial, [50, 200, 1000], 15 * minutes, "ECDSA-P256", ["addOne"]),
        series(handWritten, [50, 200, 400, 1000, 2000], 5 * minutes, "ECDSA-P256", ["addOne"]),
        series(handWrittenBulk, [200, 1000], 5 * minutes, "ECDSA-P256", []),
        series(fleet, [2000], 15 * minutes, "ECDSA-P256", []),
        series(naiveTuned, [200], 5 * minutes, "ECDSA-P256", []),
        series(ours, [50, 200, 400, 1000], 10 * minutes, "RSA-2048"),
        series(oursAtEnd, [200, 1000, 2000], 10 * minutes, "RSA-2048", []),
        series(handWritten, [50, 200, 400], 5 * minutes, "RSA-2048", []),
        series(naive, [50, 100, 200], 10 * minutes, "RSA-2048", []),
        series(tutorial, [50, 200], 5 * minutes, "RSA-2048", []),
        series(fleet, [1000], 10 * minutes, "RSA-2048", []),
    ],
    throttled: 300,
    faults: { devices: 300, rate: 0.05 },
};

/** A few minutes: one size, and the two peers that say most. */
export const quickParts: Parts = {
    series: [
        series(ours, [200], 5 * minutes, "ECDSA-P256", ["preview"]),
        series(oursPlain, [200], 5 * minutes, "ECDSA-P256", []),
        series(naive, [200], 10 * minutes, "ECDSA-P256", []),
        series(handWritten, [200], 5 * minutes, "ECDSA-P256", []),
    ],
};

/** What can be measured by itself: contenders and trials. */
export const partNames: readonly string[] = [
    ...new Set(fullParts.series.map(({ contender }) => contender.name)),
    "throttled",
    "faults",
];

/** Only the contenders or trials of these names; all without any. */
export function partsNamed({ series, throttled, faults }: Parts, names: readonly string[]): Parts {
    const isMeant = (name: string): boolean => names.length === 0 || names.includes(name);
    return {
        series: series.filter(({ contender }) => isMeant(contender.name)),
        throttled: isMeant("throttled") ? throttled : undefined,
        faults: isMeant("faults") ? faults : undefined,
    };
}

/** The same with smaller fleets, to try the bench itself. */
export function partsDivided({ series, throttled, faults }: Parts, by: number): Parts {
    const divide = (size: number): number => Math.ceil(size / by);
    return {
        series: series.map((one) => ({ ...one, sizes: one.sizes.map(divide) })),
        throttled: throttled && divide(throttled),
        faults: faults && { ...faults, devices: divide(faults.devices) },
    };
}
