/* Runs a command for a bounded time, with all that it started, and shows that it still runs. */
import { spawn } from "node:child_process";
import { endOnSignals, killTree } from "./descendants.mjs";
import { root, say } from "./workspace.mjs";

const progressSeconds = 15;

/** Process IDs. */
const running = new Set();

endOnSignals();
process.on("exit", () => running.forEach(killTree));

/** The first lines of what a command complained about, for one line of a message. */
function complaint(lines) {
    return lines
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("npm warn"))
        .slice(0, 3)
        .join("; ")
        .slice(0, 400);
}

/**
 * @param options.timeoutSeconds after which it and all it started is killed
 * @param options.progress what it does, said at the start and every 15 seconds
 * @param options.progressLine what a line of standard error looks like that tells progress and no complaint
 * @param options.state what to say beside the progress, given the number of those lines
 * @param options.onOutput takes its output as it comes, instead of it being collected
 * @param options.abort an AbortSignal; its reason (an Error) becomes the problem
 * @returns the collected output, and its `status`, and `problem`: undefined when the status is 0
 */
export function run(command, args, options) {
    return new Promise((resolve) => {
        const started = Date.now();
        const child = spawn(command, args, {
            cwd: options.cwd ?? root,
            env: options.env ?? process.env,
            stdio: ["ignore", "pipe", "pipe"],
            detached: true, // Ctrl-C comes to it from here alone
        });
        running.add(child.pid);
        let stdout = "";
        let stderr = "";
        let stopped;
        const collect = options.onOutput === undefined;
        child.stdout.on("data", (data) => (collect ? (stdout += data) : options.onOutput(data)));
        child.stderr.on("data", (data) => (collect ? (stderr += data) : options.onOutput(data)));
        const isProgress = (line) => options.progressLine?.test(line) === true;
        const progressLines = () => stderr.split("\n").filter(isProgress).length;
        const stop = (reason) => {
            stopped ??= reason;
            killTree(child.pid);
        };
        const timer = setTimeout(
            () => stop(`gave up after ${options.timeoutSeconds} s`),
            options.timeoutSeconds * 1000,
        );
        options.abort?.addEventListener("abort", () => stop(options.abort.reason.message));
        if (options.progress) {
            say(`${options.progress} ...`);
        }
        const ticker = setInterval(() => {
            if (options.progress) {
                const seconds = `${Math.round((Date.now() - started) / 1000)} s`;
                const state = options.state?.(progressLines());
                say(`${options.progress} ... ${[seconds, state].filter(Boolean).join(", ")}`);
            }
        }, progressSeconds * 1000);
        const end = (problem, status) => {
            clearTimeout(timer);
            clearInterval(ticker);
            running.delete(child.pid);
            resolve({ stdout, stderr, status, problem: stopped ?? problem });
        };
        child.on("error", (error) => end(`${command}: ${error.message}`));
        child.on("close", (code, signal) => {
            const lines = stderr.split("\n").filter((line) => !isProgress(line));
            const problem = complaint(lines) || `exited with ${signal ?? code}`;
            end(code === 0 ? undefined : problem, code);
        });
    });
}
