import { parseArgs } from "util";
import { Sharding } from "../../stacks/settings";

/** What is wrong with a command line; the message says what to write. */
export class UsageError extends Error {}

export type Command = "up" | "preview" | "destroy" | "certificates" | "change-secrets-provider";

/** A command line that was read. */
export interface CommandLine {
    readonly command: Command;
    readonly stack?: string;
    readonly sharding?: Sharding;
    readonly refresh: boolean;
    readonly atOnce?: number;
    readonly isSure: boolean;
    /** Of `certificates`: the folder to write to. */
    readonly out: string;
    readonly onlyChanged: boolean;
    /** Of `change-secrets-provider`. */
    readonly provider: string;
    readonly newPassphraseFile?: string;
}

interface Usage {
    /** What stands behind the command's name. */
    readonly operands: readonly string[];
    readonly does: readonly string[];
    /** Flags beside `--help`, with what they do. */
    readonly flags: Readonly<Record<string, readonly string[]>>;
}

const stack = [
    "--stack STACK",
    ["the stack of the hub; default: the selected one. STACK or", "ORGANIZATION/PROJECT/STACK"],
] as const;
const shards = "--shards N|group";
const refresh = ["--refresh", ["compares the states with Azure first"]] as const;
const atOnce = [
    "--at-once N",
    ["fleet stacks that are deployed at the same time; default: one for", "each processor"],
] as const;

const usages: Readonly<Record<Command, Usage>> = {
    up: {
        operands: [],
        does: [
            "Deploys the stack of the hub, then its fleet stacks. Devices that are elsewhere move first; only states",
            "change by that. After an end of any kind the same command goes on with what is left.",
        ],
        flags: Object.fromEntries([
            stack,
            [
                shards,
                [
                    "fleet stacks that hold the devices, or one for each group; is",
                    "written to the settings",
                ],
            ],
            refresh,
            atOnce,
        ]),
    },
    preview: {
        operands: [],
        does: [
            "Shows what up would do, in each stack what may lose something first: replace, delete, update, create.",
        ],
        flags: Object.fromEntries([
            stack,
            [shards, ["fleet stacks to look at instead of those of the settings"]],
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
            ["--yes", ["does not ask whether it is meant"]],
        ]),
    },
    certificates: {
        operands: [],
        does: [
            "Writes the devices' files, of one stack or of all fleet stacks: DEVICE.pem, the certificate chain without the",
            "root, and DEVICE.key where the key was made here. Only their owner can read them. A folder that git could",
            "commit is refused.",
        ],
        flags: Object.fromEntries([
            ["--out DIR", ["the folder to write to; is made with mode 700"]],
            [
                "--changed",
                [
                    "leaves files alone whose content is right, and tells which others",
                    "were written",
                ],
            ],
            stack,
        ]),
    },
    "change-secrets-provider": {
        operands: ["PROVIDER"],
        does: [
            "Encrypts the states and settings of the hub's stack and of all its fleet stacks with another key, by pulumi",
            "stack change-secrets-provider: passphrase (also for another passphrase), azurekeyvault://… and so on.",
            "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE has the former passphrase, as for all commands.",
            "Stacks that were changed already are left as they are.",
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

/** @throws UsageError; a text to print instead of doing anything, for `--help` */
export function readCommandLine(argv: readonly string[]): CommandLine | string {
    const [first] = argv;
    if (first === "--help" || first === "-h" || first === "help") {
        return overview();
    }
    const command = commands.find((one) => one === first);
    if (command === undefined) {
        throw new UsageError(
            `${first === undefined ? "no command was given" : `"${first}" is no command`} — ` +
                `one of ${commands.join(", ")}: npm run fleet -- up --shards 4`,
        );
    }
    const { values, operands } = parsed(command, argv.slice(1));
    if (values.help === true) {
        return help(command);
    }
    const wanted = usages[command].operands;
    if (operands.length !== wanted.length) {
        throw new UsageError(
            `"${operands.join(" ")}" stands where ${wanted.join(" ") || "nothing"} belongs — ${helpCommand(command)}`,
        );
    }
    const text = (flag: string) => values[flag] as string | undefined;
    if (command === "certificates" && !text("out")) {
        throw new UsageError(
            "which folder to write to is not said — npm run fleet -- certificates --out ../credentials",
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
        "The stack of a hub and the fleet stacks that hold its devices, as one.",
        "",
        ...lines,
        "",
        "What each does: npm run fleet -- COMMAND --help",
        "Ctrl-C ends a run in order, a second one at once; the same command goes on where it ended.",
    ].join("\n");
}

function help(command: Command): string {
    const { does, flags } = usages[command];
    const all = Object.entries({ ...flags, "--help": ["shows this"] });
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
        throw new UsageError(`${flag} is "${given}" — it is a number from 1 to ${most}${else_}`);
    }
    return count;
}
