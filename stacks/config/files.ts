import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from "fs";
import * as path from "path";
import { Finding, Inspection } from "../../components/pki/pem";
import { shellWord } from "../../components/text/shell";
import { Report } from "./report";

/** No certificate, request or proof is as large. */
export const mebibyte = 1024 * 1024;

/** What every file of one configuration is read with. */
export interface Files {
    readonly report: Report;
    /** The project's folder. Messages show file names relative to it. */
    readonly folder: string;
    /** The time by which certificates are judged. */
    readonly now: Date;
}

/**
 * The bytes of a file that the configuration names; undefined after a problem was reported.
 *
 * @param at where the file's name stands
 * @param name the file's name as it stands there
 * @param base the folder that the name is relative to
 * @param remedy what to do when the file is not there
 * @param largest bytes
 */
export function readGivenFile(
    { report, folder }: Files,
    at: string,
    name: unknown,
    base: string,
    remedy: string,
    largest = mebibyte,
): Buffer | undefined {
    if (typeof name !== "string" || /[\n\0]|-----BEGIN/.test(name)) {
        report.value(
            at,
            name,
            "is the name of a file",
            "put the content in a file and its name here",
        );
        return undefined;
    }
    const file = path.resolve(base, name);
    const shown = path.relative(folder, file) || ".";
    try {
        const real = realpathSync(file);
        if (!isInside(realpathSync(folder), real)) {
            report.value(
                at,
                name,
                "names a file in the project's folder, also where it is a link",
                "copy the file into the project, and name it there",
            );
            return undefined;
        }
        const content = readRegular(real, largest);
        if (content === undefined) {
            report.value(
                at,
                name,
                `is a regular file of at most ${largest / mebibyte} MiB`,
                `look at ${shown} with: ls -l ${shellWord(shown)}`,
            );
        }
        return content;
    } catch (error) {
        switch ((error as NodeJS.ErrnoException).code) {
            case "ENOENT":
                report.value(at, name, `the file ${shown} exists`, remedy);
                break;
            case "EISDIR":
                report.value(at, name, "is a file, not a folder", `name the file in ${shown}`);
                break;
            default:
                report.value(
                    at,
                    name,
                    `the file ${shown} can be read`,
                    "check its path and its permissions",
                );
        }
        return undefined;
    }
}

function isInside(folder: string, file: string): boolean {
    return (
        file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
    );
}

/** Undefined: it is none, or too large. A pipe without a writer would be waited for without O_NONBLOCK. */
function readRegular(file: string, largest: number): Buffer | undefined {
    const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
        const facts = fstatSync(handle);
        if (facts.isDirectory()) {
            throw Object.assign(new Error("a folder"), { code: "EISDIR" });
        }
        return facts.isFile() && facts.size <= largest ? readFileSync(handle) : undefined;
    } finally {
        closeSync(handle);
    }
}

/** Reports the findings of a file, each with the file's name before what was found in it. */
function reportFindings(
    report: Report,
    at: string,
    name: string,
    findings: readonly Finding[],
): void {
    for (const { value, rule, remedy } of findings) {
        report.fault(at, `${JSON.stringify(name)} (${value})`, rule, remedy);
    }
}

/** Reads and inspects a named file; undefined after problems were reported. Warnings are passed on. */
export function inspectGivenFile<T>(
    files: Files,
    at: string,
    name: unknown,
    base: string,
    remedy: string,
    inspect: (content: Buffer) => Inspection<T>,
): T | undefined {
    const content = readGivenFile(files, at, name, base, remedy);
    if (content === undefined) {
        return undefined;
    }
    const { facts, findings, warnings = [] } = inspect(content);
    reportFindings(files.report, at, String(name), findings);
    for (const { value, rule, remedy } of warnings) {
        files.report.warn(`${at}: ${JSON.stringify(name)} (${value}) — ${rule} — ${remedy}`);
    }
    return findings.length > 0 ? undefined : facts;
}
