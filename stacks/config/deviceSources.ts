import * as path from "path";
import { decodeText } from "../../components/text/decode";
import { otherFile } from "../../components/text/otherFile";
import { readDeviceTable } from "./deviceTable";
import { Files, readGivenFile } from "./files";
import { DeviceKeys } from "./deviceKeys";
import { readJson } from "./jsonText";
import { tableLimit } from "./projectFile";
import { Report } from "./report";
import { Section, sectionAt } from "./section";

/** One device as its source has it, and the folder that its file names are relative to. */
export interface DeviceSource {
    readonly section: Section;
    readonly base: string;
    /** Whether it is a row of a table, which a spreadsheet may have written. */
    readonly isRow: boolean;
}

/** Every device of the stack file and of the files it names, in that order. */
export function deviceSources(top: Section, files: Files, keys: DeviceKeys): DeviceSource[] {
    const inline = readList(top.list("devices"), "devices", keys, files.report).map((section) => ({
        section,
        base: files.folder,
        isRow: false,
    }));
    return [
        ...inline,
        ...namedFiles(top).flatMap(({ at, name }) => readFile(at, name, files, keys)),
    ];
}

function namedFiles(top: Section): { at: string; name: unknown }[] {
    const given = top.raw("devicesFile") ?? [];
    if (!Array.isArray(given)) {
        return [{ at: "devicesFile", name: given }];
    }
    return given.flatMap((name: unknown, index) => {
        const at = `devicesFile[${index}]`;
        if (given.indexOf(name) < index) {
            top.report.value(at, name, "must be listed only once", "delete the second one");
            return [];
        }
        return [{ at, name }];
    });
}

/** Bytes of a file from which its format is recognized, blank lines included. */
const longestBeginning = 256;

/** File name extensions of tables. Excel writes "Unicode Text" as .txt. */
const tables = [".csv", ".tsv", ".txt"];

function readFile(at: string, name: unknown, files: Files, keys: DeviceKeys): DeviceSource[] {
    const kind = typeof name === "string" ? path.extname(name).toLowerCase() : "";
    const isTable = tables.includes(kind);
    if (typeof name === "string" && !isTable && kind !== ".json") {
        files.report.value(
            at,
            name,
            "must be a .csv or .json file, or a table with the extension .tsv or .txt",
            "save the list in one of these formats, with the matching extension",
        );
        return [];
    }
    const content = readGivenFile(
        files,
        at,
        name,
        files.folder,
        tableLimit,
        "correct the name, which is relative to the project's folder, or create the file",
    );
    if (content === undefined || typeof name !== "string") {
        return [];
    }
    const file = path.resolve(files.folder, name);
    const shown = path.relative(files.folder, file);
    const text = decode(content, shown, files);
    if (text === undefined) {
        return [];
    }
    const sections = isTable
        ? readDeviceTable(text, shown, keys, files.report)
        : readDeviceJson(text, shown, keys, files);
    return sections.map((section) => ({ section, base: path.dirname(file), isRow: isTable }));
}

function decode(content: Buffer, shown: string, { report }: Files): string | undefined {
    if (content.subarray(0, 4).toString("latin1") === "PK\x03\x04") {
        report.fault(
            shown,
            "a workbook (XLSX or ODS)",
            "a list of devices must be text",
            "save the sheet as a table (Excel: CSV UTF-8)",
        );
        return undefined;
    }
    const other = otherFile(content.toString("latin1", 0, longestBeginning));
    if (other !== undefined) {
        report.fault(shown, other.value, "a list of devices must be text", other.remedy);
        return undefined;
    }
    const { text, problem } = decodeText(content);
    if (text === undefined) {
        report.fault(
            shown,
            problem,
            "a list of devices must be text in UTF-8 or UTF-16",
            "save it again as UTF-8 (Excel: CSV UTF-8)",
        );
    }
    return text;
}

function readDeviceJson(
    text: string,
    shown: string,
    keys: DeviceKeys,
    { report }: Files,
): Section[] {
    let list: unknown;
    try {
        list = readJson(text, shown, true, [], report);
    } catch (error) {
        reportNoJson(text, shown, (error as Error).message, report);
        return [];
    }
    if (!Array.isArray(list)) {
        report.value(
            shown,
            list,
            "the file must be a list of devices",
            "put the devices in [ and ]",
        );
        return [];
    }
    return readList(list, shown, keys, report);
}

function reportNoJson(text: string, shown: string, message: string, report: Report): void {
    const position = /position (\d+)/.exec(message)?.[1];
    const line = text.slice(0, Number(position ?? text.length)).split("\n").length;
    if (isJsonLines(text)) {
        report.fault(
            shown,
            "one JSON value per line",
            "the file must be one list of devices",
            "put the values in one list: jq -s . FILE > LIST.json",
        );
    } else if (!/^\s*[[{]/.test(text)) {
        report.fault(
            shown,
            "(not JSON)",
            "the file must be JSON, a list in [ and ]",
            "save the list as JSON; give a table the extension .csv",
        );
    } else {
        report.fault(
            `${shown}:${line}`,
            "(not JSON)",
            "the file must be JSON",
            /[“”„«»]/.test(text.split("\n")[line - 1])
                ? "replace the typographic quotes in this line with straight ones"
                : "look for a missing or surplus comma, quote or bracket at or before this line",
        );
    }
}

function isJsonLines(text: string): boolean {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.length > 1 && lines.every((line) => isJson(line));
}

function isJson(text: string): boolean {
    try {
        JSON.parse(text);
        return true;
    } catch {
        return false;
    }
}

/** The devices of a list in YAML or JSON; items that are not devices are reported and left out. */
function readList(
    list: readonly unknown[],
    path: string,
    keys: DeviceKeys,
    report: Report,
): Section[] {
    return list.flatMap(
        (item, index) => sectionAt(report, `${path}[${index}]`, item, "a device", keys.all) ?? [],
    );
}
