/*
 * The arguments of the npm commands. This file is read before set-up, so it uses only Node's built-in modules; the
 * commands themselves read their arguments here, too.
 */
import * as fs from "node:fs";
import { parseArgs } from "node:util";
import * as emulator from "../../emulator/commandLine.mjs";
import { evidenceCommands } from "./evidenceCommands.mjs";
import { flag, help, text, noArguments } from "./optionKinds.mjs";

/** By name: the usage, the options, and what is wrong with the other arguments or with values. */
const commands = {
    setup: {
        usage: `Usage: npm run setup -- [options]

Makes this folder ready to run: npm packages, the Pulumi CLI and its plugins, all below this folder.

  --quiet        print nothing if there is nothing to do
  --require-cli  exit with status 1 if no Pulumi CLI is available (otherwise only report it)
  --official     also install the official plugins (in .local/pulumi-home-official), or fail
  --pin          only write the SHA-256 of Pulumi's archives to scripts/setup/downloads.json, for maintainers
  --help         show this text
`,
        options: { quiet: flag, "require-cli": flag, official: flag, pin: flag, help },
    },
    emulator,
    demo: {
        usage: `Usage: npm run demo -- [options]

Shows the whole life of a fleet on the emulator, with the real Pulumi CLI.

  --keep      keep the emulator and the stack running, and print how to use them
  --official  use the official plugins (some hundreds of MB), no stand-ins
  --help      show this text
`,
        options: { keep: flag, official: flag, help },
    },
    plan: {
        usage: `Usage: npm run plan -- [options]

Shows what a stack's configuration will cost, from its files only: no Azure, Pulumi CLI, login or passphrase needed.

  --stack STACK     stack whose settings to read (default: the selected one, or dev)
  --shards N|group  fleet stacks that hold the devices (default: as in the settings)
  --json            print the figures as one JSON object
  --help            show this text
`,
        options: { stack: text, shards: text, json: flag, help },
    },
    diff: {
        usage: `Usage: npm run diff -- [options]

What a change does to the fleet, from the engine's own preview of a hub's stack and its fleet stacks: who loses access,
which devices, CAs and resources change, what limits and warnings there are. Changes nothing.

  --stack STACK   the stack of the hub (default: the selected one, else dev)
  --refresh       compares the states with Azure first
  --exclude URN   leaves resources out, with wildcards: with --refresh, '**::ci-*' for a login without rights in the directory
  --policy-pack FOLDER       judges each stack by a policy pack, e.g. policy; a mandatory rule that is broken ends with status 3
  --policy-pack-config FILE  other bounds and levels of its rules (policy/README.md)
  --from FILE     reads a saved preview instead: pulumi preview --json --show-sames > FILE
  --markdown      as a comment for a pull request, under 65,000 characters
  --json          as one JSON object (docs/fleet-diff.schema.json)
  --html FILE     also as one HTML file, with all names
  --fail-on LIST  of access-lost, delete=N (more than N devices and resources), replace, ca-removed,
                  change (anything but renewals that are due): ends with status 3
  --help          show this text

Ends with status 0 when the change was told, 1 when the preview failed or the settings are wrong, 2 when an argument is
wrong, 3 when --fail-on or a mandatory rule holds the change back, 130 when it was interrupted.
`,
        options: {
            stack: text,
            refresh: flag,
            exclude: text,
            "policy-pack": text,
            "policy-pack-config": text,
            from: text,
            markdown: flag,
            json: flag,
            html: text,
            "fail-on": { ...text, default: "" },
            help,
        },
        problems: (
            positionals,
            {
                from,
                stack,
                refresh,
                exclude,
                "policy-pack": pack,
                "policy-pack-config": packConfig,
                markdown,
                json,
                html,
                "fail-on": gates,
            },
        ) => [
            ...noArguments(positionals),
            ...(html === "" ? ["--html: name the file to write"] : []),
            ...(markdown && json ? ["--markdown and --json are two forms: choose one"] : []),
            ...(from !== undefined && (refresh || (exclude ?? stack ?? pack) !== undefined)
                ? ["--from runs nothing: leave out --stack, --refresh, --exclude and --policy-pack"]
                : []),
            ...(pack === undefined && packConfig !== undefined
                ? ["--policy-pack-config has bounds of --policy-pack: name the pack, too"]
                : []),
            ...[pack, packConfig]
                .filter((one) => one !== undefined && !fs.existsSync(one))
                .map(
                    (one) => `"${one}" does not exist: name the folder of a pack, and a JSON file`,
                ),
            ...gates
                .split(",")
                .filter((one) => !/^(access-lost|replace|ca-removed|change|delete=\d+|)$/.test(one))
                .map(
                    (one) =>
                        `--fail-on "${one}": access-lost, delete=N, replace, ca-removed or change`,
                ),
        ],
    },
    ...evidenceCommands,
    check: {
        usage: `Usage: npm run check -- [options]

Shows what would make a first up fail: login, subscription, providers, roles, names, quotas, tiers, regions. Asks
Azure with azure-native's login, and changes nothing.

  --stack STACK  stack whose settings to read (default: the selected one, or dev)
  --json         print the findings as one JSON object
  --help         show this text

Exit status: 0 if nothing would make it fail, 1 if up would fail (or the settings are wrong), 2 if an argument is
wrong, 3 if no problem was found but something could not be checked.
`,
        options: { stack: text, json: flag, help },
    },
    live: {
        usage: `Usage: npm run live -- [options]
       npm run live -- --compare RECORDING RECORDING

Runs the program's essential path on your subscription, in a separate resource group that is deleted at the end, also
after a failure, and records the HTTP traffic without names, IDs and secrets. Uses azure-native's login.

  --emulator     run on an emulator instead of Azure
  --record FILE  file for the recording (default: live-azure.json or live-emulator.json)
  --compare      show how two recordings differ
  --help         show this text

Variables: IOT_X509_LIVE_SUBSCRIPTION (ID of the subscription), IOT_X509_LIVE_COST=accepted (it costs about one US dollar),
IOT_X509_LIVE_LOCATION (default westeurope).

Exit status: 0 if every step succeeded (or the recordings are equal), 1 if not, 2 if an argument is wrong.
`,
        options: { emulator: flag, record: text, compare: flag, help },
        problems: (positionals, { compare, emulator, record }) =>
            compare
                ? [
                      ...(positionals.length === 2 ? [] : ["--compare takes two recordings"]),
                      ...(emulator || record !== undefined
                          ? ["--compare runs nothing: omit --emulator and --record"]
                          : []),
                  ]
                : noArguments(positionals),
    },
    test: {
        usage: `Usage: npm test -- [options] [FILE|FOLDER ...]

Without arguments: types, lint, format and all tests. With arguments: only the tests that they select, without the checks.

  -g, --grep PATTERN    only tests whose full title matches this regular expression
  -f, --fgrep TEXT      only tests whose full title contains this text
  -i, --invert          only tests that do not match
  -b, --bail            stop at the first failure
  -t, --timeout MS      time limit of tests that do not set their own (default 30000)
  --help                show this text
`,
        options: {
            grep: { ...text, short: "g" },
            fgrep: { ...text, short: "f" },
            invert: { ...flag, short: "i" },
            bail: { ...flag, short: "b" },
            timeout: { ...text, short: "t" },
            help,
        },
        problems: (positionals, { timeout }) => [
            ...positionals
                .filter((one) => !fs.existsSync(one))
                .map((one) => `"${one}" is neither a file nor a folder`),
            ...(timeout === undefined || /^\d+$/.test(timeout)
                ? []
                : [`--timeout "${timeout}": must be a number of milliseconds`]),
        ],
    },
    walk: {
        usage: `Usage: npm run walk -- [options]

Changes all settings of a running stack at random, on the emulator, and verifies each step.

  --steps N         number of steps (default 100)
  --seed S          seed of the random numbers (default: the time)
  --shrink SECONDS  time for shortening a failed walk (default 900)
  --replay STEPS    repeat the steps of a failed walk, as it printed them
  --help            show this text
`,
        options: { steps: text, seed: text, shrink: text, replay: text, help },
        problems: (positionals, values) => [
            ...noArguments(positionals),
            ...["steps", "seed", "shrink"]
                .filter((name) => values[name] !== undefined && !/^\d+$/.test(values[name]))
                .map((name) => `--${name} "${values[name]}": must be a number`),
        ],
    },
    bench: {
        usage: `Usage: npm run bench -- [options]

Compares this program with the alternatives that people use, all on the same emulator and machine. Without options:
everything, in 1 to 2 hours; writes docs/bench.md, its charts and docs/bench.json.

  --quick       200 devices and two peers, a few minutes; writes nothing to docs
  --only NAME   contenders (ours, fleet, naive …) or trials (throttled, faults); may be repeated; writes nothing to docs
  --divide N    divide the size of the fleets by N, to try the bench itself; writes nothing to docs
  --continue    continue an interrupted run
  --report      write docs/bench.md and its charts again from docs/bench.json
  --help        show this text

Progress goes to standard error. The last line of standard output is one JSON object with the key figures.
`,
        options: {
            quick: flag,
            only: { ...text, multiple: true, default: [] },
            divide: { ...text, default: "1" },
            continue: flag,
            report: flag,
            help,
        },
        problems: (positionals, { divide }) => [
            ...noArguments(positionals),
            ...(/^[1-9]\d*$/.test(divide)
                ? []
                : [`--divide "${divide}": must be a whole number from 1`]),
        ],
    },
    load: {
        usage: `Usage: npm run load -- [connections|registrations|enrolments|year] [options]

Measures the figures in docs/figures.md, on one emulator:

  connections    1,000 devices connect at once and send 10 messages each (default)
  registrations  1,000 devices register through one enrollment group
  enrolments     devices renew at the EST service, without a hub: P-256, then RSA; it is killed in the middle, and what it
                 gave must be in its audit log
  year           devices renew their 90-day certificates by EST for a year, on moved clocks; needs the Pulumi CLI
  --devices N    of year (default 100) and enrolments (default 10000)
  --days N       of year: how often a device connects, 1 to 7 (default 3)
  --help         show this text
`,
        options: {
            devices: text,
            days: { ...text, default: "3" },
            help,
        },
        problems: ([what, ...more], { devices, days }) => [
            ...(["connections", "registrations", "enrolments", "year", undefined].includes(what)
                ? []
                : [`"${what}" is none of connections, registrations, enrolments, year`]),
            ...noArguments(more),
            ...(devices === undefined || /^[1-9]\d{0,4}$/.test(devices)
                ? []
                : [`--devices "${devices}": must be a whole number, 1 to 99999`]),
            ...(/^[1-7]$/.test(days) ? [] : [`--days "${days}": must be a whole number, 1 to 7`]),
        ],
    },
};

/**
 * The arguments of a command, as parseArgs gives them, and its usage.
 *
 * @throws Error whose message has every problem
 */
function parse(name, args) {
    const { options, problems = noArguments } = commands[name];
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const found = values.help ? [] : problems(positionals, values);
    if (found.length > 0) {
        throw new Error(found.join("; "));
    }
    return { values, positionals };
}

/** Ends the process when help is asked for (status `helpStatus`) or an argument is wrong (status 2). */
export function readArguments(name, args = process.argv.slice(2), helpStatus = 0) {
    const { usage } = commands[name];
    let read;
    try {
        read = parse(name, args);
    } catch (error) {
        // parseArgs adds advice about positional arguments that no command needs.
        const [reason] = error.message.split(". To specify");
        process.stderr.write(`${name}: ${reason}\n\n${usage}`);
        process.exit(2);
    }
    if (read.values.help) {
        process.stdout.write(usage);
        process.exit(helpStatus);
    }
    return read;
}
