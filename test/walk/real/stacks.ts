import { EmulatorProcess } from "../../../scripts/lib/emulatorProcess";
import { WalkFailure } from "../oracle/judge";
import { Seen } from "../oracle/seen";
import { foreignHubName } from "./byHand";
import { Dump, HubDump } from "./dump";
import { Engine, EngineResult } from "./engine";
import { readState, StateResource } from "./stackState";

/** End of the name of the stack that stands for the lock of `npm run fleet`. */
const fleetLock = "-fleet-lock";

/** The walk's stack with its fleet stacks, and what they made on Azure. */
export class Stacks {
    constructor(
        private readonly engine: Engine,
        private readonly emulator: EmulatorProcess,
    ) {}

    /** What a killed engine leaves locked, in every stack. */
    async unlock(): Promise<void> {
        for (const name of await this.names()) {
            if (name.endsWith(fleetLock)) {
                // As the command's own refusal says.
                await this.engine.read("stack", "rm", name, "--yes");
            } else {
                await this.engine.read("cancel", "--yes", "--stack", name);
            }
        }
    }

    /** What a refresh finds in each stack, without writing it down. */
    async refreshes(): Promise<[stack: string, run: EngineResult][]> {
        const runs: [string, EngineResult][] = [];
        for (const name of await this.names()) {
            const flags = ["--preview-only", "--expect-no-changes", "--stack", name];
            runs.push([name, await this.engine.run("refresh", ...flags)]);
        }
        return runs;
    }

    async see(): Promise<Seen> {
        const [dump, clock, exported] = await Promise.all([
            this.emulator.manage<Dump>("GET", "/dump"),
            this.emulator.manage<{ now: string }>("GET", "/clock"),
            this.export(),
        ]);
        const outputs = exported.find(({ type }) => type === "Stack")?.outputs ?? {};
        const { id = "" } = (outputs.hub ?? {}) as { id?: string };
        const isOwn = (one: HubDump): boolean => one.id.toLowerCase() === id.toLowerCase();
        const hub =
            dump.hubs.hubs.find(isOwn) ??
            dump.hubs.hubs.find(({ name }) => name !== foreignHubName);
        if (hub === undefined) {
            throw new WalkFailure(["after a run that ended well there is no hub"]);
        }
        const [service] = dump.provisioning.services;
        return { dump, resources: exported, outputs, hub, service, now: Date.parse(clock.now) };
    }

    /** The resources of the stack and its fleet stacks. */
    private async export(): Promise<StateResource[]> {
        const states: StateResource[][] = [];
        for (const name of await this.names()) {
            const flags = ["--show-secrets", "--stack", name];
            states.push(readState(await this.engine.read("stack", "export", ...flags)));
        }
        return states.flat();
    }

    /** The hub's own first. */
    private async names(): Promise<string[]> {
        const stacks = JSON.parse(await this.engine.read("stack", "ls", "--json")) as {
            name: string;
        }[];
        return stacks.map(({ name }) => name).sort((a, b) => a.length - b.length);
    }
}
