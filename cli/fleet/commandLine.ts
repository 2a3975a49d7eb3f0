import { parseArgs } from "util";
import { Sharding } from "../../stacks/settings";

/** What is wrong with a command line; the message says what to write. */
export class UsageError extends Error {}

export type Command = "up" | "preview" | "destroy" | "certificates" | "change-secrets-provider";

/** A parsed command line. */
export interface CommandLine {
    readonly command: Command;
    readonly stack?: string;
    readonly sharding?: Sharding;
    readonly refresh: boolean;
    readonly atOnce?: number;
    readonly isSure: boolean;
    /** For `certificates`: the folder to write to. */
    readonly out: string;
    readonly onlyChanged: boolean;
    /** For `change-secrets-provider`. */
    readonly provider: string;
    readonly newPassphraseFile?: string;
}

interface Usage {
    /** Arguments after the command's name. */
    readonly operands: readonly string[];
    readonly does: readonly string[];
    /** Flags other than `--help`, with their descriptions. */
    readonly flags: Readonly<Record<string, readonly string[]>>;
}

const stack = [
    "--stack STACK",
    ["the hub's stack; default: the selected one. STACK or", "ORGANIZATION/PROJECT/STACK"],
] as const;
const shards = "--shards N|group";
const refresh = ["--refresh", ["compare the states with Azure first"]] as const;
const atOnce = [
    "--at-once N",
    ["fleet stacks to deploy at the same time; default: one per", "processor"],
] as const;

const usages: Readonly<Record<Command, Usage>> = {
    up: {
        operands: [],
        does: [
            "Deploys the hub's stack, then its fleet stacks. First, devices that belong to another stack move there; only",
            "states change. After any interruption, the same command continues with what is left.",
        ],
        flags: Object.fromEntries([
            stack,
            [
                shards,
                [
                    "fleet stacks that hold the devices, or one for each group;",
                    "saved in the settings",
                ],
            ],
            refresh,
            atOnce,
        ]),
    },
    preview: {
        operands: [],
        does: [
            "Shows what up would do, in each stack ordered by risk: replace, delete, update, create.",
        ],
        flags: Object.fromEntries([
            stack,
            [shards, ["fleet stacks to preview instead of those in the settings"]],
            refresh,
            atOnce,
        ]),
    },
    destroy: {
        operands: [],
        does: ["Deletes the hub with all its devices, and the fleet stacks."],
        flags: Object.fromEntries([
            stack,
            refresh,
            atOnce,
            ["--yes", ["do not ask for confirmation"]],
        ]),
    },
    certificates: {
        operands: [],
        does: [
            "Writes the devices' files of one stack or of all fleet stacks: DEVICE.pem, the certificate chain without the",
            "root, and DEVICE.key if the program generated the key. Only their owner can read them. A folder that git could",
            "commit is refused.",
        ],
        flags: Object.fromEntries([
            ["--out DIR", ["the folder to write to; created with mode 700"]],
            [
                "--changed",
                ["keep files whose content is up to date, and list those that", "were written"],
            ],
            stack,
        ]),
    },
    "change-secrets-provider": {
        operands: ["PROVIDER"],
        does: [
            "Encrypts the states and settings of the hub's stack and of all its fleet stacks with another key, by pulumi",
            "stack change-secrets-provider: passphrase (also to change the passphrase), azurekeyvault://… and so on.",
            "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE has the current passphrase, as for all commands.",
            "Stacks that were already changed stay unchanged.",
        ],
        flags: Object.fromEntries([
            [
                "--new-passphrase-file FILE",
                ["file with the new passphrase, for PROVIDER passphrase"],
            ],
            stack,
        ]),
    },
};

const commands = Object.keys(usages) as Command[];

/**
 * @returns for `--help`, a text to print instead of doing anything
 * @throws UsageError
 */
export function readCommandLine(argv: readonly string[]): CommandLine | string {
    const [first] = argv;
    if (first === "--help" || first === "-h" || first === "help") {
        return overview();
    }
    const command = commands.find((one) => one === first);
    if (command === undefined) {
        throw new UsageError(
            `${first === undefined ? "no command given" : `"${first}" is not a command`} — ` +
                `use one of ${commands.join(", ")}: npm run fleet -- up --shards 4`,
        );
    }
    const { values, operands } = parsed(command, argv.slice(1));
    if (values.help === true) {
        return help(command);
    }
    const wanted = usages[command].operands;
    if (operands.length !== wanted.length) {
        throw new UsageError(
            `unexpected operands "${operands.join(" ")}"; expected ${wanted.join(" ") || "none"} — ${helpCommand(command)}`,
        );
    }
    const text = (flag: string) => values[flag] as string | undefined;
    if (command === "certificates" && !text("out")) {
        throw new UsageError(
            "no output folder given — npm run fleet -- certificates --out ../credentials",
        );
    }
    return {
        command,
        stack: text("stack"),
        sharding: readSharding(text("shards")),
        refresh: values.refresh === true,
        atOnce: readCount("--at-once", text("at-once"), 100),
        isSure: values.yes === true,
        out: text("out") ?? "",
        onlyChanged: values.changed === true,
        provider: operands[0] ?? "",
        newPassphraseFile: text("new-passphrase-file"),
    };
}

function parsed(command: Command, args: readonly string[]) {
    const flags = Object.keys(usages[command].flags).map((flag) => flag.slice(2).split(" "));
    const options = Object.fromEntries(
        flags.map(([name, value]) => [
            name,
            { type: value === undefined ? ("boolean" as const) : ("string" as const) },
        ]),
    );
    try {
        const { values, positionals } = parseArgs({
            args: [...args],
            allowPositionals: true,
            options: { ...options, help: { type: "boolean", short: "h" } },
        });
        return { values: values as Record<string, string | boolean>, operands: positionals };
    } catch (error) {
        const { code, message } = error as Error & { code?: string };
        if (code?.startsWith("ERR_PARSE_ARGS")) {
            throw new UsageError(`${message.split(". ")[0]} — ${helpCommand(command)}`);
        }
        throw error;
    }
}

function helpCommand(command: Command): string {
    return `npm run fleet -- ${command} --help`;
}

function overview(): string {
    const lines = commands.map((command) => `  ${usageLine(command)}`);
    return [
        "Manages a hub's stack and the fleet stacks that hold its devices as one.",
        "",
        ...lines,
        "",
        "More about a command: npm run fleet -- COMMAND --help",
        "Ctrl-C stops a run after the operations under way, a second Ctrl-C immediately; the same command continues it.",
    ].join("\n");
}

function help(command: Command): string {
    const { does, flags } = usages[command];
    const all = Object.entries({ ...flags, "--help": ["show this text"] });
    const width = Math.max(...all.map(([flag]) => flag.length));
    const lines = all.flatMap(([flag, [first, ...others]]) => [
        `  ${flag.padEnd(width)}  ${first}`,
        ...others.map((line) => `  ${" ".repeat(width)}  ${line}`),
    ]);
    return [usageLine(command), "", ...does, "", ...lines].join("\n");
}

function usageLine(command: Command): string {
    const { operands, flags } = usages[command];
    const parts = [
        ...operands,
        ...Object.keys(flags).map((flag) => (flag === "--out DIR" ? flag : `[${flag}]`)),
    ];
    return `npm run fleet -- ${[command, ...parts].join(" ")}`;
}

function readSharding(given: string | undefined): Sharding | undefined {
    if (given === "group") {
        return { by: "group" };
    }
    const count = readCount("--shards", given, 1000, ' or "group"');
    return count === undefined ? undefined : { by: "hash", count };
}

function readCount(
    flag: string,
    given: string | undefined,
    most: number,
    else_ = "",
): number | undefined {
    if (given === undefined) {
        return undefined;
    }
    const count = Number(given);
    if (!/^\d+$/.test(given) || count < 1 || count > most) {
        throw new UsageError(
            `${flag} is "${given}" — it must be a number from 1 to ${most}${else_}`,
        );
    }
    return count;
}
