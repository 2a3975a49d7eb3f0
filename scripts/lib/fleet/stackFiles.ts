import { existsSync, readFileSync, writeFileSync } from "fs";
import * as path from "path";
import { CORE_SCHEMA, dump, load } from "js-yaml";
import { Sharding } from "../../../stacks/settings";
import { shardsValue } from "../../../stacks/shards";
import { StackFileError } from "../planConfig";

interface StackFile {
    readonly config?: Readonly<Record<string, unknown>>;
    readonly secretsprovider?: string;
    readonly encryptionsalt?: string;
    readonly encryptedkey?: string;
    readonly [key: string]: unknown;
}

const madeBy = "# Made by npm run fleet; what is changed here is lost in its next run.\n";

/** The settings file of a stack, `Pulumi.<stack>.yaml`. */
export function settingsFile(folder: string, stack: string): string {
    return path.join(folder, `Pulumi.${stack}.yaml`);
}

/**
 * Writes the settings of a fleet stack: all that its platform's stack has, and which part of the fleet it is. The key that
 * encrypts the platform's secrets is the fleet stack's, too.
 *
 * @throws StackFileError when the platform's settings hold secrets that only its own stack can decrypt
 */
export function writeFleetStackFile(
    folder: string,
    platform: string,
    sharding: Sharding | undefined,
    fleetStack: { readonly stack: string; readonly shard: string },
): void {
    const file = readStackFile(folder, platform);
    const hasOwnKey = file.encryptionsalt !== undefined || file.encryptedkey !== undefined;
    const secret = hasOwnKey ? undefined : secretPath(file.config, "");
    if (secret !== undefined) {
        throw new StackFileError(
            `${path.basename(settingsFile(folder, platform))}: "${secret}" is encrypted by the backend for this stack alone, ` +
                `and fleet stacks need it — write it in clear, or choose a secrets provider with a key of its own ` +
                `(pulumi stack change-secrets-provider)`,
        );
    }
    const config = {
        ...file.config,
        ...withShards(sharding),
        "iot-x509:shard": { of: platform, name: fleetStack.shard },
    };
    writeFileSync(settingsFile(folder, fleetStack.stack), madeBy + text({ ...file, config }));
}

/** The platform that a stack's settings file names; undefined without such a file, null when it names none. */
export function claimedPlatform(folder: string, stack: string): string | null | undefined {
    if (!existsSync(settingsFile(folder, stack))) {
        return undefined;
    }
    const { config } = readStackFile(folder, stack);
    const shard = config?.["iot-x509:shard"] as { readonly of?: string } | undefined;
    return shard?.of ?? null;
}

/** The secrets provider that a stack's settings file names; undefined: the backend's default. */
export function secretsProvider(folder: string, stack: string): string | undefined {
    return readStackFile(folder, stack).secretsprovider;
}

/** The settings of a stack with other shards or none, for a run that must not change the file. */
export function settingsWith(
    folder: string,
    stack: string,
    sharding: Sharding | undefined,
): string {
    const file = readStackFile(folder, stack);
    return text({ ...file, config: { ...file.config, ...withShards(sharding) } });
}

/** Leaves out what is undefined. */
function text(file: StackFile): string {
    return dump(file, { skipInvalid: true });
}

function withShards(sharding: Sharding | undefined): Record<string, unknown> {
    return { "iot-x509:shards": sharding && shardsValue(sharding) };
}

function readStackFile(folder: string, stack: string): StackFile {
    const text = readFileSync(settingsFile(folder, stack), "utf8");
    // The schema without dates: what looks like one is text to Pulumi.
    return (load(text, { schema: CORE_SCHEMA }) ?? {}) as StackFile;
}

/** Path of the first encrypted value. */
function secretPath(value: unknown, at: string): string | undefined {
    if (typeof value !== "object" || value === null) {
        return undefined;
    }
    const entries = Object.entries(value);
    if (entries.length === 1 && entries[0][0] === "secure" && typeof entries[0][1] === "string") {
        return at;
    }
    for (const [key, inner] of entries) {
        const found = secretPath(inner, at === "" ? key : `${at}.${key}`);
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}
