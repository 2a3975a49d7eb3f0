import { strict as assert } from "assert";
import { Placement } from "../../../../cli/fleet/placement";
import { moveResources } from "../../../../cli/fleet/stateMover";
import { ExportedState, StateResource } from "../../../../cli/fleet/stackState";

const type = "pulumi-nodejs:dynamic/iothub:DeviceIdentity";
const urnIn = (stack: string, id: string): string =>
    `urn:pulumi:${stack}::iot-x509::${type}::${id}`;

/** A backend that keeps states in memory; `log` has what was written, in order. */
class Backend {
    readonly log: string[] = [];
    private readonly states = new Map<string, ExportedState>();
    /** Called before a state is read for the n-th time, from 1. */
    onRead: (stack: string, reads: number) => void = () => undefined;
    private reads = 0;

    put(stack: string, ...ids: readonly string[]): void {
        const resources = ids.map((id) => ({ urn: urnIn(stack, id), type, id }));
        this.states.set(stack, { version: 3, deployment: { resources } });
    }

    devicesOf(stack: string): string[] {
        return (this.states.get(stack)?.deployment.resources ?? []).flatMap(({ id }) => id ?? []);
    }

    add(stack: string, resource: StateResource): void {
        const { resources = [] } = this.states.get(stack)?.deployment ?? {};
        this.states.set(stack, { version: 3, deployment: { resources: [resource, ...resources] } });
    }

    outputsOf(stack: string): StateResource["outputs"] {
        return this.states.get(stack)?.deployment.resources?.[0].outputs;
    }

    async exportState(stack: string): Promise<ExportedState> {
        this.onRead(stack, ++this.reads);
        return structuredClone(this.states.get(stack)) as ExportedState;
    }

    async importState(stack: string, state: ExportedState): Promise<void> {
        this.states.set(stack, state);
        this.log.push(stack);
    }
}

const part = (stack: string, deviceId: string) => ({
    stack,
    deviceId,
    urn: urnIn(stack, deviceId),
});

describe("npm run fleet: moving device resources", () => {
    let backend: Backend;

    beforeEach(() => {
        backend = new Backend();
        backend.put("dev", "a", "b");
        backend.put("dev-shard-1", "c");
        backend.put("dev-shard-2");
    });

    const placement: Placement = {
        moves: [
            { from: "dev", to: "dev-shard-1", parts: [part("dev", "a")] },
            { from: "dev", to: "dev-shard-2", parts: [part("dev", "b")] },
            { from: "dev-shard-1", to: "dev-shard-2", parts: [part("dev-shard-1", "c")] },
        ],
        leftovers: [],
        differing: [],
    };

    it("receiving stacks are written before giving ones", async () => {
        await moveResources("dev", placement, backend);
        assert.deepEqual(backend.log, ["dev-shard-1", "dev-shard-2", "dev", "dev-shard-1"]);
        const stacks = ["dev", "dev-shard-1", "dev-shard-2"];
        assert.deepEqual(
            stacks.map((stack) => backend.devicesOf(stack)),
            [[], ["a"], ["b", "c"]],
        );
    });

    it("a state that another deployment wrote meanwhile is not overwritten", async () => {
        // Three are read at first; the fourth reading is before the first writing.
        backend.onRead = (_, reads) => {
            if (reads === 4) {
                backend.put("dev-shard-1", "c", "d");
            }
        };
        await assert.rejects(
            moveResources("dev", placement, backend),
            /state of dev-shard-1 changed while devices were being moved: .*run the same command/,
        );
        assert.deepEqual(backend.log, []);
        assert.deepEqual(backend.devicesOf("dev-shard-1"), ["c", "d"]);
    });

    it("nor is that of the giving stack, which is written last", async () => {
        backend.onRead = (stack) => {
            if (stack === "dev" && backend.log.length > 0) {
                backend.put("dev", "a", "b", "e");
            }
        };
        await assert.rejects(moveResources("dev", placement, backend), /state of dev changed/);
        assert.deepEqual(backend.devicesOf("dev"), ["a", "b", "e"]);
        assert.deepEqual(backend.devicesOf("dev-shard-1"), ["c", "a"]);
    });

    it("what the destination already holds is only removed from the source", async () => {
        backend.put("dev-shard-1", "a");
        const leftovers = [{ stack: "dev", parts: [part("dev", "a")] }];
        await moveResources("dev", { moves: [], leftovers, differing: [] }, backend);
        assert.deepEqual(backend.log, ["dev"]);
        assert.deepEqual(backend.devicesOf("dev"), ["b"]);
    });

    it("the state of the hub's stack records the move once, before the first device leaves", async () => {
        const root = { urn: "urn:pulumi:dev::iot-x509::pulumi:pulumi:Stack::iot-x509-dev" };
        backend.add("dev", { ...root, type: "pulumi:pulumi:Stack", outputs: { hub: "h" } });
        await moveResources("dev", placement, backend);
        assert.deepEqual(backend.log, ["dev", "dev-shard-1", "dev-shard-2", "dev", "dev-shard-1"]);
        assert.deepEqual(backend.outputsOf("dev"), {
            forFleetStacks: { isMoving: true },
            hub: "h",
        });
    });

    it("a newer copy replaces an older one at the destination in one write", async () => {
        backend.put("dev-shard-1", "a", "c");
        const both: Placement = {
            moves: [{ from: "dev", to: "dev-shard-1", parts: [part("dev", "a")] }],
            leftovers: [{ stack: "dev-shard-1", parts: [part("dev-shard-1", "a")] }],
            differing: [part("dev", "a")],
        };
        await moveResources("dev", both, backend);
        assert.deepEqual(backend.log, ["dev-shard-1", "dev"]);
        assert.deepEqual(backend.devicesOf("dev-shard-1"), ["c", "a"]);
        assert.deepEqual(backend.devicesOf("dev"), ["b"]);
    });
});
