/*
 * Runs the checks and the tests in lanes, and adds up their counts. There are three lanes more than processors, because tests of
 * the engine also wait (for a hub's pace, for processes that end). The output of each lane follows that of the one before it.
 */
import * as fs from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import * as path from "node:path";
import { run } from "../../scripts/lib/command.mjs";
import { readArguments } from "../../scripts/lib/commands.mjs";
import {
    local,
    readJson,
    removeFolder,
    root,
    temporaryFolder,
} from "../../scripts/lib/workspace.mjs";

/** At most: a lane takes about a gigabyte. */
const mostLanes = 8;
const laneCount = Math.min(availableParallelism() + 3, mostLanes);
const checkSeconds = 600;
const testSeconds = 45 * 60;
/** How long a mocha process may live on after its last test. */
const endSeconds = 60;
const silenceSeconds = 30;
/** So many of the longest processes are named at the end. */
const mostTimes = 20;
/** The folder of test/ whose tests want the Azure CLI and Python; the one whose tests run the Pulumi CLI and take longest. */
const clientFolder = "clients";
const engineFolder = "e2e";
/** Where tests are: the program's, and those of the workspace packages. */
const testFolders = [
    "test",
    "emulator/test",
    "standins/test",
    "sample-device/test",
    "policy/test",
    "report-page/test",
];
/** Of its files those that take minutes: they go first, so that no lane is left with one at the end. */
const longest = [
    ...["fleet", "rolloverGate", "walk", "keptOut", "changes", "cutControls", "cutMoves", "demo"],
    ...["expiryNotify", "takeOver", "rolloverTried", "rolloverShards", "workflows", "keysUnseen"],
    ...["fleetPreview", "shutOut", "nodeHost", "adoption", "inventory", "keptOutShards", "year"],
    ...["estRollover", "policy", "fleetDiff", "live", "standin", "offlineRotation", "provisioning"],
    ...["fleetGuard", "ci", "alerts", "killed", "sourcesOfAzure", "addDps", "otherCase"],
    "lifecycleKept",
];

/** At most so many of the other files of the engine's folder share a process: starting one takes as long as a step of the engine. */
const filesPerProcess = 4;
/**
 * Go collects garbage when the heap has grown by so many percent (default: 100). The Pulumi CLI lives for a second or two, has
 * a small heap, and otherwise spends a quarter of its start on this.
 */
const goGarbagePercent = "400";

const inCi = !["", "0", "false", undefined].includes(process.env.CI);
const total = { passed: 0, failed: [], skipped: [] };
/** Seconds of each mocha process, by its name. */
const times = [];
let lastOutput = Date.now();

function print(data) {
    lastOutput = Date.now();
    process.stdout.write(data);
}

/** A sequence of steps whose output is shown once it is the lane's turn. */
class Lane {
    #shown = false;
    #held = [];
    step = "waiting";

    write(data) {
        if (this.#shown) {
            print(data);
        } else {
            this.#held.push(data);
        }
    }

    show() {
        this.#shown = true;
        this.#held.splice(0).forEach(print);
    }
}

async function check(lane, name, command, args) {
    lane.step = name;
    const started = Date.now();
    const { problem } = await run(command, args, {
        timeoutSeconds: checkSeconds,
        onOutput: (data) => lane.write(data),
    });
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    lane.write(`${problem === undefined ? "ok" : "FAILED"}: ${name} (${seconds} s)\n`);
    if (problem === undefined) {
        total.passed += 1;
    } else {
        total.failed.push(name);
    }
}

async function runChecks(lane) {
    const node = (script, ...args) => [
        process.execPath,
        [path.join("node_modules", script), ...args],
    ];
    await check(lane, "types (tsc)", ...node("typescript/bin/tsc", "--noEmit"));
    await check(lane, "lint (eslint)", ...node("eslint/bin/eslint.js", "."));
    await check(lane, "format (prettier)", ...node("prettier/bin/prettier.cjs", "--check", "."));
    await check(lane, "walls (dependency-cruiser)", "npm", ["run", "--silent", "walls"]);
    await check(lane, "nothing unused (knip)", ...node("knip/bin/knip.js"));
}

/**
 * The status of what installs a tool when its registry cannot be reached or the machine lacks what it runs on: in CI the one
 * excuse for not having it.
 */
const cannotBeHadHere = 3;

/** Makes a tool ready for the tests that want it: what its script prints goes into their environment. */
async function prepare(lane, { name, script, variable }) {
    lane.step = name;
    const { stdout, stderr, status } = await run(script, [], { timeoutSeconds: 1200 });
    lane.write(stderr);
    process.env[variable] = stdout.trim();
    if (inCi && status !== 0 && status !== cannotBeHadHere) {
        total.failed.push(`${name}: cannot be installed although the registry answers`);
    }
}

/** What the tests with outside clients want. */
const clientTools = [
    { name: "Azure CLI", script: "scripts/azure-cli.sh", variable: "AZURE_CLI" },
    { name: "Python SDKs", script: "scripts/python-sdks.sh", variable: "PYTHON_SDKS" },
];
const nodeVersions = {
    name: "Node.js versions",
    script: "scripts/node-versions.sh",
    variable: "NODE_VERSIONS",
};

async function prepareAll(lane, tools) {
    for (const tool of tools) {
        await prepare(lane, tool);
    }
}

/**
 * The environment of a test's processes that makes them trust no CA by themselves: tests connect to this machine alone, and
 * Node.js otherwise reads hundreds of CAs when a process starts, which takes it longer than all else that it does by then.
 */
function withoutCas(folder) {
    const noCas = path.join(folder, "no-cas.pem");
    fs.writeFileSync(noCas, "");
    const { NODE_OPTIONS: options = "", ...others } = process.env;
    delete others.NODE_EXTRA_CA_CERTS;
    return {
        ...others,
        NODE_OPTIONS: `${options} --use-openssl-ca`.trim(),
        SSL_CERT_FILE: noCas,
    };
}

/** Aborts a mocha process that does not end although its results are written: something holds it open. */
function abortWhenStuck(resultsFile) {
    const stuck = new AbortController();
    const timer = setInterval(() => {
        if (
            fs.existsSync(resultsFile) &&
            Date.now() - fs.statSync(resultsFile).mtimeMs > endSeconds * 1000
        ) {
            stuck.abort(new Error(`did not end within ${endSeconds} s after its last test`));
        }
    }, 5000);
    return { signal: stuck.signal, stop: () => clearInterval(timer) };
}

async function runMocha(lane, name, args) {
    lane.step = name;
    const folder = temporaryFolder(tmpdir());
    const resultsFile = path.join(folder, "results.json");
    const stuck = abortWhenStuck(resultsFile);
    const started = Date.now();
    const node = [process.execPath, "-r", "./scripts/lib/typescript.js", "--"];
    const mocha = ["node_modules/mocha/bin/mocha.js", "--reporter", "test/runner/reporter.ts"];
    const color = process.stdout.isTTY ? ["--color"] : [];
    const { problem } = await run(
        node[0],
        [...node.slice(1), "test/support/launch.ts", node[0], ...mocha, ...color, ...args],
        {
            timeoutSeconds: testSeconds,
            env: { ...withoutCas(folder), MOCHA_RESULTS: resultsFile },
            onOutput: (data) => lane.write(data),
            abort: stuck.signal,
        },
    );
    stuck.stop();
    times.push([name, Math.round((Date.now() - started) / 1000)]);
    const results = readJson(resultsFile);
    removeFolder(folder);
    total.passed += results?.passed ?? 0;
    total.failed.push(...(results?.failed ?? []));
    for (const skipped of results?.skipped ?? []) {
        (inCi && !skipped.excused ? total.failed : total.skipped).push(
            `${skipped.title}: ${skipped.reason}`,
        );
    }
    if (results === undefined) {
        total.failed.push(`${name}: ended before the last test: ${problem ?? "status 0"}`);
    } else if (problem !== undefined && results.failed.length === 0) {
        total.failed.push(`${name}: ${problem}`);
    }
}

function specFiles(folder) {
    return fs
        .readdirSync(folder, { recursive: true })
        .filter((name) => name.endsWith(".spec.ts"))
        .map((name) => path.join(folder, name))
        .sort();
}

/** Arguments for mocha: folders become their files, and options alone mean all files. */
function mochaArguments({ values, positionals }) {
    const { grep, fgrep, timeout, invert, bail } = values;
    const options = Object.entries({ grep, fgrep, timeout })
        .filter(([, value]) => value !== undefined)
        .flatMap(([name, value]) => [`--${name}`, value]);
    const flags = Object.entries({ invert, bail }).filter(([, isOn]) => isOn);
    const files = positionals.flatMap((one) =>
        fs.statSync(one).isDirectory() ? specFiles(one) : [one],
    );
    return [
        ...options,
        ...flags.map(([name]) => `--${name}`),
        ...(positionals.length > 0 ? files : testFolders.flatMap(specFiles)),
    ];
}

function isIn(folder) {
    return (file) => path.normalize(file).split(path.sep)[1] === folder;
}

/** The place of a file among the longest; all others are behind them, in their order. */
function rank(file) {
    const place = longest.indexOf(path.basename(file, ".spec.ts"));
    return place === -1 ? longest.length : place;
}

/** Each of the longest files alone, and the others together, fewer and fewer, so that all lanes end at about the same time. */
function inBatches(files) {
    const short = files.filter((file) => rank(file) === longest.length);
    const batches = files.filter((file) => !short.includes(file)).map((file) => [file]);
    while (short.length > 0) {
        const share = Math.max(1, Math.floor(short.length / laneCount));
        batches.push(short.splice(0, Math.min(filesPerProcess, share)));
    }
    return batches;
}

async function runAll(first, others) {
    const files = testFolders.flatMap(specFiles);
    const clients = files.filter(isIn(clientFolder));
    const engine = files.filter(isIn(engineFolder)).sort((one, other) => rank(one) - rank(other));
    const quick = files.filter((file) => !clients.includes(file) && !engine.includes(file));
    /** All lanes take from these, so that none is idle at the end. */
    const batches = inBatches(engine);
    const runEngine = async (lane) => {
        for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
            const names = batch.map((file) => path.basename(file, ".spec.ts"));
            await runMocha(lane, names.join(", "), batch);
        }
    };
    const firstLane = async () => {
        await runChecks(first);
        await runMocha(first, "tests", quick);
        await runEngine(first);
        first.step = "";
    };
    const [second] = others;
    const nodesReady = prepare(second, nodeVersions);
    const otherLane = async (lane) => {
        await nodesReady;
        if (lane === second && clients.length > 0) {
            await prepareAll(lane, clientTools);
            await runMocha(lane, "tests with clients that nobody here wrote", clients);
        }
        await runEngine(lane);
        lane.step = "";
    };
    const working = [firstLane(), ...others.map(otherLane)];
    for (const [index, lane] of working.entries()) {
        await lane;
        others[index]?.show();
    }
}

function report() {
    for (const [heading, lines] of [
        ["Skipped", total.skipped],
        ["Failed", total.failed],
    ]) {
        if (lines.length > 0) {
            print(`\n${heading}:\n${lines.map((line) => `  - ${line}\n`).join("")}`);
        }
    }
    const ranking = times.toSorted(([, one], [, other]) => other - one).slice(0, mostTimes);
    if (times.length > 1) {
        print(
            `\nLongest: ${ranking.map(([name, seconds]) => `${name} ${seconds} s`).join(", ")}\n`,
        );
    }
    const { passed, failed, skipped } = total;
    print(`\n${passed} passed, ${failed.length} failed, ${skipped.length} skipped\n`);
}

async function main() {
    process.chdir(root);
    process.env.GOGC ??= goGarbagePercent;
    const args = readArguments("test");
    print(`Engine: ${readJson(path.join(local, "toolchain.json"))?.description}\n`);
    const lanes = Array.from({ length: laneCount }, () => new Lane());
    const [first, ...others] = lanes;
    first.show();
    const ticker = setInterval(() => {
        if (Date.now() - lastOutput > silenceSeconds * 1000) {
            const steps = lanes.map((lane) => lane.step).filter((step) => step !== "");
            print(`... still running: ${steps.join("; ")}\n`);
        }
    }, 5000);
    if (process.argv.length === 2) {
        await runAll(first, others);
    } else {
        const chosen = mochaArguments(args);
        if (chosen.some(isIn(clientFolder))) {
            await prepareAll(first, clientTools);
        }
        if (chosen.some(isIn(engineFolder))) {
            await prepare(first, nodeVersions);
        }
        await runMocha(first, "tests", chosen);
    }
    clearInterval(ticker);
    report();
    return total.failed.length === 0 ? 0 : 1;
}

main().then((status) => {
    process.exitCode = status;
});
