/*
 * What the npm commands take. Read before anything is set up, so only Node's own modules are used; the commands
 * themselves read their arguments here, too.
 */
import * as fs from "node:fs";
import { parseArgs } from "node:util";
import * as emulator from "../../emulator/commandLine.mjs";

const flag = { type: "boolean", default: false };
const help = flag;
const text = { type: "string" };

const noArguments = (positionals) => positionals.map((one) => `unexpected argument "${one}"`);

/** By name: the usage, the options, and what is wrong with the other arguments or with values. */
const commands = {
    setup: {
        usage: `Usage: npm run setup -- [options]

Makes this folder ready to run: npm packages, the Pulumi CLI and its plugins, all below this folder.

  --quiet        says nothing when there is nothing to do
  --require-cli  ends with status 1 when no Pulumi CLI can be had (otherwise that is said and the status is 0)
  --official     installs the official plugins alone beside it (in .local/pulumi-home-official), or fails
  --help         this text
`,
        options: { quiet: flag, "require-cli": flag, official: flag, help },
    },
    emulator,
    demo: {
        usage: `Usage: npm run demo -- [options]

Shows the whole life of a fleet on the emulator, with the real Pulumi CLI.

  --keep      leaves emulator and stack running and says how to use them
  --official  takes the official plugins (some hundreds of MB) and no stand-in of one
  --help      this text
`,
        options: { keep: flag, official: flag, help },
    },
    plan: {
        usage: `Usage: npm run plan -- [options]

What a stack's configuration will cost, from its files alone: no Azure, no Pulumi CLI, no login, no passphrase.

  --stack STACK     the stack whose settings to read (default: the selected one, else dev)
  --shards N|group  fleet stacks that hold the devices (default: what the settings say)
  --json            the figures as one JSON object
  --help            this text
`,
        options: { stack: text, shards: text, json: flag, help },
    },
    diff: {
        usage: `Usage: npm run diff -- [options]

What a change does to the fleet, from the engine's own preview of a hub's stack and its fleet stacks: who loses access,
which devices, CAs and resources change, what limits and warnings there are. Changes nothing.

  --stack STACK   the stack of the hub (default: the selected one, else dev)
  --refresh       compares the states with Azure first
  --from FILE     reads a saved preview instead: pulumi preview --json --show-sames > FILE
  --markdown      as a comment for a pull request, under 65,000 characters
  --json          as one JSON object (docs/fleet-diff.schema.json)
  --fail-on LIST  of access-lost, delete=N (more than N devices and resources), replace, ca-removed: ends with status 3
  --help          this text

Ends with status 0 when the change was told, 1 when the preview failed or the settings are wrong, 2 when an argument is
wrong, 3 when --fail-on holds the change back, 130 when it was interrupted.
`,
        options: {
            stack: text,
            refresh: flag,
            from: text,
            markdown: flag,
            json: flag,
            "fail-on": { ...text, default: "" },
            help,
        },
        problems: (positionals, { from, stack, refresh, markdown, json, "fail-on": gates }) => [
            ...noArguments(positionals),
            ...(markdown && json ? ["--markdown and --json are two forms: choose one"] : []),
            ...(from !== undefined && (refresh || stack !== undefined)
                ? ["--from runs nothing: leave out --stack and --refresh"]
                : []),
            ...gates
                .split(",")
                .filter((one) => !/^(access-lost|replace|ca-removed|delete=\d+|)$/.test(one))
                .map((one) => `--fail-on "${one}": access-lost, delete=N, replace or ca-removed`),
        ],
    },
    check: {
        usage: `Usage: npm run check -- [options]

What would keep a first up from succeeding: login, subscription, providers, roles, names, quotas, tiers, regions. Asks
Azure with the login of azure-native, and changes nothing.

  --stack STACK  the stack whose settings to read (default: the selected one, else dev)
  --json         the findings as one JSON object
  --help         this text

Ends with status 0 when nothing stands in the way, 1 when up would fail (or the settings are wrong), 2 when an argument is
wrong, 3 when nothing is known to stand in the way and something could not be looked at.
`,
        options: { stack: text, json: flag, help },
    },
    live: {
        usage: `Usage: npm run live -- [options]
       npm run live -- --compare RECORDING RECORDING

The program's essential path on a subscription of yours, in a resource group of its own that is deleted at the end, also
after a failure; and a recording of the HTTP traffic without names, IDs and secrets. The login is azure-native's.

  --emulator     runs on an emulator in Azure's place
  --record FILE  where the recording goes (default: live-azure.json or live-emulator.json)
  --compare      tells where two recordings differ
  --help         this text

Variables: IOT_X509_LIVE_SUBSCRIPTION (ID of the subscription), IOT_X509_LIVE_COST=accepted (it costs about one US dollar),
IOT_X509_LIVE_LOCATION (default westeurope).

Ends with status 0 when all went as it must (or the recordings are alike), 1 when not, 2 when an argument is wrong.
`,
        options: { emulator: flag, record: text, compare: flag, help },
        problems: (positionals, { compare, emulator, record }) =>
            compare
                ? [
                      ...(positionals.length === 2 ? [] : ["--compare takes two recordings"]),
                      ...(emulator || record !== undefined
                          ? ["--compare runs nothing: leave out --emulator and --record"]
                          : []),
                  ]
                : noArguments(positionals),
    },
    test: {
        usage: `Usage: npm test -- [options] [FILE|FOLDER ...]

Without arguments: types, lint, format and all tests. With any: the tests that they choose, without the checks.

  -g, --grep PATTERN    only tests whose full title matches this regular expression
  -f, --fgrep TEXT      only tests whose full title holds this text
  -i, --invert          the tests that do not match
  -b, --bail            ends at the first failure
  -t, --timeout MS      of a test that says nothing else (default 30000)
  --help                this text
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
                : [`--timeout "${timeout}": a number of milliseconds`]),
        ],
    },
    walk: {
        usage: `Usage: npm run walk -- [options]

Changes all settings of a running stack at random, on the emulator, and judges each step.

  --steps N         how many steps (default 100)
  --seed S          of the random numbers (default: the time)
  --shrink SECONDS  for shortening a walk that failed (default 900)
  --replay STEPS    the steps of a failed walk, as it printed them
  --help            this text
`,
        options: { steps: text, seed: text, shrink: text, replay: text, help },
        problems: (positionals, values) => [
            ...noArguments(positionals),
            ...["steps", "seed", "shrink"]
                .filter((name) => values[name] !== undefined && !/^\d+$/.test(values[name]))
                .map((name) => `--${name} "${values[name]}": a number`),
        ],
    },
    bench: {
        usage: `Usage: npm run bench -- [options]

Measures this program against what people use instead, all on the same emulator and machine. Without options:
everything, in 1 to 2 hours; writes docs/bench.md, its charts and docs/bench.json.

  --quick       200 devices and two peers, a few minutes; writes nothing to docs
  --only NAME   contenders (ours, fleet, naive …) or trials (throttled, faults); may be repeated; writes nothing to docs
  --divide N    fleets of an Nth of the size, to try the bench itself; writes nothing to docs
  --continue    goes on with a run that was interrupted
  --report      writes docs/bench.md and its charts anew from docs/bench.json
  --help        this text

Progress goes to standard error. The last line of standard output is one JSON object with the figures that are watched.
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
            ...(/^[1-9]\d*$/.test(divide) ? [] : [`--divide "${divide}": a whole number from 1`]),
        ],
    },
    load: {
        usage: `Usage: npm run load -- [connections|registrations]

The figures in docs/figures.md, on one emulator:

  connections    1,000 devices connect at once and send 10 messages each (default)
  registrations  1,000 devices register through one enrollment group
  --help         this text
`,
        options: { help },
        problems: ([what, ...more]) => [
            ...(["connections", "registrations", undefined].includes(what)
                ? []
                : [`"${what}" is neither connections nor registrations`]),
            ...noArguments(more),
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
