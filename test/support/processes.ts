import { execFileSync } from "child_process";
import { setTimeout as sleep } from "timers/promises";

/** The process and all that it started, as `ps` tells them now. */
export function processTree(pid: number): number[] {
    const text = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
    const all = text
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/\s+/).map(Number));
    const below = (parent: number): number[] =>
        all.flatMap(([one, of]) => (of === parent ? [one, ...below(one)] : []));
    return [pid, ...below(pid)];
}

/** Those that are still there after some time; empty as soon as none is. */
export async function survivors(pids: readonly number[], milliseconds: number): Promise<number[]> {
    const deadline = Date.now() + milliseconds;
    for (;;) {
        const left = pids.filter(isAlive);
        if (left.length === 0 || Date.now() > deadline) {
            return left;
        }
        await sleep(50);
    }
}

/** A process that has ended and that its parent has not asked for yet does not count. */
function isAlive(pid: number): boolean {
    try {
        const state = execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
        return !state.startsWith("Z");
    } catch {
        return false;
    }
}
