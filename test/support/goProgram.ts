import { execFile } from "child_process";
import * as path from "path";
import { promisify } from "util";
import { skip } from "./skip";

const run = promisify(execFile);

/**
 * Builds a program of `test/clients/go`; skips the tests when Go or its modules cannot be had.
 *
 * @param name `.`, or a folder there
 * @param file where the program goes
 */
export async function buildGo(context: Mocha.Context, name: string, file: string): Promise<void> {
    try {
        await run("go", ["build", "-o", file, `./${name}`], {
            cwd: path.resolve(__dirname, "../clients/go"),
            env: withoutProxy(),
        });
    } catch (error) {
        const { code, stderr = "" } = error as { code?: string | number; stderr?: string };
        const isAbsent = code === "ENOENT";
        if (isAbsent || /dial tcp|lookup |proxyconnect/.test(stderr)) {
            skip(context, {
                lacks: "Go",
                why: isAbsent ? "no go on PATH" : "its module proxy cannot be reached",
            });
        }
        throw error;
    }
}

/** Go fetches modules past the emulator, which is the proxy of this run. */
function withoutProxy(): NodeJS.ProcessEnv {
    const entries = Object.entries(process.env);
    return Object.fromEntries(entries.filter(([name]) => !/^https?_proxy$/i.test(name)));
}
