import { strict as assert } from "assert";
import { execFileSync, spawnSync } from "child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as paths from "path";
import { ConfigurationError, Problem, readSettings } from "../../../../stacks/config";

/** A configuration as a table of tests writes it. */
export type Raw = Record<string, unknown>;

/** A folder of a project, with OpenSSL to make files in it. */
export class ProjectFolder {
    readonly path = mkdtempSync(paths.join(tmpdir(), "iot-x509-config-"));

    write(name: string, content: string | Buffer): void {
        const file = paths.join(this.path, name);
        mkdirSync(paths.dirname(file), { recursive: true });
        writeFileSync(file, content);
    }

    /** Runs one OpenSSL command in the folder; `more` are arguments that may hold spaces. */
    openssl(command: string, ...more: string[]): Buffer {
        return execFileSync("openssl", [...command.split(" "), ...more], {
            cwd: this.path,
            stdio: "pipe",
        });
    }

    /** What a command writes to its standard error, whether it succeeds or not. */
    opensslErrors(command: string): string {
        return spawnSync("openssl", command.split(" "), { cwd: this.path }).stderr.toString();
    }

    read(name: string): string {
        return readFileSync(paths.join(this.path, name), "utf8");
    }

    /** Writes a file that holds others one after the other. */
    join(name: string, ...parts: string[]): void {
        this.write(name, parts.map((part) => this.read(part)).join(""));
    }

    remove(): void {
        rmSync(this.path, { recursive: true });
    }
}

/** The smallest configuration that is good: one group, no device. */
export function good(change: Raw = {}): Raw {
    return { organization: "Contoso", location: "westeurope", groups: { pumps: {} }, ...change };
}

/** The problems of a configuration that must be refused. */
export function problemsOf(
    raw: Raw,
    folder: string,
    options?: Parameters<typeof readSettings>[2],
): readonly Problem[] {
    try {
        readSettings(raw, folder, options);
    } catch (error) {
        assert(error instanceof ConfigurationError, String(error));
        return error.problems;
    }
    return assert.fail("the configuration was accepted");
}

/** A bad input and its one expected problem: path and value to the letter, a part of rule and remedy. */
export interface BadInput {
    readonly name: string;
    readonly raw: Raw;
    readonly path: string;
    readonly value: string;
    readonly rule: string;
    readonly remedy: string;
}

/** A bad input as one row: name, configuration, path, value, part of the rule, part of the remedy. */
export type Row = [string, Raw, string, string, string, string];

export function inputs(rows: readonly Row[]): BadInput[] {
    return rows.map(([name, raw, path, value, rule, remedy]) => ({
        name,
        raw,
        path,
        value,
        rule,
        remedy,
    }));
}

/** Declares a test for each bad input. */
export function refuses(folder: () => string, inputs: readonly BadInput[]): void {
    for (const { name, raw, path: where, value, rule, remedy } of inputs) {
        it(name, () => {
            const problems = problemsOf(raw, folder());
            const shown = JSON.stringify(problems, undefined, 2);
            assert.equal(problems.length, 1, shown);
            const [problem] = problems;
            assert.equal(problem.path, where, shown);
            assert.equal(problem.value, value, shown);
            assert(problem.rule.includes(rule), shown);
            assert(problem.remedy.includes(remedy), shown);
        });
    }
}
