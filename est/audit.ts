import { FileHandle, open } from "fs/promises";
import type { Marks } from "./marks";

/** What a device's twin has yet to be told of a certificate. */
export interface Untold {
    readonly marks: Marks;
    /** Whether no hub has the device yet; nothing else remembers that its credential was used. */
    readonly isFirst: boolean;
}

/** One issued certificate, a line of the audit log. */
export interface IssuedRecord {
    /** ISO 8601. */
    readonly at: string;
    readonly event: "issued";
    readonly device: string;
    readonly group: string;
    /** `<group>-g<generation>`. */
    readonly issuer: string;
    /** What it was issued for. */
    readonly by: "certificate" | "bootstrap" | "secret";
    /** Upper-case hex. */
    readonly serial: string;
    /** SHA-256, upper-case hex. */
    readonly thumbprint: string;
    /** The certificate that asked; null: a first certificate. */
    readonly renewed: string | null;
    /** ISO 8601. */
    readonly notAfter: string;
    /** PEM of the leaf. */
    readonly certificate: string;
    /** Absent: the device's twin has it. */
    readonly untold?: Untold;
}

/** The twin of a device was told what it had yet to be told of a certificate. */
export interface ToldRecord {
    /** ISO 8601. */
    readonly at: string;
    readonly event: "told";
    readonly device: string;
    /** SHA-256, upper-case hex. */
    readonly thumbprint: string;
}

/** How each line begins. */
const beginning = '{"at":"';
/** No line is longer. */
const longestLine = 64 * 1024;

/** What was issued, as JSON lines. A line is on the disk before the device gets its certificate. */
export class AuditLog {
    private waiting: { readonly line: string; readonly done: (error?: Error) => void }[] = [];
    private isWriting = false;

    private constructor(private readonly file: FileHandle | undefined) {}

    /** Lines go to standard output, for whoever collects the logs of a container. */
    static toOutput(): AuditLog {
        return new AuditLog(undefined);
    }

    /**
     * Goes on with a file. A last line that is cut off, because the service was killed or the disk was full, is removed: its
     * certificate was never sent, and the next line would not be one.
     *
     * @throws Error when the file cannot be written, or ends with something else
     */
    static async open(file: string): Promise<AuditLog> {
        const handle = await open(file, "a+", 0o600);
        try {
            await cutLastLine(handle);
            return new AuditLog(handle);
        } catch (error) {
            await handle.close();
            throw error;
        }
    }

    /** Resolves when the line is on the disk; lines that come together share one write. */
    write(record: IssuedRecord | ToldRecord): Promise<void> {
        return new Promise((resolve, reject) => {
            const done = (error?: Error): void => (error === undefined ? resolve() : reject(error));
            this.waiting.push({ line: `${JSON.stringify(record)}\n`, done });
            if (!this.isWriting) {
                void this.drain();
            }
        });
    }

    async close(): Promise<void> {
        await this.file?.close();
    }

    private async drain(): Promise<void> {
        this.isWriting = true;
        while (this.waiting.length > 0) {
            const batch = this.waiting;
            this.waiting = [];
            try {
                await this.put(batch.map(({ line }) => line).join(""));
                batch.forEach(({ done }) => done());
            } catch (error) {
                batch.forEach(({ done }) => done(error as Error));
                await (this.file && cutLastLine(this.file).catch(() => undefined));
            }
        }
        this.isWriting = false;
    }

    private async put(lines: string): Promise<void> {
        if (this.file !== undefined) {
            await this.file.appendFile(lines);
            await this.file.datasync();
            return;
        }
        await new Promise<void>((resolve, reject) =>
            process.stdout.write(lines, (error) => (error ? reject(error) : resolve())),
        );
    }
}

/** Removes what follows the last whole line. */
async function cutLastLine(file: FileHandle): Promise<void> {
    const found = await file.stat();
    const length = Math.min(found.size, longestLine);
    if (!found.isFile() || length === 0) {
        return;
    }
    const start = found.size - length;
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, start);
    const end = buffer.lastIndexOf("\n") + 1;
    const rest = buffer.toString("utf8", end, end + beginning.length);
    if (!beginning.startsWith(rest) || (end === 0 && start > 0)) {
        throw new Error("it ends with something that is no line of an audit log");
    }
    if (end < length) {
        await file.truncate(start + end);
    }
}
