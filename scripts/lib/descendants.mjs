/* The processes that this one started, and those that they started: how they end with it. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** How long they may take to end in order, milliseconds. */
const patience = 3000;
const pollMilliseconds = 50;
const parentMilliseconds = 500;

/** @returns `{pid, parent, started}` of all processes; `started` tells a process from a later one of the same number */
function processes() {
    return process.platform === "linux" ? processesOfLinux() : processesOfPs();
}

/** Source: proc(5), /proc/pid/stat; the name in brackets may hold blanks and brackets. */
function processesOfLinux() {
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => {
            try {
                const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
                const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
                const isGone = fields[0] === "Z";
                return isGone
                    ? []
                    : [{ pid: Number(pid), parent: Number(fields[1]), started: fields[19] }];
            } catch {
                return []; // It has ended.
            }
        });
}

/** Source: POSIX ps, with the start time that BSD and macOS have. */
function processesOfPs() {
    const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,lstart="], { encoding: "utf8" });
    return (stdout ?? "").split("\n").flatMap((line) => {
        const found = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
        return found === null
            ? []
            : [{ pid: Number(found[1]), parent: Number(found[2]), started: found[3] }];
    });
}

const keyOf = ({ pid, started }) => `${pid} ${started}`;

/** @returns the processes among `all` that these started, directly or not */
function startedBy(pids, all) {
    const children = all.filter(({ parent }) => pids.includes(parent));
    return children.length === 0
        ? []
        : [
              ...children,
              ...startedBy(
                  children.map(({ pid }) => pid),
                  all,
              ),
          ];
}

function signalTo({ pid }, signal) {
    try {
        process.kill(pid, signal);
    } catch {
        // It has ended by itself.
    }
}

/** Kills a process that this one started, with all that it started, at once; process groups and sessions do not matter. */
export function killTree(pid) {
    const all = processes();
    const root = all.filter((one) => one.pid === pid && one.parent === process.pid);
    [
        ...root,
        ...startedBy(
            root.map((one) => one.pid),
            all,
        ),
    ].forEach((one) => signalTo(one, "SIGKILL"));
}

/** Ends all that this process started: by SIGTERM, and what is still there after 3 seconds by SIGKILL. */
export async function endDescendants() {
    const deadline = Date.now() + patience;
    const told = new Set();
    for (;;) {
        const all = processes();
        const descendants = startedBy([process.pid], all);
        const known = all.filter((one) => told.has(keyOf(one)));
        // One whose parent has ended is nobody's descendant any more.
        const left = new Map([...descendants, ...known].map((one) => [keyOf(one), one]));
        if (left.size === 0) {
            return;
        }
        const isOver = Date.now() > deadline;
        for (const [key, one] of left) {
            if (isOver || !told.has(key)) {
                told.add(key);
                signalTo(one, isOver ? "SIGKILL" : "SIGTERM");
            }
        }
        await sleep(pollMilliseconds);
    }
}

let ending = false;

/** Whether a signal is ending this process: what fails meanwhile, fails for that reason, and nobody else ends it. */
export function isEnding() {
    return ending;
}

/**
 * From now on SIGHUP, SIGINT and SIGTERM end this process with status 128 and the signal's number, after all that it
 * started; and so do the end of the npm that started it, which is found out within half a second, and of whoever reads its output.
 *
 * @param cleanUp what to do at the end; its failure is ignored
 */
export function endOnSignals(cleanUp = () => undefined) {
    const end = async (signal) => {
        if (ending) {
            return;
        }
        ending = true;
        process.on("uncaughtException", () => undefined); // for the same reason
        await endDescendants();
        try {
            await cleanUp();
        } finally {
            process.exit(128 + constants.signals[signal]);
        }
    };
    for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) {
        process.on(signal, (name) => void end(name));
    }
    for (const stream of [process.stdout, process.stderr]) {
        stream.on("error", () => void end("SIGPIPE")); // Nobody reads any more, as after `| head`.
    }
    watchParent(() => void end("SIGHUP"));
}

/** The variable is the scripts' (see handOn), and concerns this process alone. */
function watchParent(whenGone) {
    const parent = Number(process.env.IOT_X509_PARENT);
    delete process.env.IOT_X509_PARENT;
    if (parent > 0) {
        const timer = setInterval(() => {
            if (process.ppid !== parent) {
                clearInterval(timer);
                whenGone();
            }
        }, parentMilliseconds);
        timer.unref();
    }
}
