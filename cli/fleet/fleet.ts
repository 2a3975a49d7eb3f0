import { availableParallelism } from "os";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { destroyVariable } from "../../components/dynamic/stackSettings";
import { rateLimitServerVariable } from "../../components/dynamic/runVariables";
import { shellWord } from "../../components/text/shellWords";
import { cutOffText, KnownSettings, tooMany } from "../../stacks/cutOff";
import { presentDevices, presentDevicesVariable } from "../../stacks/presentDevices";
import { plannedVariable } from "../../stacks/planned";
import { isLoginLine } from "../../stacks/loginLine";
import { isFleetStack, shardsValue } from "../../stacks/shards";
import { fleetStackError, project, readStack, StackFileError } from "../stackFiles/planConfig";
import { counted } from "./counted";
import { FleetOptions, Present } from "./fleetOptions";
import { FleetProgress } from "./fleetProgress";
import { FleetStack, FleetStacks } from "./fleetStacks";
import { inParallel } from "../../scripts/lib/inParallel";
import { RateLimitServer } from "./rateLimitServer";
import { HubOutput, refuseRenamed } from "./renamedPlatform";
import { HeldPart, Placement, platformOf } from "./placement";
import { findPlatform } from "./platform";
import { PlatformLock } from "./platformLock";
import { PulumiCli } from "./pulumiCli";
import { RunFolder } from "./runFolder";
import { PlatformFile, removeFormerFile } from "../stackFiles/stackFiles";
import { ExportedState } from "./stackState";
import { Outcome, plain, runStack, Verb } from "./stackRun";
import { moveResources } from "./stateMover";
import { FleetOutcome } from "./fleetOutcome";
import { nameIn, refuseHidden, refuseProtected } from "./fleetRefusals";

/** A stack tag that names the platform of a fleet stack before its first deployment. */
const fleetTag = "iot-x509:fleetOf";
const progressMilliseconds = 1000;

/** The stack of a hub and the fleet stacks that hold its devices, deployed as one. */
export class Fleet {
    private isStopping = false;
    private isDestroying = false;
    private progress: FleetProgress | undefined;
    /** Resources that fleet stacks must replace. */
    private replace: string | undefined;

    private constructor(
        private readonly options: FleetOptions,
        /** The stack of the hub. */
        readonly platform: string,
        readonly cli: PulumiCli,
        readonly runFolder: RunFolder,
        private readonly rateLimitServer: RateLimitServer,
        /** The project's stacks, as long as they were listed just now. */
        private listed: readonly string[] | undefined,
    ) {}

    /** @throws StackFileError if there is no such stack; CliError */
    static async open(options: FleetOptions): Promise<Fleet> {
        const runFolder = RunFolder.make(project);
        try {
            const cli = await PulumiCli.find(options.folder, runFolder.path);
            const { name, stacks } = await findPlatform(options.stack, project, cli);
            const server = await RateLimitServer.start();
            return new Fleet(options, name, cli, runFolder, server, stacks);
        } catch (error) {
            runFolder.remove();
            throw error;
        }
    }

    /** Lets running operations finish and starts no new ones. When called again, stops running operations, too. */
    stop(): void {
        this.isStopping = true;
        this.rateLimitServer.stop();
        this.cli.interrupt();
    }

    /** Kills running operations immediately, wherever they are. */
    kill(): void {
        this.cli.interrupt("SIGKILL");
    }

    close(): void {
        this.rateLimitServer.close();
        this.runFolder.remove();
    }

    /** Moves device resources to where they belong, deploys the hub's stack, then the fleet stacks. */
    up(): Promise<FleetOutcome> {
        return this.locked(() => this.deploy());
    }

    private async deploy(): Promise<FleetOutcome> {
        const { platform } = this;
        const { sharding, say, folder } = this.options;
        const before = await this.read();
        const { stacks } = before;
        this.checkCutOff(before);
        this.writeFiles(before);
        for (const { stack } of stacks.wanted.filter(({ exists }) => !exists)) {
            await this.cli.makeStack(stack, before.file.secretsProvider);
            await this.cli.tag(stack, fleetTag, platform);
        }
        if (sharding !== undefined) {
            const value = String(shardsValue(sharding));
            const flags = ["--stack", platform, "--plaintext"];
            await this.cli.run("config", "set", ...flags, "iot-x509:shards", value);
        }
        if (!this.isStopping) {
            this.tellMoves(stacks.placement);
            await moveResources(platform, stacks.placement, this.cli);
        }
        stacks.names.forEach((stack) => removeFormerFile(folder, stack));
        const hub = await this.run("up", platform);
        const wanted = stacks.wanted.map(({ stack }) => stack);
        if (hub.result !== "done") {
            return { stacks: [hub, ...wanted.map(notBegun)] };
        }
        if (hub.isHubNew) {
            say(
                "the hub was replaced: the identities of all devices are created again on the new one",
            );
            // The new hub may have the same ID as the old one, so the fleet stacks would see no change.
            this.replace = allIdentities;
        }
        const outcomes = await this.runFleet("up", wanted, stacks.expectedParts);
        if (stacks.obsolete.length > 0 && !this.isStopping) {
            const { stacks: left, file } = await this.read();
            const removable = stacks.obsolete.filter((name) => left.isRemovable(name));
            for (const stack of removable) {
                if (left.hasAlertRules(stack)) {
                    this.writeGone(file, stack);
                    const outcome = await this.run("destroy", stack);
                    if (outcome.result !== "done") {
                        outcomes.push(outcome);
                        continue;
                    }
                }
                say(`${stack} is empty and no longer needed: removed`);
                await this.cli.removeStack(stack);
            }
        }
        return { stacks: [hub, ...outcomes] };
    }

    /**
     * Refuses to cut off too many devices and reports those that are cut off, for all stacks together.
     *
     * @throws StackFileError
     */
    private checkCutOff({ settings, encrypted, stacks }: Present): void {
        const isHidden = encrypted.includes("organization") || encrypted.includes("country");
        const known: KnownSettings = {
            ...settings,
            organization: isHidden ? undefined : settings.organization,
        };
        const { previous } = stacks;
        const refusal = tooMany(known, previous);
        if (refusal !== undefined) {
            throw new StackFileError(refusal);
        }
        const text = cutOffText(known, previous);
        if (text !== undefined) {
            this.options.say(text);
        }
    }

    private tellMoves({ moves, differing }: Placement): void {
        const { say } = this.options;
        if (moves.length > 0) {
            const parts = moves.flatMap((move) => move.parts);
            say(`${devicesOf(parts)} to move to other stacks: only states change`);
        }
        if (differing.length > 0) {
            say(
                `${devicesOf(differing)} in two stacks after an interrupted move, and changed in one of them ` +
                    `since. The changed one stays: ${differing.map(({ urn, stack }) => `${nameIn(urn)} of ${stack}`).join(", ")}`,
            );
        }
    }

    /** Shows what `up` would do. Writes nothing. */
    async preview(): Promise<FleetOutcome> {
        const present = await this.read();
        this.checkCutOff(present);
        return this.previewOf(present);
    }

    /** Previews what was read already, however many devices are cut off. */
    async previewOf(present: Present): Promise<FleetOutcome> {
        const { wanted, placement, expectedParts } = present.stacks;
        if (placement.moves.length + placement.leftovers.length > 0) {
            return { stacks: [], awaited: placement };
        }
        this.writeFiles(present);
        const hub = await this.run("preview", this.platform);
        const existing = wanted.filter(({ exists }) => exists).map(({ stack }) => stack);
        const outcomes = await this.runFleet("preview", existing, expectedParts);
        return {
            stacks: [hub, ...outcomes, ...wanted.filter(({ exists }) => !exists).map(toCome)],
        };
    }

    /** Destroys the hub with all its devices at once, then what is left of them in the fleet stacks. */
    destroy(): Promise<FleetOutcome> {
        return this.locked(() => this.takeDown());
    }

    private async takeDown(): Promise<FleetOutcome> {
        const present = await this.read();
        const { wanted, obsolete, protectedResources, expectedParts, names } = present.stacks;
        refuseProtected(protectedResources);
        this.writeFiles(present);
        obsolete.forEach((stack) => this.writeGone(present.file, stack));
        const stacks = [
            ...wanted.filter(({ exists }) => exists).map(({ stack }) => stack),
            ...obsolete,
        ];
        this.isDestroying = true;
        const hub = await this.run("destroy", this.platform);
        if (hub.result !== "done") {
            return { stacks: [hub, ...stacks.map(notBegun)] };
        }
        const outcomes = await this.runFleet("destroy", stacks, expectedParts);
        for (const { stack } of outcomes.filter(({ result }) => result === "done")) {
            await this.cli.removeStack(stack);
        }
        names.forEach((stack) => removeFormerFile(this.options.folder, stack));
        return { stacks: [hub, ...outcomes] };
    }

    get isStopped(): boolean {
        return this.isStopping;
    }

    /** Does work that no other run may do on these stacks at the same time. */
    async locked<T>(work: () => Promise<T>): Promise<T> {
        const { file } = this.readFiles();
        const lock = await PlatformLock.take(this.platform, file, this.cli, this.runFolder);
        // Another run may have made or removed some until then.
        this.listed = undefined;
        try {
            return await work();
        } finally {
            await lock.release(this.options.say);
        }
    }

    /** @throws ConfigurationError, StackFileError */
    private readFiles(): Omit<Present, "stacks"> {
        const { folder, sharding, onUnusableFile } = this.options;
        const override = sharding === undefined ? {} : { shards: shardsValue(sharding) };
        const { settings, unread, encrypted, native } = readStack(folder, this.platform, override, {
            onUnusableFile,
        });
        if (settings.shard !== undefined) {
            throw fleetStackError(this.platform, settings.shard.of);
        }
        refuseHidden(settings, unread);
        return { settings, encrypted, native, file: PlatformFile.read(folder, this.platform) };
    }

    /** @throws ConfigurationError, StackFileError */
    async read(): Promise<Present> {
        const { platform } = this;
        const files = this.readFiles();
        const { settings } = files;
        const names = this.listed ?? (await this.cli.stacks());
        this.listed = undefined;
        const named = names.filter((name) => name === platform || isFleetStack(platform, name));
        const states = await inParallel(this.atOnce, named, async (name) => {
            const state = await this.cli.exportState(name);
            const isOwn = name === platform || (await this.isOwn(name, state));
            return isOwn ? [[name, state] as const] : [];
        });
        const stacks = new FleetStacks(settings, platform, new Map(states.flat()));
        const { hub } = stacks.previous.outputs as { readonly hub?: HubOutput };
        await refuseRenamed(platform, hub, names, (name) => this.cli.exportState(name));
        const taken = stacks.wanted.find(({ stack, exists }) => !exists && names.includes(stack));
        if (taken !== undefined) {
            throw new StackFileError(
                `the stack "${taken.stack}" does not belong to ${platform}'s fleet, but a fleet stack needs that name — ` +
                    `pulumi stack rename NAME --stack ${shellWord(taken.stack)}, with its settings file; or, if nobody needs it, ` +
                    `pulumi stack rm ${shellWord(taken.stack)}`,
            );
        }
        return { ...files, stacks };
    }

    /** Whether a stack with the name of a fleet stack belongs to this hub. */
    private async isOwn(stack: string, state: ExportedState): Promise<boolean> {
        const told = platformOf(state);
        return (
            (told === undefined ? (await this.cli.tags(stack))[fleetTag] : told) === this.platform
        );
    }

    /** Writes settings that all stacks of a run share, even if the user's file changes meanwhile. */
    private writeFiles({ settings, file, stacks }: Present): void {
        const { platform, runFolder } = this;
        runFolder.write(platform, file.settings(this.options.sharding));
        runFolder.writePresentDevices(presentDevices(stacks.previous));
        for (const { stack, shard } of stacks.wanted) {
            runFolder.write(stack, file.fleetStackSettings(platform, shard, settings.shards));
        }
    }

    /** Writes the settings of a stack that is no longer wanted, for its destruction. */
    private writeGone(file: PlatformFile, stack: string): void {
        this.runFolder.write(stack, file.fleetStackSettings(this.platform, "gone", undefined));
    }

    private async runFleet(
        verb: Verb,
        stacks: readonly string[],
        parts: number,
    ): Promise<Outcome[]> {
        const progress = new FleetProgress(parts, Date.now());
        this.progress = progress;
        const timer = setInterval(() => {
            const line = progress.due(Date.now());
            if (line !== undefined) {
                this.options.say(line);
            }
        }, progressMilliseconds);
        try {
            return await inParallel(this.atOnce, stacks, (stack) => this.run(verb, stack));
        } finally {
            clearInterval(timer);
            this.progress = undefined;
        }
    }

    private async run(verb: Verb, stack: string): Promise<Outcome> {
        if (this.isStopping) {
            return notBegun(stack);
        }
        const { refresh, exclude, policyPack, say } = this.options;
        const outcome = await runStack(verb, stack, this.cli, {
            refresh,
            exclude,
            policyPack: verb === "preview" ? policyPack : undefined,
            replace: stack === this.platform ? undefined : this.replace,
            settingsFile: this.runFolder.settingsFile(stack),
            eventLog: this.runFolder.eventLog(stack),
            variables: this.variables(stack),
            onEvent: (event) => {
                this.progress?.take(event);
                this.tellLogin(event);
                this.options.onEvent?.(event);
            },
        });
        const result = this.isStopping && outcome.result === "failed" ? "stopped" : outcome.result;
        say(`${verb} of ${stack}: ${result} after ${outcome.seconds.toFixed(1)} s`);
        return { ...outcome, result };
    }

    /** The run of the hub's stack logs in and reports the login; fleet stacks use the same login. */
    private tellLogin({ diagnosticEvent }: EngineEvent): void {
        const message = plain(diagnosticEvent?.message ?? "").trim();
        if (isLoginLine(message)) {
            this.options.say(message);
        }
    }

    private variables(stack: string): Record<string, string> {
        return {
            [rateLimitServerVariable]: this.rateLimitServer.address,
            [plannedVariable]: this.runFolder.planned,
            [presentDevicesVariable]: this.runFolder.presentDevices,
            ...(this.isDestroying ? { [destroyVariable]: "true" } : {}),
            // The state of a fleet stack need not be written after every step, because its next run finds everything again:
            // existing devices are taken over, and a key that was lost had not been given to anybody.
            ...(stack === this.platform ? {} : { PULUMI_SKIP_CHECKPOINTS: "true" }),
        };
    }

    private get atOnce(): number {
        return this.options.atOnce ?? availableParallelism();
    }
}

const allIdentities = "**iothub:DeviceIdentity::**";

function notBegun(stack: string): Outcome {
    return { stack, result: "not started", changes: {}, details: [], seconds: 0 };
}

function toCome({ stack, devices }: FleetStack): Outcome {
    const details = [`does not exist yet; ${counted(devices, "device")} to create in it`];
    return { stack, result: "done", changes: {}, details, seconds: 0 };
}

function devicesOf(parts: readonly HeldPart[]): string {
    return counted(new Set(parts.map(({ deviceId }) => deviceId)).size, "device");
}
