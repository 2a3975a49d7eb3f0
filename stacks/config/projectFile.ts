import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from "fs";
import * as path from "path";

/** The maximum size of a file that the configuration names, and the term for such a file in messages. */
export interface FileLimit {
    readonly bytes: number;
    /** The limit as text: `64 KiB`. */
    readonly size: string;
    readonly kind: string;
    /** What to do with a larger file. */
    readonly remedy: string;
}

/** A certificate with its chain and OpenSSL's text form takes about 20 KiB. */
export const pemLimit: FileLimit = {
    bytes: 64 * 1024,
    size: "64 KiB",
    kind: "a certificate or request",
    remedy: "keep only the intended certificate or request in it",
};

/** The IDs of a million devices take about 20 MiB; no hub accepts more devices. */
export const tableLimit: FileLimit = {
    bytes: 64 * 1024 * 1024,
    size: "64 MiB",
    kind: "a list of devices",
    remedy: "split it into several files, and name them all",
};

/** The bytes of a file, or why it was not read. */
export type FileReading =
    | { readonly content: Buffer }
    | { readonly content?: undefined; readonly rule: string; readonly remedy: string };

/**
 * Reads a file of the project. Proposing a configuration change must not be a way to see what else the deploying machine
 * can read, or to stall its run: the file must be below the project's folder after links are resolved, and be a regular
 * file of limited size.
 *
 * @param folder the project's folder
 * @param file absolute path
 * @param remedy what to do if the file does not exist
 */
export function readProjectFile(
    folder: string,
    file: string,
    limit: FileLimit,
    remedy: string,
): FileReading {
    const shown = path.relative(folder, file) || ".";
    try {
        const real = realpathSync.native(file);
        if (!isBelow(realpathSync.native(folder), real)) {
            return {
                rule: "a file must be in the project's folder, and no link may lead out of it",
                remedy: "copy the file into the project's folder, and name the copy",
            };
        }
        const kind = lstatSync(real);
        if (kind.isDirectory()) {
            return { rule: "must be a file, not a folder", remedy: `name the file in ${shown}` };
        }
        if (!kind.isFile()) {
            return {
                rule: "must be a regular file, not a pipe, socket or device",
                remedy: "save the content in a file, and name that",
            };
        }
        const content = readAtMost(real, limit.bytes);
        return content === undefined
            ? { rule: `${limit.kind} must have at most ${limit.size}`, remedy: limit.remedy }
            : { content };
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "ENOENT"
            ? { rule: `the file ${shown} must exist`, remedy }
            : {
                  rule: `the file ${shown} must be readable`,
                  remedy: "check its path and its permissions",
              };
    }
}

function isBelow(folder: string, file: string): boolean {
    const relative = path.relative(folder, file);
    return relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

/** Undefined if the file is larger. */
function readAtMost(file: string, bytes: number): Buffer | undefined {
    // If the file is replaced by a pipe or a link after the check, opening it neither blocks nor follows the link.
    const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
    const descriptor = openSync(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    try {
        const { size } = fstatSync(descriptor);
        if (size > bytes) {
            return undefined;
        }
        const content = Buffer.alloc(size);
        let filled = 0;
        let read = 1;
        while (read > 0 && filled < size) {
            read = readSync(descriptor, content, filled, size - filled, null);
            filled += read;
        }
        return content.subarray(0, filled);
    } finally {
        closeSync(descriptor);
    }
}
