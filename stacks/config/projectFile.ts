import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from "fs";
import * as path from "path";

/** How large a file that the configuration names may be, and how messages call such a file. */
export interface FileLimit {
    readonly bytes: number;
    /** The bound in words: `64 KiB`. */
    readonly size: string;
    readonly kind: string;
    /** What to do with a larger one. */
    readonly remedy: string;
}

/** A certificate, with its chain and OpenSSL's text of it, has some 20 KiB. */
export const pemLimit: FileLimit = {
    bytes: 64 * 1024,
    size: "64 KiB",
    kind: "a certificate or request",
    remedy: "keep only the intended certificate or request in it",
};

/** A million devices by their IDs have some 20 MiB; more than that no hub takes. */
export const tableLimit: FileLimit = {
    bytes: 64 * 1024 * 1024,
    size: "64 MiB",
    kind: "a list of devices",
    remedy: "split it into several files, and name them all",
};

/** The bytes of a file, or why they are not read. */
export type FileReading =
    | { readonly content: Buffer }
    | { readonly content?: undefined; readonly rule: string; readonly remedy: string };

/**
 * Reads a file of the project. Whoever may propose a change of the configuration does not thereby get to see what else
 * the machine that deploys can read, nor to hold its run up: the file must lie below the project's folder, links followed,
 * and be a regular file of a bounded size.
 *
 * @param folder the project's folder
 * @param file absolute
 * @param remedy what to do when the file is not there
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

/** Undefined when the file is larger. */
function readAtMost(file: string, bytes: number): Buffer | undefined {
    // Should the file be swapped for a pipe or a link after it was looked at, opening it neither waits nor follows.
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
