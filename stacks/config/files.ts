import * as path from "path";
import { Finding, Inspection } from "../../components/x509/pem";
import { FileLimit, pemLimit, readProjectFile } from "./projectFile";
import { Problem, Report } from "./report";

/** What reading any file of one configuration needs. */
export interface Files {
    readonly report: Report;
    /** The project's folder. Messages show file names relative to it. */
    readonly folder: string;
    /** The time at which certificates must be valid. */
    readonly now: Date;
    /** Takes the problems of a device's own files; undefined: they are problems of the configuration. */
    readonly onUnusableFile?: (deviceId: string, problem: Problem) => void;
}

/** For reading a device's own files, whose problems may concern that device alone. */
export function filesOf(deviceId: string, files: Files): Files {
    const { onUnusableFile, report } = files;
    return onUnusableFile === undefined
        ? files
        : { ...files, report: report.passingOn((problem) => onUnusableFile(deviceId, problem)) };
}

/**
 * The bytes of a file that the configuration names; undefined if a problem was reported.
 *
 * @param at where the configuration names the file
 * @param name the file's name as given there
 * @param base the folder that the name is relative to
 * @param limit how large the file may be
 * @param remedy what to do if the file does not exist
 */
export function readGivenFile(
    { report, folder }: Files,
    at: string,
    name: unknown,
    base: string,
    limit: FileLimit,
    remedy: string,
): Buffer | undefined {
    if (typeof name !== "string" || /[\n\0]|-----BEGIN/.test(name)) {
        report.value(
            at,
            name,
            "must be the name of a file",
            "save the content in a file, and write its name here",
        );
        return undefined;
    }
    const reading = readProjectFile(folder, path.resolve(base, name), limit, remedy);
    if (reading.content === undefined) {
        report.value(at, name, reading.rule, reading.remedy);
    }
    return reading.content;
}

/** Reports the findings of a file, each prefixed with the file's name. */
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

/** Reads and inspects a named file; undefined if problems were reported. Warnings are passed on. */
export function inspectGivenFile<T>(
    files: Files,
    at: string,
    name: unknown,
    base: string,
    remedy: string,
    inspect: (content: Buffer) => Inspection<T>,
): T | undefined {
    const content = readGivenFile(files, at, name, base, pemLimit, remedy);
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
