import { mkdtempSync, readFileSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { EmulatorProcess } from "../../../scripts/lib/emulatorProcess";
import { ProjectCopy } from "../../../scripts/lib/projectCopy";
import { makeCa } from "../../support/pki";
import { isFleet, lostDevice, Model, noteCompleted, noteRun } from "../model/model";
import { leftovers } from "../oracle/azure";
import { Judge, WalkFailure } from "../oracle/judge";
import { Seen } from "../oracle/seen";
import { AzureWire } from "./azure";
import { ByHand } from "./byHand";
import { atCall, failFifth, Run } from "./disturbance";
import { Dump } from "./dump";
import { Engine } from "./engine";
import { Field } from "./field";
import { FleetRun } from "./fleetRun";
import { OfflineRoot } from "./offlineRoot";
import { render } from "./render";
import { Stacks } from "./stacks";
import { Standing, Watch } from "./watch";

const stackName = "walk";

export interface Toolchain {
    readonly cli: string;
    readonly pulumiHome: string;
}

const day = 24 * 3600;
/** How long after the first of two fleet runs the second begins, in milliseconds. */
const secondRunAfter = 1500;
const laterClock = path.resolve(__dirname, "../../../scripts/lib/laterClock.js");
const running = new Set<Walker>();

/** Removes what walks that did not end have on disk. */
export function removeFolders(): void {
    running.forEach((walker) => walker.removeFiles());
}

/** Does the steps of one walk: one emulator, one project, one stack, the real CLI. */
export class Walker {
    readonly judge: Judge;
    readonly byHand: ByHand;
    readonly offlineRoot: OfflineRoot;
    private readonly field: Field;
    private readonly stacks: Stacks;
    private standing: readonly Standing[] = [];
    private seen: Seen | undefined;
    private foreignHubId = "";
    private foreignCa: string | undefined;

    private constructor(
        private readonly folder: string,
        private readonly emulator: EmulatorProcess,
        private readonly project: ProjectCopy,
        private readonly engine: Engine,
    ) {
        const ca = readFileSync(emulator.ready.caFile, "utf8");
        this.field = new Field(emulator.ready.mqttPort, ca);
        this.offlineRoot = new OfflineRoot(folder, project.folder);
        const port = Number(new URL(emulator.ready.proxy).port);
        this.byHand = new ByHand(AzureWire.of(port, ca, engine.variables), {
            hub: () => this.present.hub,
            service: () => this.present.service,
        });
        this.stacks = new Stacks(engine, emulator);
        this.judge = new Judge(this.field, project.folder);
    }

    static async start(toolchain: Toolchain): Promise<Walker> {
        const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-walk-"));
        const emulator = await EmulatorProcess.start({ folder });
        const { pulumiHome, cli } = toolchain;
        const project = ProjectCopy.make({ environment: emulator.environment(), pulumiHome });
        const engine = new Engine(cli, project.folder, project.environment);
        const walker = new Walker(folder, emulator, project, engine);
        running.add(walker);
        project.changeSettings(stackName, () => undefined);
        await engine.read("stack", "init", stackName);
        walker.foreignHubId = await walker.byHand.makeForeignHub();
        return walker;
    }

    async end(): Promise<void> {
        await this.emulator.stop();
        this.removeFiles();
    }

    removeFiles(): void {
        running.delete(this);
        this.project.remove();
        rmSync(this.folder, { recursive: true, force: true });
    }

    private get present(): Seen {
        if (this.seen === undefined) {
            throw new Error("nothing is deployed");
        }
        return this.seen;
    }

    /** Previews and deploys, and looks at everything that must be so then. */
    async up(model: Model, options: { readonly replace?: readonly string[] } = {}): Promise<void> {
        await this.settle(model);
        await this.deleteLost(model);
        if (isFleet(model)) {
            return this.fleetUp(model);
        }
        const replace = options.replace ? ["--replace", this.urn(options.replace)] : [];
        const flags = [...(model.needsRefresh ? ["--refresh"] : []), ...replace];
        noteRun(model);
        const preview = await this.engine.run("preview", "--stack", stackName, ...flags);
        this.judge.mustSucceed("preview", preview);
        const watch = await Watch.begin(this.field, this.standing);
        const up = await this.engine.run("up", "--yes", "--skip-preview", ...flags);
        await watch.end();
        this.judge.mustSucceed("up", up);
        this.judge.throwIfAny();
        this.judge.mustBeAsAnnounced(preview, up);
        await this.look(model, watch);
    }

    /** What the state forgot and the settings dropped: while it is in, each run is refused; then somebody deletes it. */
    private async deleteLost(model: Model): Promise<void> {
        const lost = lostDevice(model);
        if (lost === undefined) {
            return;
        }
        const { hub, resources } = await this.stacks.see();
        if (resources.some(({ type, name }) => type === "DeviceIdentity" && name === lost)) {
            return;
        }
        const isIn = hub.devices.some((one) => one.deviceId === lost && one.status === "enabled");
        // A fleet of which parts are yet to move has no preview.
        if (isIn && !isFleet(model)) {
            const run = await this.engine.run("preview", "--stack", stackName);
            this.judge.mustBeRefused("preview", run, `nor its state has: ${lost};`);
        }
        await this.byHand.deleteDevice(lost);
    }

    /** After a run that may have been stopped in the middle: `up` ends it, in as many runs as it is given. */
    private async look(model: Model, watch: Watch): Promise<void> {
        const hubBefore = this.seen?.hub;
        const seen = await this.stacks.see();
        this.seen = seen;
        if (hubBefore?.id !== seen.hub.id) {
            await this.byHand.addForeign(await this.foreignCaPem());
            this.seen = await this.stacks.see();
        }
        this.standing = await this.judge.look(model, this.seen, watch, hubBefore);
        await (model.config.shards === undefined ? this.mustBeQuiet() : this.fleetMustBeQuiet());
        this.judge.throwIfAny();
        noteCompleted(model);
    }

    /** Nothing is left to do, and a refresh finds nothing. */
    private async mustBeQuiet(): Promise<void> {
        const [preview, refresh] = await Promise.all([
            this.engine.run("preview", "--stack", stackName, "--expect-no-changes"),
            this.engine.run("refresh", "--preview-only", "--expect-no-changes"),
        ]);
        this.judge.mustBeQuiet("the next preview", preview);
        this.judge.mustBeQuiet("a refresh", refresh);
    }

    /** `npm run fleet`, which moves devices where `shards` changed. */
    private async fleetUp(model: Model): Promise<void> {
        noteRun(model);
        await this.write(model);
        const flags = model.needsRefresh ? ["--refresh"] : [];
        const preview = await FleetRun.start(this.engine, "preview", ...flags).ended;
        this.judge.mustSucceed("fleet preview", preview);
        const watch = await Watch.begin(this.field, this.standing);
        const { shards } = model.config;
        const run = await FleetRun.start(this.engine, "up", ...flags).ended;
        await watch.end();
        this.judge.mustSucceed(`fleet up (shards ${shards ?? "none"})`, run);
        this.judge.fleetMustBeAsAnnounced(preview, run);
        this.judge.throwIfAny();
        await this.look(model, watch);
    }

    private async fleetMustBeQuiet(): Promise<void> {
        const preview = await FleetRun.start(this.engine, "preview").ended;
        this.judge.mustSucceed("the next fleet preview", preview);
        this.judge.fleetMustBeQuiet("the next fleet preview", preview);
        for (const [stack, refresh] of await this.stacks.refreshes()) {
            this.judge.mustBeQuiet(`a refresh of ${stack}`, refresh);
        }
    }

    /** A run that a fifth of all requests fails in; it may fail, but harms nobody, and the next one ends it. */
    async upWithFaults(model: Model): Promise<void> {
        await this.disturbed(model, async (run) => {
            await failFifth(this.emulator);
            await run.ended;
        });
    }

    /** A run that ends, by SIGKILL or Ctrl-C, at its n-th call. */
    async upStopped(
        model: Model,
        how: "kill" | "interrupt",
        call: number,
        when: "before" | "after",
    ): Promise<void> {
        await this.disturbed(model, async (run) => {
            await atCall(this.emulator, call, { how, when, run });
            await run.ended;
        });
    }

    /** Two runs of `npm run fleet` at once: one of them may be refused, and must say so; neither does harm. */
    async fleetTwice(model: Model): Promise<void> {
        await this.disturbed(model, async (run) => {
            await sleep(secondRunAfter);
            const second = await FleetRun.start(this.engine, "up").ended;
            this.judge.mustSucceedOrBeLocked("the second of two fleet runs", second);
            this.judge.mustSucceedOrBeLocked("the first of two fleet runs", await run.ended);
        });
    }

    /** Somebody changes a tag that the settings may give, and adds one of their own. */
    async tagByHand(id: string): Promise<void> {
        const tags = { site: "changed by hand", foreignNote: "stays" };
        const device = this.present.hub.devices.find(({ deviceId }) => deviceId === id);
        if (device !== undefined && (await this.byHand.changeTags(id, tags))) {
            this.judge.noteForeignTags(device, tags);
        }
    }

    private async disturbed(model: Model, disturb: (run: Run) => Promise<void>): Promise<void> {
        await this.settle(model);
        await this.deleteLost(model);
        noteRun(model);
        const flags = model.needsRefresh ? ["--refresh"] : [];
        const preview = isFleet(model)
            ? undefined
            : await this.engine.run("preview", "--stack", stackName, ...flags);
        const watch = await Watch.begin(this.field, this.standing);
        const run = isFleet(model)
            ? FleetRun.start(this.engine, "up", ...flags)
            : this.engine.start("up", "--yes", "--skip-preview", ...flags);
        await disturb(run);
        const ended = await run.ended;
        await this.emulator.manage("DELETE", "/faults");
        await watch.end();
        this.judge.mustEnd(await this.engine.orphans());
        this.judge.mustNotLeak(ended.text);
        if (preview !== undefined) {
            this.judge.mustSucceed("preview", preview);
            this.judge.mustNotExceed(preview, ended);
        }
        if (ended.status !== 0) {
            await this.stacks.unlock();
        }
        // Who was not to be cut off was not; then the run is ended as a person would.
        this.judge.remember(watch);
        await this.up(model);
    }

    async upTarget(model: Model, words: readonly string[]): Promise<void> {
        await this.settle(model);
        noteRun(model);
        const target = ["--target", this.urn(words)];
        const watch = await Watch.begin(this.field, this.standing);
        const preview = await this.engine.run("preview", "--stack", stackName, ...target);
        this.judge.mustSucceed(`preview --target of ${words.join(" ")}`, preview);
        const up = await this.engine.run("up", "--yes", "--skip-preview", ...target);
        this.judge.mustSucceed(`up --target of ${words.join(" ")}`, up);
        this.judge.mustBeAsAnnounced(preview, up);
        await watch.end();
        const [, name] = words;
        await this.judge.mustHaveStayed(watch, [name]);
        const quiet = ["--stack", stackName, "--expect-no-changes", ...target];
        const next = await this.engine.run("preview", ...quiet);
        this.judge.mustBeQuiet(`the next preview --target of ${words.join(" ")}`, next);
        this.judge.throwIfAny();
    }

    async changeState(how: "taint" | "delete", words: readonly string[]): Promise<void> {
        // What stands on it is forgotten with it: the state would not hold together.
        const dependents = how === "delete" ? ["--target-dependents"] : [];
        const what = [...dependents, this.urn(words), "--yes", "--stack", stackName];
        await this.engine.read("state", how, ...what);
    }

    async refresh(): Promise<void> {
        const watch = await Watch.begin(this.field, this.standing);
        const run = await this.engine.run("refresh", "--yes", "--skip-preview");
        await watch.end();
        this.judge.mustSucceed("refresh", run);
        await this.judge.mustHaveStayed(watch, []);
        this.judge.throwIfAny();
    }

    async later(model: Model, days: number): Promise<void> {
        model.daysLater += days;
        const offsetSeconds = model.daysLater * day;
        await this.emulator.manage("PUT", "/clock", { offsetSeconds });
        const { variables } = this.engine;
        variables.NODE_OPTIONS = `${this.emulator.environment().NODE_OPTIONS} --require "${laterClock}"`;
        variables.LATER_CLOCK_SECONDS = String(offsetSeconds);
    }

    async signPending(pending: readonly string[]): Promise<void> {
        const { signingRequests = {}, trusted = {} } = this.present.outputs as {
            signingRequests?: Record<string, string>;
            trusted?: Record<string, { verificationCode?: string }>;
        };
        for (const name of pending) {
            if (name === "root") {
                this.offlineRoot.signProof(trusted.root?.verificationCode ?? "");
            } else if (signingRequests[name] !== undefined) {
                this.offlineRoot.signRequest(name, signingRequests[name], 1825);
            }
        }
    }

    /** @returns whether everything was destroyed: a protected stack refuses, and must then be whole */
    async destroy(model: Model): Promise<boolean> {
        const wasFleet = model.applied?.shards !== undefined;
        const isProtected = model.applied?.protect === true;
        const preview =
            wasFleet || isProtected
                ? undefined
                : await this.engine.run("destroy", "--preview-only", "--stack", stackName);
        const watch = await Watch.begin(this.field, this.standing);
        const run = wasFleet
            ? await FleetRun.start(this.engine, "destroy", "--yes").ended
            : await this.engine.run("destroy", "--yes", "--skip-preview");
        await watch.end();
        if (isProtected) {
            this.judge.mustBeProtected(run, watch);
            this.judge.throwIfAny();
            return false;
        }
        this.judge.mustSucceed("destroy", run);
        if (preview !== undefined) {
            this.judge.mustSucceed("the preview of destroy", preview);
            this.judge.mustBeAsAnnounced(preview, run);
        }
        const dump = await this.emulator.manage<Dump>("GET", "/dump");
        this.judge.add(leftovers(dump));
        this.judge.throwIfAny();
        this.judge.forget();
        this.seen = undefined;
        this.standing = [];
        return true;
    }

    /** The end of a walk: unprotected, destroyed, and nothing left. */
    async finish(model: Model): Promise<void> {
        if (model.config.protect === true) {
            delete model.config.protect;
            await this.up(model);
        }
        await this.destroy(model);
    }

    private async settle(model: Model): Promise<void> {
        this.judge.throwIfAny();
        await this.write(model);
    }

    private async write(model: Model): Promise<void> {
        const settings = await render(model.config, {
            folder: this.project.folder,
            field: this.field,
            foreignHubId: this.foreignHubId,
        });
        this.project.changeSettings(stackName, (config) => {
            Object.keys(config).forEach((key) => delete config[key]);
            Object.assign(config, settings);
        });
    }

    private urn([type, name]: readonly string[]): string {
        const found = this.present.resources.find((one) => one.type === type && one.name === name);
        if (found === undefined) {
            throw new WalkFailure([`the state has no ${type} ${name}`]);
        }
        return found.urn;
    }

    private async foreignCaPem(): Promise<string> {
        this.foreignCa ??= (
            await makeCa({
                commonName: "Somebody else's CA",
                // Azure takes none that has ended, and the walk moves the clock.
                notAfter: new Date(Date.now() + 2 * 365 * day * 1000),
            })
        ).certificate;
        return this.foreignCa;
    }
}
