import { open, stat } from "fs/promises";
import type { IssuedRecord, ToldRecord } from "./audit";

/**
 * The certificates in an audit log whose devices' twins have yet to be told of them: of each device the last one, unless it has
 * expired. What is no regular file, such as a pipe, has none.
 *
 * @throws Error when the file cannot be read
 */
export async function readUntold(file: string, now: Date): Promise<readonly IssuedRecord[]> {
    if (!(await stat(file)).isFile()) {
        return [];
    }
    const handle = await open(file);
    const last = new Map<string, IssuedRecord>();
    for await (const line of handle.readLines()) {
        const record = parsed(line);
        if (record?.event === "issued") {
            last.set(record.device, record);
        }
        if (record?.event === "told" && last.get(record.device)?.thumbprint === record.thumbprint) {
            last.delete(record.device);
        }
    }
    return [...last.values()].filter(
        ({ untold, notAfter }) => untold !== undefined && Date.parse(notAfter) > now.getTime(),
    );
}

/** Undefined: no line of the audit log, but perhaps of the service's log, which a container's output has among them. */
function parsed(line: string): IssuedRecord | ToldRecord | undefined {
    try {
        const record = JSON.parse(line) as IssuedRecord | ToldRecord | null;
        return record?.event === "issued" || record?.event === "told" ? record : undefined;
    } catch {
        return undefined;
    }
}
