import { readFileSync } from "fs";
import * as path from "path";
import { WalkConfig } from "../model/config";
import { effective } from "../model/effective";
import { keyPurposes, Model } from "../model/model";
import { foreignCaName, foreignDevice } from "../real/byHand";
import { CaDump, HubDump, IdentityDump } from "../real/dump";
import { EngineResult } from "../real/engine";
import { Field } from "../real/field";
import { Standing, Watch } from "../real/watch";
import { azureProblems } from "./azure";
import { authoritiesOf, certificateProblems, keysOf } from "./certificates";
import { awaitsMoves, changesOf, stacksToCome } from "./fleetSummary";
import { visit } from "./fieldTrip";
import { identityProblems } from "./identities";
import { outputProblems } from "./outputs";
import { differ, differAsSets, Seen } from "./seen";

/** Problems that end a walk. */
export class WalkFailure extends Error {
    constructor(readonly problems: readonly string[]) {
        super(problems.map((one) => `- ${one}`).join("\n"));
    }
}

/** What a failing run said, without what went well. */
function tailOf(text: string): string {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const errors = lines.filter((line) => /error|fail|refus|cannot|violat/i.test(line));
    return (errors.length > 0 ? errors : lines).slice(0, 12).join("\n    ");
}

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** What somebody wrote to the twin of an identity. */
interface ForeignTags {
    readonly generationId: string;
    readonly tags: Readonly<Record<string, unknown>>;
}

/** Collects what is not as it must be, over the runs of one stack. */
export class Judge {
    private problems: string[] = [];
    private keys = new Map<string, string>();
    private kept = new Set<string>();
    private foreign: IdentityDump | undefined;
    private foreignCa: CaDump | undefined;
    /** Names of the tags that groups have given to devices that register. */
    private readonly initialTags = new Set<string>();
    private foreignTags = new Map<string, ForeignTags>();
    /** Refusals in runs that were disturbed, to be judged when the next run has ended. */
    private remembered: Watch[] = [];

    constructor(
        private readonly field: Field,
        private readonly folder: string,
    ) {}

    add(problems: readonly string[]): void {
        this.problems.push(...problems);
    }

    /** @throws WalkFailure */
    throwIfAny(): void {
        const problems = this.problems.splice(0);
        if (problems.length > 0) {
            const refused = this.remembered.flatMap(({ refusals }) => [...refusals.keys()]);
            const unjudged = [...new Set(refused)].map(
                (id) => `${id} was refused in the disturbed run before, rightly or not`,
            );
            throw new WalkFailure([...problems, ...unjudged]);
        }
    }

    mustSucceed(what: string, { status, text }: EngineResult): void {
        this.mustNotLeak(text);
        if (status !== 0) {
            this.add([`${what} ended with ${status}:\n    ${tailOf(text)}`]);
        }
    }

    /** By a message that names what it is about. */
    mustBeRefused(what: string, { status, text }: EngineResult, reason: string): void {
        this.mustNotLeak(text);
        if (status === 0 || !text.includes(reason)) {
            this.add([`${what} ended with ${status}, not with "${reason}":\n    ${tailOf(text)}`]);
        }
    }

    mustNotLeak(text: string): void {
        if (privateKey.test(text)) {
            this.add(["a private key was printed"]);
        }
    }

    mustEnd(orphans: readonly string[]): void {
        this.add(orphans.map((one) => `a process outlived its engine: ${one.slice(0, 120)}`));
    }

    mustBeAsAnnounced(preview: EngineResult, run: EngineResult): void {
        const [announced, done] = [stepsOf(preview), stepsOf(run)];
        this.add([
            ...only(announced, done)
                // A certificate that is issued again may end on the same day as before.
                .filter((one) => !one.startsWith("update ScheduledQueryRule"))
                .map((one) => `announced and not done: ${one}`),
            ...only(done, announced).map((one) => `done and not announced: ${one}`),
            ...(announced.length === done.length || only(announced, done).length > 0
                ? []
                : differ("the number of steps", done.length, announced.length)),
        ]);
    }

    /** A run that was stopped or failed did nothing else than what was announced. */
    mustNotExceed(preview: EngineResult, run: EngineResult): void {
        const more = only(stepsOf(run), stepsOf(preview));
        this.add(more.map((one) => `begun in a disturbed run and not announced: ${one}`));
    }

    /** By stack and operation; a preview that awaits moves says no more than that. */
    fleetMustBeAsAnnounced(preview: EngineResult, up: EngineResult): void {
        const [announced, done] = [changesOf(preview.text), changesOf(up.text)];
        const toCome = stacksToCome(preview.text);
        for (const stack of toCome.length === 0 ? [] : [...toCome, "total"]) {
            delete announced?.[stack];
            delete done?.[stack];
        }
        if (announced !== undefined || !awaitsMoves(preview.text)) {
            this.add(differ("what the fleet's stacks did", done, announced));
        }
    }

    mustBeQuiet(what: string, { status, steps, text }: EngineResult): void {
        if (status !== 0 || steps.length > 0) {
            const shown = steps.map(({ op, urn }) => `${op} ${shortened(urn)}`).join(", ");
            this.add([`${what} is not empty: ${shown === "" ? tailOf(text) : shown}`]);
        }
    }

    /** Its summary names no operation for any stack. */
    fleetMustBeQuiet(what: string, { text }: EngineResult): void {
        const changes = changesOf(text);
        if (changes === undefined || Object.values(changes).some((list) => list !== "")) {
            this.add([`${what} is not empty:\n    ${text.slice(-1500)}`]);
        }
    }

    mustSucceedOrBeLocked(what: string, run: EngineResult): void {
        const isLocked = /another run of npm run fleet/.test(run.text);
        if (run.status === 0 || !isLocked) {
            this.mustSucceed(what, run);
        }
    }

    /** Whoever connected before a run that concerned others does so all the time. */
    async mustHaveStayed(watch: Watch, except: readonly string[]): Promise<void> {
        for (const { id, host, credential } of watch.connected) {
            if (!except.includes(id)) {
                const refused = watch.refusals.get(id)?.length ?? 0;
                const connects = await this.field.connects(host, id, credential);
                if (refused > 0 || !connects) {
                    this.add([`${id}, which the run did not concern, was refused`]);
                }
            }
        }
    }

    /** A protected stack refuses to be destroyed, before anything is harmed. */
    mustBeProtected({ status, text }: EngineResult, watch: Watch): void {
        if (status === 0 || !/protect/.test(text)) {
            this.add([
                `a protected stack was destroyed, or for another reason not: ${tailOf(text)}`,
            ]);
        }
        for (const [id, at] of watch.refusals) {
            this.add([
                `${id} was refused ${at.length} times while a protected stack refused to go`,
            ]);
        }
    }

    remember(watch: Watch): void {
        this.remembered.push(watch);
    }

    noteForeignTags({ deviceId, generationId }: IdentityDump, tags: ForeignTags["tags"]): void {
        const before = this.foreignTags.get(deviceId)?.tags;
        this.foreignTags.set(deviceId, { generationId, tags: { ...before, ...tags } });
    }

    /** Tags go with their identity, and those that the settings came to give are the stack's. */
    private foreignTagsNow(model: Model, { hub }: Seen): Map<string, ForeignTags["tags"]> {
        for (const [id, { generationId, tags }] of [...this.foreignTags]) {
            const given = [model.config, model.applied, ...model.attempted].flatMap((one) =>
                one === undefined ? [] : Object.keys(tagsOf(one, id)),
            );
            const kept = Object.entries(tags).filter(([name]) => !given.includes(name));
            const isThere = hub.devices.some((one) => one.generationId === generationId);
            if (isThere) {
                this.foreignTags.set(id, { generationId, tags: Object.fromEntries(kept) });
            } else {
                this.foreignTags.delete(id);
            }
        }
        return new Map([...this.foreignTags].map(([id, { tags }]) => [id, tags]));
    }

    forget(): void {
        this.keys.clear();
        this.kept.clear();
        this.foreignTags.clear();
        this.foreign = undefined;
        this.foreignCa = undefined;
        this.remembered = [];
    }

    /** Everything on Azure and in the field after a run that was completed; how devices stand from now on. */
    async look(
        model: Model,
        seen: Seen,
        watch: Watch,
        hubBefore: HubDump | undefined,
    ): Promise<readonly Standing[]> {
        const { config, applied } = model;
        if (hubBefore?.id !== seen.hub.id) {
            this.kept.clear();
            this.foreignTags.clear();
            this.foreign = undefined;
            this.foreignCa = undefined;
        }
        const foreignCa = seen.hub.certificates.find(({ name }) => name === foreignCaName);
        this.foreign ??= seen.hub.devices.find(({ deviceId }) => deviceId === foreignDevice);
        this.foreignCa ??= foreignCa;
        this.add(differ("somebody else's CA", foreignCa, this.foreignCa));
        model.pending = this.pendingOf(config, seen);
        this.noteKept(config, applied, seen);
        const authorities = authoritiesOf(seen, this.givenCertificates(config));
        const thumbprints = await this.thumbprintsOf(config);
        const { kept, foreign } = this;
        const foreignTags = this.foreignTagsNow(model, seen);
        this.add(azureProblems(config, seen, model.pending, authorities));
        const { initialTags } = this;
        for (const group of effective(config).groups) {
            Object.keys(group.initialTags).forEach((name) => initialTags.add(name));
        }
        const history = { kept, foreign, foreignTags, initialTags, thumbprints };
        this.add(identityProblems(config, seen, history));
        this.add(
            await certificateProblems(config, seen, authorities, model.pending, (id, number) =>
                this.field.ownKey(id, number).then((own) => own.requestKeyPem),
            ),
        );
        this.add(this.keyProblems(model, keysOf(seen)));
        this.add(outputProblems(config, seen));
        for (const one of this.remembered.splice(0)) {
            one.refusals.forEach((at, id) =>
                watch.refusals.set(id, [...at, ...(watch.refusals.get(id) ?? [])]),
            );
        }
        const idScope = seen.service?.idScope;
        const { pending } = model;
        const mayPause = new Set(model.mayPause);
        model.mayPause.clear();
        const { field } = this;
        const report = await visit({
            ...{
                config,
                seen,
                field,
                watch,
                hubBefore,
                authorities,
                pending,
                mayPause,
                thumbprints,
                idScope,
            },
        });
        this.add(report.problems);
        return report.standing;
    }

    /** CAs that await the offline root, by the outputs that tell so; that they are the right ones is looked at here. */
    private pendingOf(config: WalkConfig, { outputs, resources }: Seen): string[] {
        const { groups, rootKeys, trust } = effective(config);
        const { signingRequests = {}, trusted = {} } = outputs as {
            signingRequests?: Record<string, string>;
            trusted?: Record<string, { isVerified: boolean }>;
        };
        const shown = Object.keys(signingRequests);
        const expected =
            rootKeys === "managed"
                ? []
                : groups.flatMap(({ name, authorities }) => {
                      const { certificates = {} } = config.groups[name].intermediate;
                      const signed = Object.keys(certificates as object);
                      // One that is only retained goes on under the root that the program had.
                      const isMade = (one: string): boolean =>
                          resources.some(({ name }) => name === `${one}-certificate`);
                      return authorities
                          .map((ca) => ca.name)
                          .filter((one) => !signed.includes(one.replace(/^.*-g/, "")))
                          .filter((one) => one === authorities[0].name || !isMade(one));
                  });
        this.add(differAsSets("the signing requests", shown, expected));
        const isProofAwaited =
            rootKeys === "offline" && trust === "root" && trusted.root?.isVerified !== true;
        return isProofAwaited ? [...shown, "root"] : shown;
    }

    private givenCertificates({ groups, pki }: WalkConfig): Map<string, string> {
        const read = (file: unknown): string =>
            readFileSync(path.join(this.folder, String(file)), "utf8");
        const given = Object.entries(groups).flatMap(([name, { intermediate }]) =>
            Object.entries((intermediate.certificates ?? {}) as object).map(
                ([generation, file]) => [`${name}-g${generation}`, read(file)] as const,
            ),
        );
        const { certificate } = pki.root;
        return new Map([
            ...given,
            ...(certificate === undefined ? [] : [["root", read(certificate)] as const]),
        ]);
    }

    private async thumbprintsOf({ devices }: WalkConfig): Promise<Map<string, readonly string[]>> {
        const lists = new Map<string, readonly string[]>();
        for (const [id, { kind, own, former, given }] of Object.entries(devices)) {
            if (kind === "thumbprint") {
                const numbers = former ? [own, own - 1] : [own];
                const keys = await Promise.all(
                    numbers.map((number) => this.field.ownKey(id, number)),
                );
                const prints = keys.map(({ selfSigned: { leaf } }) =>
                    given === "sha1" ? leaf.fingerprint : leaf.fingerprint256,
                );
                lists.set(
                    id,
                    prints.map((one) => one.replace(/:/g, "")),
                );
            }
        }
        return lists;
    }

    /** Listed devices that left while the settings said that such are kept. */
    private noteKept(config: WalkConfig, applied: WalkConfig | undefined, { hub }: Seen): void {
        const isThere = (id: string): boolean =>
            hub.devices.some(({ deviceId }) => deviceId === id);
        for (const id of Object.keys(applied?.devices ?? {})) {
            if (!(id in config.devices) && config.pruneDevices === false && isThere(id)) {
                this.kept.add(id);
            }
        }
        Object.keys(config.devices).forEach((id) => this.kept.delete(id));
        this.kept.forEach((id) => {
            if (!isThere(id)) {
                this.kept.delete(id);
            }
        });
    }

    private keyProblems(model: Model, now: ReadonlyMap<string, string>): string[] {
        const purposes = keyPurposes(model.config);
        const problems = [...this.keys]
            .filter(([name]) => purposes.has(name) && !model.mayChange.has(name))
            .flatMap(([name, key]) => differ(`the key of ${name}`, now.get(name) ?? "gone", key));
        const awaiting = effective(model.config).devices.flatMap(({ id, group }) =>
            group && model.pending.includes(group.authorities[0].name) ? [`device ${id}`] : [],
        );
        // Below a CA that awaits its signature, a device keeps its key; the run that has the signature makes the new one.
        const later = [...model.mayChange].filter(
            (name) => awaiting.includes(name) && this.keys.get(name) === now.get(name),
        );
        this.keys = new Map([...now].filter(([name]) => purposes.has(name)));
        model.mayChange.clear();
        later.forEach((name) => model.mayChange.add(name));
        return problems;
    }
}

function tagsOf(config: WalkConfig, id: string): Record<string, unknown> {
    return effective(config).devices.find((one) => one.id === id)?.tags ?? {};
}

function stepsOf({ steps }: EngineResult): string[] {
    return steps.map(({ op, urn }) => `${op} ${shortened(urn)}`);
}

function only(these: readonly string[], those: readonly string[]): string[] {
    return these.filter((one) => !those.includes(one)).sort();
}

function shortened(urn: string): string {
    const [type, name] = urn.split("::").slice(-2);
    return `${type.slice(type.lastIndexOf(":") + 1)} ${name}`;
}
