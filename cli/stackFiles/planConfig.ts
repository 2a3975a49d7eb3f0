import { createHash } from "crypto";
import { readdirSync, readFileSync } from "fs";
import { homedir } from "os";
import * as path from "path";
import { shellWord } from "../../components/text/shellWords";
import { ReadOptions, readSettings } from "../../stacks/config";
import { Settings } from "../../stacks/settings";
import { isFleetStack } from "../../stacks/shards";
import { readYaml, YamlError } from "./stackYaml";

/** The name of this program's project, and the namespace of its settings. */
export const project = "iot-x509";

/** Settings that do not affect a plan's figures, with substitutes for required ones that are encrypted. */
const immaterial: ReadonlyMap<string, string | undefined> = new Map([
    ["organization", "encrypted"],
    ["country", undefined],
    ["location", "encrypted"],
    ["resourceGroupName", "encrypted"],
    ["resourceGroup", undefined],
    ["protect", undefined],
    ["pruneDevices", undefined],
    ["maxCutOff", undefined],
    ["rollover", undefined],
    ["outputDevices", undefined],
    ["est", undefined],
    ["ci", undefined],
    ["alerts", undefined],
]);

type Values = Record<string, unknown>;

/** What a stack's files say. */
export interface StackConfiguration {
    readonly settings: Settings;
    /** Names of all encrypted values. */
    readonly encrypted: readonly string[];
    /** Encrypted values that may affect figures; they were treated as not set. */
    readonly unread: readonly string[];
    /** Unencrypted settings of azure-native, without its namespace. */
    readonly native: ReadonlyMap<string, string>;
    /** Size of what the engine passes to the program, in bytes. */
    readonly bytes: number;
}

/** A file that cannot be used as is. The message says what to do. */
export class StackFileError extends Error {}

/** Who hears of warnings, and of device files that cannot be used. */
type Told = Pick<ReadOptions, "onWarning" | "onUnusableFile">;

/**
 * Reads a stack's settings as the program would, without the engine.
 *
 * @param folder folder of Pulumi.yaml
 * @param overrides settings, without the program's namespace, that replace those of the file
 * @param told receives what does not stop the reading
 * @throws StackFileError if a file is missing or not YAML; ConfigurationError with every problem of the settings
 */
export function readStack(
    folder: string,
    stack: string,
    overrides: Values = {},
    told: Told = {},
): StackConfiguration {
    const named = Object.entries(overrides).map(([name, value]) => [`${project}:${name}`, value]);
    const given: Values = {
        ...projectDefaults(section(folder, "Pulumi.yaml")),
        ...section(folder, stackFile(folder, stack)),
        ...(Object.fromEntries(named) as Values),
    };
    return readValues(given, folder, stack, told);
}

/**
 * Like {@link readStack}, for a configuration as the engine prints it, e.g. in `pulumi preview --json`: names include the
 * namespace, and secrets are `[secret]`.
 */
export function readShownConfiguration(
    config: Readonly<Record<string, string>>,
    folder: string,
    stack: string,
): StackConfiguration {
    const given = Object.entries(config).map(([key, value]) => [
        key,
        value === "[secret]" ? { secure: "" } : value,
    ]);
    return readValues(Object.fromEntries(given) as Values, folder, stack);
}

function readValues(
    given: Values,
    folder: string,
    stack: string,
    told: Told = {},
): StackConfiguration {
    const unread: string[] = [];
    const values = Object.fromEntries(
        Object.entries(given).map(([key, value]) => [key, withoutSecrets(value, key, unread)]),
    );
    const raw = Object.entries(values).flatMap(([key, given]) => {
        const name = ownName(key);
        const value = given ?? (name === undefined ? undefined : immaterial.get(name));
        return name === undefined || value === undefined ? [] : [[name, asHandedOver(value)]];
    });
    const location = values["azure-native:location"];
    const settings = readSettings(Object.fromEntries(raw) as Values, folder, {
        defaultLocation: typeof location === "string" ? location : undefined,
        stack,
        ...told,
    });
    const encrypted = unread
        .map((key) => ownName(key))
        .filter((name): name is string => name !== undefined);
    return {
        settings,
        encrypted,
        unread: encrypted.filter((name) => !immaterial.has(name.split(/[.[]/)[0])),
        native: nativeSettings(values),
        bytes: configurationBytes(given),
    };
}

function nativeSettings(values: Values): Map<string, string> {
    const prefix = "azure-native:";
    return new Map(
        Object.entries(values).flatMap(([key, value]) =>
            key.startsWith(prefix) && value !== undefined
                ? [[key.slice(prefix.length), String(asHandedOver(value))] as const]
                : [],
        ),
    );
}

/**
 * The stack that a command applies to, and why.
 *
 * @param asked the argument; if omitted, the selected stack, else `dev`
 * @throws StackFileError if the stack belongs to another project
 */
export function chosenStack(
    folder: string,
    asked: string | undefined,
): { readonly stack: string; readonly why: string } {
    const selected = asked === undefined ? selectedStack(folder, process.env) : undefined;
    const named = asked ?? selected ?? "dev";
    const [, ofProject = project] = /^[^/]+\/([^/]+)\/[^/]+$/.exec(named) ?? [];
    if (ofProject !== project) {
        throw new StackFileError(
            `the stack "${named}" belongs to the project ${ofProject}, but this folder's project is ${project}`,
        );
    }
    const why =
        asked !== undefined
            ? "as requested"
            : selected !== undefined
              ? "the selected one"
              : "the default, because no selected stack was found";
    return { stack: lastPart(named), why };
}

/**
 * The stack selected for this folder, as Pulumi stores it: `STACK` or `organization/project/STACK`; undefined if it cannot
 * be determined without the CLI. Pulumi stores it in its home folder, by the backend that the user is logged in to.
 */
export function selectedStack(folder: string, environment: NodeJS.ProcessEnv): string | undefined {
    if (environment.PULUMI_STACK) {
        return environment.PULUMI_STACK;
    }
    const home = environment.PULUMI_HOME || path.join(homedir(), ".pulumi");
    const digest = createHash("sha1").update(path.join(folder, "Pulumi.yaml")).digest("hex");
    const file = path.join(home, "workspaces", `${project}-${digest}-workspace.json`);
    let stacks: Record<string, string>;
    try {
        const workspace = JSON.parse(readFileSync(file, "utf8")) as { stacks?: typeof stacks };
        stacks = workspace.stacks ?? {};
    } catch {
        return undefined;
    }
    const backend = environment.PULUMI_BACKEND_URL;
    if (backend) {
        return stacks[backend];
    }
    // The current one of several backends is stored next to the user's tokens, which are not read.
    const [first, ...others] = new Set(Object.values(stacks));
    if (others.length === 0) {
        return first;
    }
    return others.every((one) => lastPart(one) === lastPart(first)) ? lastPart(first) : undefined;
}

/** The stack's name in `organization/project/stack`; the first two parts are optional. */
function lastPart(stack: string): string {
    return stack.slice(stack.lastIndexOf("/") + 1);
}

/** Commands for a part of a fleet apply to the whole fleet, through its platform's stack. */
export function fleetStackError(stack: string, platform: string): StackFileError {
    return new StackFileError(
        `${stack} is a fleet stack — name its hub's stack: --stack ${shellWord(platform)}`,
    );
}

function stackFile(folder: string, stack: string): string {
    const files = readdirSync(folder);
    const name = `Pulumi.${stack}.yaml`;
    if (!files.includes(name)) {
        const platform = files
            .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
            .find((one) => isFleetStack(one, stack));
        if (platform !== undefined) {
            throw fleetStackError(stack, platform);
        }
        const stacks = files.flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
        throw new StackFileError(
            `the stack "${stack}" has no settings file ${name}; stacks with one: ` +
                `${stacks.sort().join(", ") || "none"} — choose one with --stack, or create the file`,
        );
    }
    return name;
}

/** The values below `config` in a file. */
function section(folder: string, name: string): Values {
    let text: string;
    try {
        text = readFileSync(path.join(folder, name), "utf8");
    } catch (error) {
        throw new StackFileError(
            `${name} cannot be read (${(error as NodeJS.ErrnoException).code}) — ` +
                `run this in the project's folder, and check the file's permissions`,
        );
    }
    const content = parseStackFile(name, text);
    return isMapping(content) && isMapping(content.config) ? content.config : {};
}

/**
 * The content of a Pulumi.yaml or a stack's settings file.
 *
 * @param name the file's name, for messages
 * @throws StackFileError if it is not YAML
 */
export function parseStackFile(name: string, text: string): unknown {
    try {
        return readYaml(text);
    } catch (error) {
        if (!(error instanceof YamlError)) {
            throw error;
        }
        throw new StackFileError(
            error.line === undefined
                ? `${name}: ${error.reason} — the file must be YAML with few aliases — write the values out, or use fewer aliases`
                : `${name}:${error.line}: ${error.reason} — the file must be YAML — correct it at or before this line`,
        );
    }
}

/** Pulumi.yaml contains a value directly, as `value`, or as `default` next to its type. */
function projectDefaults(config: Values): Values {
    const defaults: Values = {};
    for (const [key, declared] of Object.entries(config)) {
        const value = isMapping(declared) ? (declared.value ?? declared.default) : declared;
        if (value !== undefined) {
            defaults[key.includes(":") ? key : `${project}:${key}`] = value;
        }
    }
    return defaults;
}

/** The value without its encrypted parts, whose paths are added to `unread`; undefined if all of it is encrypted. */
function withoutSecrets(value: unknown, at: string, unread: string[]): unknown {
    if (isMapping(value)) {
        if (typeof value.secure === "string" && Object.keys(value).length === 1) {
            unread.push(at);
            return undefined;
        }
        const entries = Object.entries(value).map(([key, item]) => [
            key,
            withoutSecrets(item, `${at}.${key}`, unread),
        ]);
        return Object.fromEntries(entries.filter(([, item]) => item !== undefined)) as Values;
    }
    if (Array.isArray(value)) {
        return value
            .map((item, index) => withoutSecrets(item, `${at}[${index}]`, unread))
            .filter((item) => item !== undefined);
    }
    return value;
}

/** The engine converts every value that is not a list or mapping to text. */
function asHandedOver(value: unknown): unknown {
    return typeof value === "object" && value !== null ? value : String(value ?? "");
}

function configurationBytes(given: Values): number {
    const texts = Object.entries(given).map(([key, value]) => [
        key,
        typeof value === "object" ? JSON.stringify(value) : String(value),
    ]);
    return Buffer.byteLength(`PULUMI_CONFIG=${JSON.stringify(Object.fromEntries(texts))}`);
}

function ownName(key: string): string | undefined {
    return key.startsWith(`${project}:`) ? key.slice(project.length + 1) : undefined;
}

function isMapping(value: unknown): value is Values {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
