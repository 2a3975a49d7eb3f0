import { existsSync, readFileSync, rmSync } from "fs";
import * as path from "path";
import { Sharding } from "../../stacks/settings";
import { shardsValue } from "../../stacks/shards";
import { parseStackFile, StackFileError } from "./planConfig";
import { writeYaml } from "./stackYaml";

interface StackFile {
    readonly config?: Readonly<Record<string, unknown>>;
    readonly secretsprovider?: string;
    readonly encryptionsalt?: string;
    readonly encryptedkey?: string;
    readonly [key: string]: unknown;
}

/** First words of files that earlier versions left next to Pulumi.yaml. */
const madeByEarlierVersion = "# Made by npm run fleet;";

/** The settings file of a stack, `Pulumi.<stack>.yaml`. */
export function settingsFile(folder: string, stack: string): string {
    return path.join(folder, `Pulumi.${stack}.yaml`);
}

/** The settings of a hub's stack, for its fleet stacks and its own run: read once, so that all see the same. */
export class PlatformFile {
    private constructor(
        private readonly name: string,
        private readonly text: string,
        private readonly content: StackFile,
    ) {}

    static read(folder: string, platform: string): PlatformFile {
        const file = settingsFile(folder, platform);
        const content = readFileSync(file, "utf8");
        const name = path.basename(file);
        return new PlatformFile(name, content, (parseStackFile(name, content) ?? {}) as StackFile);
    }

    /** The secrets provider named in the file; undefined: the backend's default. */
    get secretsProvider(): string | undefined {
        return this.content.secretsprovider;
    }

    /** A settings file with only the key that encrypts secrets, without settings. */
    keyAlone(): string {
        const { secretsprovider, encryptionsalt, encryptedkey } = this.content;
        return text({ secretsprovider, encryptionsalt, encryptedkey });
    }

    /** The file's content; a given sharding replaces the file's. */
    settings(sharding?: Sharding): string {
        return sharding === undefined
            ? this.text
            : text({ ...this.content, config: { ...this.content.config, ...shards(sharding) } });
    }

    /**
     * The settings of a fleet stack: all settings of its platform's stack, and which part of the fleet it holds. The key that
     * encrypts the platform's secrets also encrypts those of the fleet stack.
     *
     * @param sharding undefined: none
     * @throws StackFileError if the platform's settings contain secrets that only its own stack can decrypt
     */
    fleetStackSettings(of: string, shard: string, sharding: Sharding | undefined): string {
        const { encryptionsalt, encryptedkey } = this.content;
        const config = withoutReceivers(this.content.config);
        const hasOwnKey = encryptionsalt !== undefined || encryptedkey !== undefined;
        const secret = hasOwnKey ? undefined : secretPath(config, "");
        if (secret !== undefined) {
            throw new StackFileError(
                `${this.name}: "${secret}" is encrypted by the backend for this stack only, ` +
                    `and fleet stacks need it — write it in plain text, or choose a secrets provider with its own key ` +
                    `(pulumi stack change-secrets-provider)`,
            );
        }
        return text({
            ...this.content,
            config: { ...config, ...shards(sharding), "iot-x509:shard": { of, name: shard } },
        });
    }
}

/** Removes the settings file of a fleet stack that an earlier version left in the project's folder. */
export function removeFormerFile(folder: string, stack: string): void {
    const file = settingsFile(folder, stack);
    if (existsSync(file) && readFileSync(file, "utf8").startsWith(madeByEarlierVersion)) {
        rmSync(file);
    }
}

/** The file as YAML, without undefined values. */
function text(file: StackFile): string {
    return writeYaml(file);
}

function shards(sharding: Sharding | undefined): Record<string, unknown> {
    return { "iot-x509:shards": sharding && shardsValue(sharding) };
}

/** The action group belongs to the platform's stack, so only that stack needs to know who receives alerts. */
function withoutReceivers(config: StackFile["config"]): StackFile["config"] {
    const key = "iot-x509:alerts";
    const alerts = config?.[key];
    if (typeof alerts !== "object" || alerts === null || Array.isArray(alerts)) {
        return config;
    }
    const { emails: _, webhooks: __, ...rest } = alerts as Record<string, unknown>;
    return { ...config, [key]: rest };
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
