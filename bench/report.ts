import { titles } from "./charts";
import { Run } from "./measure/site";
import { Point, Results, Stop } from "./results";
import { callsPerDevice, dominant, perDevice, Target, targets, verdict } from "./targets";

/** The results as a page, Markdown. */
export function reportPage(results: Results): string {
    const { machine, points, stops, failures, throttle, faults, minutes } = results;
    return [
        "# What it costs, measured",
        "",
        "Written by `npm run bench`: every figure is of one run on one machine (it may be interrupted and gone on with), on " +
            "the emulator, and so are its ratios. " +
            "A hub on Azure answers slower than the emulator; its tiers' limits are in the trial of the throttled hub. " +
            "Raw figures: [bench.json](bench.json).",
        "",
        `${machine.date}, ${machine.cores} cores (${machine.cpu}), ${machine.memoryGigabytes} GB, ${machine.system}, ` +
            `Node.js ${machine.node}, Pulumi ${machine.pulumi}, OpenSSL ${machine.openssl}; ${minutes.toFixed(0)} minutes.`,
        "",
        "## Targets",
        "",
        ...table(["target", "bound", "figure", ""], targets(results).map(targetRow)),
        "",
        ...targets(results).flatMap(missedLines),
        "![First up over devices, P-256](bench.svg)",
        "",
        "![First up over devices, RSA-2048](bench-rsa.svg)",
        "",
        "## First up, and what follows",
        "",
        "The hub and its CA are there already. `preview`, `diff` (`npm run diff`) and `refresh` find no change. HTTP calls are those of the first " +
            "up; memory is the highest sum of the resident memory of all its processes (without the emulator).",
        "",
        ...table(
            [
                "",
                "key",
                "devices",
                "first up",
                "a device",
                "preview",
                "diff",
                "one more",
                "refresh",
                "state a device",
                "HTTP calls",
                "of these registry, a device",
                "memory",
            ],
            sorted(points).map(pointRow),
        ),
        "",
        ...stops.map(stopLine),
        ...failures.map(({ step, error }) => `- ${step} failed: ${error.split("\n")[0]}`),
        "",
        "![Memory over devices](bench-memory.svg)",
        "",
        ...(throttle === undefined
            ? []
            : [
                  "## A throttled hub",
                  "",
                  `${count(throttle.devices)} devices on ${throttle.sku} x ${throttle.units}, which the emulator throttles as ` +
                      `Azure documents it: \`npm run plan\` predicted ${seconds(throttle.plannedSeconds)}, the first up took ` +
                      `${seconds(throttle.up.seconds)} with ${throttle.up.registryCalls} registry calls, of which ` +
                      `${throttle.refused} were refused (429).`,
                  "",
              ]),
        ...(faults === undefined
            ? []
            : [
                  "## A failing registry",
                  "",
                  `${count(faults.devices)} devices were made and then changed while ${100 * faults.rate} % of the registry's ` +
                      `requests failed (429, 500, 503, connections dropped before and after the work was done): ` +
                      `${faults.hits} of ${count(faults.registryCalls)} requests failed, ` +
                      `${faults.runs.map(({ step, runs }) => `${step} took ${runs} run${runs === 1 ? "" : "s"}`).join(", ")}; ` +
                      `${faults.lost.length} devices lost, ${faults.doubled.length} doubled.`,
                  "",
              ]),
        "## The contenders",
        "",
        "- *" +
            titles.ours +
            "*: `pulumi up --parallel 256`; *" +
            titles.oursPlain +
            "* has 8 operations at once on two",
        "  cores, so that a bulk request is sent with the few devices that wait for it; *" +
            titles.oursAtEnd +
            "*",
        "  has `PULUMI_SKIP_CHECKPOINTS=true` as well.",
        "- *" + titles.fleet + "*: `npm run fleet -- up --shards N`, 500 devices a shard.",
        "- *" +
            titles.naive +
            "* ([bench/naive](../bench/naive)): a component, `tls.PrivateKey`, `tls.CertRequest`,",
        "  `tls.LocallySignedCert` and a dynamic resource with one call a device; with the options of `npm run fleet` as well.",
        "- *" +
            titles.tutorial +
            "* ([bench/tutorial](../bench/tutorial)): its commands for each device. `az rest` stands in",
        "  for `az iot hub device-identity create`, whose extension must be downloaded; it starts faster than that.",
        "- *" +
            titles.handWritten +
            "* ([bench/handWritten](../bench/handWritten)): a loop that keeps no state, shows no",
        "  preview and deletes nothing; and the same on all cores with 100 identities a call.",
        "",
    ].join("\n");
}

function targetRow(target: Target): string[] {
    const { what, most, least, unit, figure } = target;
    const bound = most === undefined ? `at least ${least}` : `at most ${count(most)}`;
    const found = figure === undefined ? "" : `${short(figure)} ${unit}`;
    return [what, `${bound} ${unit}`, found, verdict(target)];
}

function missedLines(target: Target): string[] {
    if (verdict(target) !== "missed") {
        return [];
    }
    const profile = target.run === undefined ? "" : ` Processor time: ${profileText(target.run)}.`;
    return [`Missed: ${target.what}.${profile}`, ""];
}

function profileText(run: Run): string {
    const parts = dominant(run).map(([role, time]) => `${role} ${seconds(time)}`);
    return `${parts.join(", ")} in ${seconds(run.seconds)}`;
}

/** By contender and key, smallest first. */
function sorted(points: readonly Point[]): Point[] {
    const names = Object.keys(titles);
    const rank = ({ contender, key }: Point): string => `${names.indexOf(contender)} ${key}`;
    return [...points].sort(
        (one, other) => rank(one).localeCompare(rank(other)) || one.devices - other.devices,
    );
}

function pointRow(point: Point): string[] {
    const { contender, key, devices, shards, up, preview, diff, addOne, refresh } = point;
    const time = (run: Run | undefined): string => (run === undefined ? "" : seconds(run.seconds));
    return [
        titles[contender] + (shards === undefined ? "" : ` (${shards})`),
        key,
        count(devices),
        time(up),
        `${(1000 * (perDevice(point) ?? 0)).toFixed(0)} ms`,
        time(preview),
        time(diff),
        time(addOne),
        time(refresh),
        point.stateBytesPerDevice === undefined ? "" : `${count(point.stateBytesPerDevice)} B`,
        count(up.calls),
        short(callsPerDevice(point) ?? 0),
        `${count(up.peakMegabytes)} MB`,
    ];
}

function stopLine({ contender, key, devices, expectedSeconds }: Stop): string {
    return `- ${titles[contender]}, ${key}, ${count(devices)} devices: not run, expected to take ${Math.ceil(expectedSeconds / 60)} minutes.`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
    const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
    return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

function seconds(value: number): string {
    return `${value < 100 ? value.toFixed(1) : count(value)} s`;
}

function short(value: number): string {
    return value >= 1000 ? count(value) : String(Number(value.toPrecision(2)));
}

function count(value: number): string {
    return (value < 10 ? value : Math.round(value)).toLocaleString("en-US");
}
