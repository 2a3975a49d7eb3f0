import { fstatSync } from "fs";

/** The engine holds the other end of a plug-in's standard input: it closes when the engine is gone, however it went. */
export function whenEngineIsGone(end: () => void): void {
    const input = fstatSync(0);
    // Started by hand or by a test, there may be no engine.
    if (input.isFIFO() || input.isSocket()) {
        process.stdin.on("end", end);
        process.stdin.on("error", end);
        process.stdin.resume();
    }
}
