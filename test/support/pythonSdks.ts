import { ChildProcess, execFile } from "child_process";
import { mkdtempSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";
import { repository } from "../../scripts/lib/toolchain";
import { requirePythonSdks } from "./tools";

/** Runs the scripts of test/clients/python, in which Azure's SDKs for Python do the work. */
export class PythonSdks {
    private readonly folder = mkdtempSync(path.join(tmpdir(), "iot-x509-python-"));

    private constructor(private readonly python: string) {}

    /** Skips the suite where there is no Python. */
    static find(context: Mocha.Context): PythonSdks {
        return new PythonSdks(requirePythonSdks(context));
    }

    /**
     * Runs a script to its end.
     *
     * @param onLine called with what it prints, as it comes
     * @returns what it reports in its last line
     * @throws Error with standard error in its message
     */
    async run<T>(
        script: string,
        told: Readonly<Record<string, unknown>>,
        onLine: (line: string) => void = () => undefined,
    ): Promise<T> {
        const file = path.join(repository, "test", "clients", "python", `${script}.py`);
        const running = promisify(execFile)(this.python, ["-B", file, JSON.stringify(told)], {
            timeout: 60_000,
        });
        (running.child as ChildProcess).stdout?.on("data", (data: string) =>
            data.trim().split("\n").forEach(onLine),
        );
        const { stdout } = await running;
        return JSON.parse(stdout.trim().split("\n").slice(-1)[0]) as T;
    }

    /** Writes a certificate chain and its key to files, and returns their paths. */
    files(
        chainPem: string,
        keyPem: string,
    ): { readonly chainFile: string; readonly keyFile: string } {
        const [chainFile, keyFile] = ["chain.pem", "key.pem"].map((name) =>
            path.join(this.folder, name),
        );
        writeFileSync(chainFile, chainPem);
        writeFileSync(keyFile, keyPem, { mode: 0o600 });
        return { chainFile, keyFile };
    }

    remove(): void {
        rmSync(this.folder, { recursive: true, force: true });
    }
}
