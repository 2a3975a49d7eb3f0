import { copyOf, WalkConfig } from "./config";
import { effective, Effective } from "./effective";

/** Something the walk keeps an eye on because of a step that was no change of the configuration. */
export interface Model {
    /** What the settings say, deployed or not. */
    config: WalkConfig;
    /** What they said in the last run that was completed; undefined: nothing is deployed. */
    applied: WalkConfig | undefined;
    /** What they said in runs since then that were not completed. */
    attempted: WalkConfig[];
    /** Names of keys (`device d1`, `CA a-g1`) that the next run may make anew. */
    readonly mayChange: Set<string>;
    /** Devices whose identity somebody asked to replace: they are out while it is deleted and made again. */
    readonly mayPause: Set<string>;
    /** Type and name of what the state was made to forget; the next run takes it up again. Empty: nothing. */
    forgotten: readonly string[];
    /** Whether somebody changed Azure by hand since. */
    needsRefresh: boolean;
    /** How far the clock was moved. */
    daysLater: number;
    /** CAs that await the offline root's signature, after the last completed run. */
    pending: string[];
}

export function newModel(config: WalkConfig): Model {
    return {
        config: copyOf(config),
        applied: undefined,
        attempted: [],
        mayChange: new Set(),
        mayPause: new Set(),
        forgotten: [],
        needsRefresh: false,
        daysLater: 0,
        pending: [],
    };
}

/** Whether `npm run fleet` deploys it: a stack has shards, or is about to have none any more. */
export function isFleet({ config, applied }: Model): boolean {
    return config.shards !== undefined || applied?.shards !== undefined;
}

/** A device that the state has forgotten and the settings have not any more: it stays on its hub, nobody's. */
export function lostDevice({ forgotten: [type, name], config }: Model): string | undefined {
    return type?.startsWith("Device") && !(name in config.devices) ? name : undefined;
}

/** Purpose of a key that no change of the settings makes anew. */
const stays = "stays";

/** What a key is made for: as long as this stays, the key must stay. By name: `device d1`, `CA root`. */
export function keyPurposes(config: WalkConfig): Map<string, string> {
    const now: Effective = effective(config);
    const purposes = new Map<string, string>();
    for (const { id, kind, group, keyGeneration } of now.devices) {
        if (kind === "generated") {
            purposes.set(`device ${id}`, `${group?.keyAlgorithm}/${keyGeneration}`);
        }
    }
    if (now.rootKeys === "managed") {
        purposes.set(`CA ${now.root.name}`, now.root.keyAlgorithm);
    }
    for (const { authorities } of now.groups) {
        authorities.forEach(({ name, keyAlgorithm }, index) => {
            const isAsMade = index > 0 || now.rootKeys === "offline";
            purposes.set(`CA ${name}`, isAsMade ? stays : keyAlgorithm);
        });
    }
    return purposes;
}

/** Notes a run that begins: which keys it may make anew, whether it is completed or not. */
export function noteRun(model: Model): void {
    const before = keyPurposes(model.applied ?? model.config);
    const now = keyPurposes(model.config);
    for (const [name, purpose] of before) {
        if (now.get(name) !== purpose && now.get(name) !== stays) {
            model.mayChange.add(name);
        }
    }
    model.attempted.push(copyOf(model.config));
}

export function noteCompleted(model: Model): void {
    model.applied = copyOf(model.config);
    model.attempted = [];
    model.forgotten = [];
    model.needsRefresh = false;
}

export function noteDestroyed(model: Model): void {
    model.applied = undefined;
    model.attempted = [];
    model.mayChange.clear();
    model.mayPause.clear();
    model.forgotten = [];
    model.needsRefresh = false;
    model.pending = [];
}
