import { rmSync } from "fs";
import { availableParallelism } from "os";
import { LocalWorkspace, Stack } from "@pulumi/pulumi/automation";
import { destroyVariable } from "../../../components/dynamic/stackSettings";
import { paceVariable } from "../../../components/iothub/pace";
import { Settings, Sharding } from "../../../stacks/settings";
import { shardsValue } from "../../../stacks/shards";
import { readStack, StackFileError } from "../planConfig";
import { counted } from "./counted";
import { FleetStack, FleetStacks, isFleetStack } from "./fleetStacks";
import { inParallel } from "../inParallel";
import { PaceKeeper } from "./paceKeeper";
import { canBelongTo, Placement } from "./placement";
import { PulumiCli } from "./pulumiCli";
import { claimedPlatform, settingsFile, settingsWith, writeFleetStackFile } from "./stackFiles";
import { Outcome, runStack, Verb } from "./stackRun";
import { carryOut } from "./stateMover";
import { withSettingsFile } from "./withSettingsFile";

export interface FleetOptions {
    /** Folder of Pulumi.yaml. */
    readonly folder: string;
    /** The stack of the hub. */
    readonly platform: string;
    /** That the stack is said to be in; undefined: nothing was said. */
    readonly organization?: string;
    /** Instead of what the settings say; `up` writes it there. */
    readonly sharding?: Sharding;
    /** Whether states are compared with Azure first. */
    readonly refresh: boolean;
    /** Fleet stacks that are deployed at once. Default: one for each processor. */
    readonly atOnce?: number;
    readonly say: (line: string) => void;
}

/** What became of all stacks. */
export interface FleetOutcome {
    readonly stacks: readonly Outcome[];
    /** Of a preview, when parts of devices must move first: then no stack can be previewed. */
    readonly awaited?: Placement;
}

/** The stack of a hub with the fleet stacks that hold its devices, deployed as one. */
export class Fleet {
    private readonly stopping = new AbortController();
    private isStopping = false;

    private constructor(
        private readonly options: FleetOptions,
        private readonly settings: Settings,
        private readonly cli: PulumiCli,
        private readonly keeper: PaceKeeper,
        private readonly workspace: LocalWorkspace,
        private readonly fleetWorkspace: LocalWorkspace,
    ) {}

    /** @throws ConfigurationError, StackFileError */
    static async open(options: FleetOptions): Promise<Fleet> {
        const { folder, platform, sharding } = options;
        const override = sharding === undefined ? {} : { shards: shardsValue(sharding) };
        const { settings, unread } = readStack(folder, platform, override);
        if (settings.shard !== undefined) {
            throw new StackFileError(
                `${platform} is a fleet stack — name the stack of its hub: --stack ${settings.shard.of}`,
            );
        }
        const hidden = unread.find((name) =>
            /^(shards|devices|devicesFile|deviceDefaults|groups)\b/.test(name),
        );
        if (settings.shards !== undefined && hidden !== undefined) {
            throw new StackFileError(
                `iot-x509:${hidden} is encrypted, and which fleet stack has which device is told from it — write it in ` +
                    `clear (pulumi config set), or stay with one stack`,
            );
        }
        const cli = await PulumiCli.find(folder);
        const keeper = await PaceKeeper.start();
        const paced = { [paceVariable]: keeper.address };
        return new Fleet(
            options,
            settings,
            cli,
            keeper,
            await cli.workspace(paced),
            // A fleet stack makes nothing that its next run would not find again: a device that exists is taken over, and
            // a key that got lost on the way was given to nobody. So its state need not be written after every step.
            await cli.workspace({ ...paced, PULUMI_SKIP_CHECKPOINTS: "true" }),
        );
    }

    /**
     * Lets what is under way end, and begins nothing more.
     *
     * @param mustTell whether the running CLIs did not get the signal themselves
     */
    stop(mustTell: boolean): void {
        this.isStopping = true;
        this.keeper.stop();
        if (mustTell) {
            this.stopping.abort();
        }
    }

    close(): void {
        this.keeper.close();
    }

    /** Moves parts of devices where they belong, deploys the hub's stack, then the fleet stacks. */
    async up(): Promise<FleetOutcome> {
        const { platform, sharding, say } = this.options;
        const before = await this.read();
        for (const { stack } of this.writeFiles(before).filter(({ exists }) => !exists)) {
            await this.cli.makeStack(stack);
        }
        if (sharding !== undefined) {
            const value = String(shardsValue(sharding));
            await this.cli.run("config", "set", "--stack", platform, "iot-x509:shards", value);
        }
        const { moves, leftovers } = before.placement;
        if (!this.isStopping) {
            if (moves.length > 0) {
                say(`${devicesIn(moves)} to move to other stacks: only states change`);
            }
            await carryOut({ moves, leftovers }, this.cli);
        }
        this.keeper.expect(before.listedDevices, before.heldDevices);
        const hub = await this.run("up", platform);
        const stacks = before.wanted.map(({ stack }) => stack);
        if (hub.result !== "done") {
            return { stacks: [hub, ...stacks.map(notBegun)] };
        }
        const outcomes = await this.runFleet("up", stacks);
        await this.removeObsolete(before.obsolete);
        return { stacks: [hub, ...outcomes] };
    }

    /** Shows what `up` would do. Writes nothing but the settings files of fleet stacks, which are made anew anyway. */
    async preview(): Promise<FleetOutcome> {
        const { folder, platform, sharding } = this.options;
        const present = await this.read();
        const { placement } = present;
        if (placement.moves.length + placement.leftovers.length > 0) {
            return { stacks: [], awaited: placement };
        }
        const hub = await (sharding === undefined
            ? this.run("preview", platform)
            : withSettingsFile(settingsWith(folder, platform, sharding), (file) =>
                  this.run("preview", platform, file),
              ));
        const wanted = this.writeFiles(present);
        const existing = wanted.filter(({ exists }) => exists).map(({ stack }) => stack);
        const outcomes = await this.runFleet("preview", existing);
        return {
            stacks: [hub, ...outcomes, ...wanted.filter(({ exists }) => !exists).map(toCome)],
        };
    }

    /** Takes down the hub with all its devices at once, and then what is left of them in the fleet stacks. */
    async destroy(): Promise<FleetOutcome> {
        const { platform } = this.options;
        const present = await this.read();
        this.writeFiles(present);
        const stacks = [
            ...present.wanted.filter(({ exists }) => exists).map(({ stack }) => stack),
            ...present.obsolete,
        ];
        this.workspace.envVars[destroyVariable] = "true";
        const hub = await this.run("destroy", platform);
        if (hub.result !== "done") {
            return { stacks: [hub, ...stacks.map(notBegun)] };
        }
        const outcomes = await this.runFleet("destroy", stacks);
        const gone = outcomes.filter(({ result }) => result === "done");
        for (const { stack } of gone) {
            await this.remove(stack);
        }
        return { stacks: [hub, ...outcomes] };
    }

    private async read(): Promise<FleetStacks> {
        const { folder, platform, organization } = this.options;
        const names = await this.cli.stacks();
        const elsewhere = names.filter((name) => name.endsWith(`/${platform}`));
        const isNamed = elsewhere.includes(`${organization}/${platform}`);
        if (isNamed || (elsewhere.length > 0 && !names.includes(platform))) {
            const owner = isNamed ? organization : elsewhere[0].split("/")[0];
            throw new StackFileError(
                `the stack "${owner}/${platform}" is not in your default organization, where its fleet stacks would be ` +
                    `made — pulumi org set-default ${owner}`,
            );
        }
        if (!names.includes(platform)) {
            throw new StackFileError(
                `the stack "${platform}" does not exist — pulumi stack init ${platform}`,
            );
        }
        const named = names.filter((name) => name === platform || isFleetStack(platform, name));
        const states = await inParallel(this.atOnce, named, async (name) => {
            const state = await this.cli.exportState(name);
            return [name, state] as const;
        });
        const own = states.filter(
            ([name, state]) =>
                name === platform || canBelongTo(platform, state, claimedPlatform(folder, name)),
        );
        const stacks = new FleetStacks(this.settings, platform, new Map(own));
        const taken = stacks.wanted.find(({ stack, exists }) => !exists && names.includes(stack));
        if (taken !== undefined) {
            throw new StackFileError(
                `the stack "${taken.stack}" is not of ${platform}'s fleet, and a fleet stack needs that name — ` +
                    `pulumi stack rename NAME --stack ${taken.stack}, with its settings file`,
            );
        }
        return stacks;
    }

    private writeFiles({ wanted }: FleetStacks): readonly FleetStack[] {
        const { folder, platform } = this.options;
        for (const one of wanted) {
            writeFleetStackFile(folder, platform, this.settings.shards, one);
        }
        return wanted;
    }

    private runFleet(verb: Verb, stacks: readonly string[]): Promise<Outcome[]> {
        return inParallel(this.atOnce, stacks, (stack) => this.run(verb, stack));
    }

    private async run(verb: Verb, name: string, configFile?: string): Promise<Outcome> {
        if (this.isStopping) {
            return notBegun(name);
        }
        const { platform, refresh, say } = this.options;
        const workspace = name === platform ? this.workspace : this.fleetWorkspace;
        const { signal } = this.stopping;
        const stack = await Stack.select(name, workspace);
        const outcome = await runStack(verb, stack, { refresh, configFile, signal });
        const result = this.isStopping && outcome.result === "failed" ? "stopped" : outcome.result;
        say(`${verb} of ${name}: ${result} after ${outcome.seconds.toFixed(1)} s`);
        return { ...outcome, result };
    }

    private get atOnce(): number {
        return this.options.atOnce ?? availableParallelism();
    }

    private async removeObsolete(stacks: readonly string[]): Promise<void> {
        if (stacks.length === 0 || this.isStopping) {
            return;
        }
        const left = await this.read();
        for (const stack of stacks.filter((name) => left.isRemovable(name))) {
            this.options.say(`${stack} is empty and not needed any more: removed`);
            await this.remove(stack);
        }
    }

    private async remove(stack: string): Promise<void> {
        await this.cli.removeStack(stack);
        rmSync(settingsFile(this.options.folder, stack), { force: true });
    }
}

function notBegun(stack: string): Outcome {
    return { stack, result: "not begun", changes: {}, details: [], seconds: 0 };
}

function toCome({ stack, devices }: FleetStack): Outcome {
    const details = [`does not exist yet; ${counted(devices, "device")} to make in it`];
    return { stack, result: "done", changes: {}, details, seconds: 0 };
}

function devicesIn(moves: Placement["moves"]): string {
    const ids = moves.flatMap(({ parts }) => parts.map(({ deviceId }) => deviceId));
    return counted(new Set(ids).size, "device");
}
