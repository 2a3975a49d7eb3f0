import { readFileSync } from "fs";
import { join } from "path";
import { Props } from "./providerClient";
import { Kept, Step } from "./stack";

/** A resource in the state that official plug-ins wrote. */
export interface Recorded extends Kept {
    readonly name: string;
    /** Outputs that the state keeps as secrets. */
    readonly secrets: readonly string[];
}

/** One input changed, and the steps that the official plug-ins made of it; those that stayed the same are left out. */
export interface RecordedPreview {
    readonly change: string;
    readonly steps: readonly Step[];
}

const read = (file: string): string => readFileSync(join(__dirname, "recordings", file), "utf8");

/** Official bookkeeping that a stand-in does not write (`standins/README.md`). */
const rawStateDelta = "__pulumi_raw_state_delta";

export function recordedState(file: string): Recorded[] {
    const resources = JSON.parse(read(file)) as (Kept & { name: string })[];
    return resources.map((resource) => {
        const outputs = Object.fromEntries(
            Object.entries(resource.outputs).filter(([name]) => name !== rawStateDelta),
        );
        return {
            ...resource,
            inputs: opened(resource.inputs),
            outputs: opened(outputs),
            secrets: Object.keys(outputs).filter((name) => isMarked(outputs[name])),
        };
    });
}

export function recordedPreviews(file: string): RecordedPreview[] {
    const lines = read(file).trim().split("\n");
    return lines.map((line) => {
        const { change, steps } = JSON.parse(line) as RecordedPreview;
        return { change, steps: steps.map(comparable) };
    });
}

/** Without what says nothing: the order of reasons is that of a Go map. */
export function comparable(step: Partial<Step>): Step {
    return {
        op: step.op as Step["op"],
        urn: step.urn ?? "",
        diffReasons: [...(step.diffReasons ?? [])].sort(),
        replaceReasons: [...(step.replaceReasons ?? [])].sort(),
    };
}

const isMarked = (value: unknown): value is { secret: unknown } =>
    typeof value === "object" && value !== null && "secret" in value;

function opened(values: Props): Props {
    return Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
            name,
            isMarked(value) ? value.secret : value,
        ]),
    );
}

export const recordedRequests = (
    file: string,
): Record<string, { method: string; path: string; outcome: number }[]> =>
    JSON.parse(read(file)) as ReturnType<typeof recordedRequests>;
