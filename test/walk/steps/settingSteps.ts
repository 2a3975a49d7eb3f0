import { setValue, valueAt, WalkConfig } from "../model/config";
import { pathsOf, settings } from "../model/settings";
import type { Model } from "../model/model";
import { Choice, hasOfflineSignatures, isUnprotected, Verb } from "./verb";

/** What changes a CA: an offline root's signature holds it fast, and a protected CA is not replaced. */
const changesCa =
    /^(organization|country|pki\.(keyAlgorithm|root\..*)|groups\.[^.]+\.intermediate\.(keyAlgorithm|validityDays))$/;

function candidates(config: WalkConfig, isRare: boolean): (readonly [string, unknown])[] {
    return settings
        .filter((setting) => setting.values !== undefined && (setting.isRare ?? false) === isRare)
        .flatMap((setting) => {
            const { values = [] } = setting;
            const list = typeof values === "function" ? values(config) : values;
            return pathsOf(setting, config).flatMap((path) =>
                list.map((value) => [path, value] as const),
            );
        })
        .filter(([path, value]) => isOffered(config, path, value));
}

function isOffered(config: WalkConfig, path: string, value: unknown): boolean {
    const [, top, name] = /^([^.]+)(?:\.([^.]+))?/.exec(path) ?? [];
    if (JSON.stringify(valueAt(config, path)) === JSON.stringify(value)) {
        return false;
    }
    if (top === "dps" && config.dps === undefined) {
        return false;
    }
    // The summary of a fleet counts updates, and a preview cannot know whether a new certificate changes a rule.
    if (top === "alerts" && (config.shards !== undefined || (name && !config.alerts))) {
        return false;
    }
    if (top === "groups" && path.includes(".enrollment.")) {
        const provisioning = config.groups[name]?.provisioning ?? "listed";
        return provisioning !== "listed";
    }
    return !(hasOfflineSignatures(config) && changesCa.test(path));
}

function choose(isRare: boolean) {
    return ({ config }: { config: WalkConfig }, choice: Choice): string[] | undefined => {
        const all = candidates(config, isRare);
        // By setting first, so that one with many groups or values is not taken more often.
        const paths = [...new Set(all.map(([path]) => path.replace(/\.[^.]+\./, ".*.")))];
        const kind = choice.of(paths);
        const setting = choice.of(
            all.filter(([path]) => path.replace(/\.[^.]+\./, ".*.") === kind),
        );
        if (setting === undefined) {
            return undefined;
        }
        const [path, value] = setting;
        return value === undefined ? [path] : [path, JSON.stringify(value)];
    };
}

/** `set hub.units 2`, and `set hub.units` to delete the setting. */
function set(config: WalkConfig, [path, value]: readonly string[]): void {
    setValue(config, path, value === undefined ? undefined : (JSON.parse(value) as unknown));
    const [, group] = /^groups\.([^.]+)\.provisioning$/.exec(path) ?? [];
    if (group !== undefined && (value === undefined || value === '"listed"')) {
        forgetEnrollment(config, group);
    }
    if (group !== undefined && value === '"dps"') {
        forgetIdentities(config, group);
    }
}

/** A group that the service does not know has no enrollment, and neither do its devices. */
export function forgetEnrollment(config: WalkConfig, group: string): void {
    delete config.groups[group].enrollment;
    for (const device of devicesIn(config, group)) {
        delete device.enrollment;
    }
}

/** What is written to an identity has no place where the service makes it. */
function forgetIdentities(config: WalkConfig, group: string): void {
    for (const device of devicesIn(config, group)) {
        delete device.tags;
        delete device.adopt;
        delete device.status;
    }
}

function devicesIn(config: WalkConfig, group: string) {
    return Object.values(config.devices).filter(
        (device) => (device.group ?? config.deviceDefaults.group) === group,
    );
}

function isPossible(model: Model, [path]: readonly string[]): boolean {
    return isUnprotected(model) || !changesCa.test(path);
}

export const settingSteps: Readonly<Record<string, Verb>> = {
    set: { weight: 24, choose: choose(false), isPossible, edit: set },
    "set-rare": { weight: 1, choose: choose(true), isPossible, edit: set },
};
