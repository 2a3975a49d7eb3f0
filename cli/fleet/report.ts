import { counted } from "./counted";
import { FleetOutcome } from "./fleetOutcome";
import { Placement } from "./placement";
import { Outcome, Verb } from "./stackRun";

const done: Readonly<Record<string, string>> = {
    create: "created",
    update: "updated",
    delete: "deleted",
    replace: "replaced",
    same: "unchanged",
};
const toDo: Readonly<Record<string, string>> = {
    create: "to create",
    update: "to update",
    delete: "to delete",
    replace: "to replace",
    same: "unchanged",
};

/** Operations of the engine that change nothing, or only the fleet stack's copy of the hub's outputs. */
const unsaid = ["refresh", "read", "discard"];

const totalLabel = "total";

/** A summary of all stacks, as lines of text. */
export function outcomeLines(
    verb: Verb,
    { stacks, awaited }: FleetOutcome,
    seconds: number,
): string[] {
    if (awaited !== undefined) {
        return awaitedLines(awaited);
    }
    const width = Math.max(totalLabel.length, ...stacks.map(({ stack }) => stack.length));
    const lines = [`Summary (${seconds.toFixed(1)} s)`];
    for (const outcome of stacks) {
        const { stack, result, details } = outcome;
        const what = result === "done" ? counts(verb, outcome.changes) : result;
        lines.push(`  ${stack.padEnd(width)}  ${what}`.trimEnd());
        lines.push(...details.map((line) => line.replace(/^/gm, "      ")));
    }
    lines.push(`  ${totalLabel.padEnd(width)}  ${counts(verb, total(stacks))}`);
    const open = stacks.filter(({ result }) => result !== "done").length;
    if (open > 0) {
        lines.push(
            `${open} of ${stacks.length} stacks are not done. The same command continues with what is left.`,
        );
    }
    return lines;
}

function awaitedLines({ moves, leftovers }: Placement): string[] {
    return [
        "Devices must move between states first; npm run fleet -- up does that without creating or deleting anything:",
        ...moves.map(
            ({ from, to, parts }) =>
                `  ${counted(parts.length, "resource")} to move from ${from} to ${to}`,
        ),
        ...leftovers.map(
            ({ stack, parts }) =>
                `  ${counted(parts.length, "resource")} of an interrupted move to remove from ${stack}`,
        ),
        "Other changes of the settings cannot be previewed until then.",
    ];
}

/** What was done, by the engine's operations: `100 made, 240 unchanged`. */
export function operationsDone(changes: Outcome["changes"]): string {
    return counts("up", changes);
}

function counts(verb: Verb, changes: Outcome["changes"]): string {
    const words = verb === "preview" ? toDo : done;
    const known = Object.entries(changes).filter(
        ([op, count]) => count > 0 && !unsaid.includes(op),
    );
    const texts = known.map(([op, count]) => `${count.toLocaleString("en-US")} ${words[op] ?? op}`);
    return texts.length === 0 ? "nothing" : texts.join(", ");
}

function total(stacks: readonly Outcome[]): Outcome["changes"] {
    const sum: Record<string, number> = {};
    for (const { changes } of stacks) {
        for (const [op, count] of Object.entries(changes)) {
            sum[op] = (sum[op] ?? 0) + count;
        }
    }
    return sum;
}
