import { deepEqual, equal } from "assert/strict";
import { outcomeLines } from "../../cli/fleet/report";
import { Outcome } from "../../cli/fleet/stackRun";
import { awaitsMoves, changesOf, stacksToCome } from "./oracle/fleetSummary";

function textOf(verb: "up" | "preview", ...stacks: Pick<Outcome, "stack" | "changes">[]): string {
    const outcomes = stacks.map((one) => ({
        ...{ result: "done" as const, details: ["create DeviceIdentity d1"], seconds: 1 },
        ...one,
    }));
    return ["preview of dev: done", ...outcomeLines(verb, { stacks: outcomes }, 2), ""].join("\n");
}

describe("the walk's reading of a fleet's summary", () => {
    const hub = { stack: "dev", changes: { same: 1030 } };
    const changed = { create: 1200, update: 2, delete: 3, replace: 4, same: 5 };

    it("is the same for a preview and the run that does it", () => {
        const shard = { stack: "dev-shard-1", changes: changed };
        const announced = changesOf(textOf("preview", hub, shard));
        deepEqual(announced, changesOf(textOf("up", hub, shard)));
        equal(announced?.["dev-shard-1"], "1,200 create, 2 update, 3 delete, 4 replace");
    });

    it("differs by stack and by number", () => {
        const one = changesOf(textOf("up", hub, { stack: "dev-shard-1", changes: { create: 1 } }));
        for (const [stack, create] of [
            ["dev-shard-1", 2],
            ["dev-shard-2", 1],
        ] as const) {
            const other = changesOf(textOf("up", hub, { stack, changes: { create } }));
            equal(JSON.stringify(one) === JSON.stringify(other), false);
        }
    });

    it("names no change where everything is unchanged, and nothing without a summary", () => {
        deepEqual(Object.values(changesOf(textOf("preview", hub)) ?? {}), ["", ""]);
        equal(changesOf("error: another run of npm run fleet is under way"), undefined);
    });

    it("knows stacks that do not exist yet", () => {
        const details = ["does not exist yet; 4 devices to create in it"];
        const outcome = { ...{ result: "done" as const, details, seconds: 0 }, changes: {} };
        const stacks = [
            { ...outcome, stack: "dev", changes: { create: 4 }, details: [] },
            { ...outcome, stack: "dev-shard-1" },
        ];
        deepEqual(stacksToCome(outcomeLines("preview", { stacks }, 1).join("\n")), ["dev-shard-1"]);
        deepEqual(stacksToCome(textOf("preview", hub)), []);
    });

    it("knows a preview that awaits moves", () => {
        const awaited = {
            moves: [{ from: "dev", to: "dev-shard-1", parts: [] }],
            ...{ leftovers: [], differing: [] },
        };
        equal(awaitsMoves(outcomeLines("preview", { stacks: [], awaited }, 1).join("\n")), true);
        equal(awaitsMoves(textOf("preview", hub)), false);
    });
});
