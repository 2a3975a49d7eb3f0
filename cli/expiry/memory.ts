import { createHash } from "crypto";
import { existsSync, readFileSync } from "fs";
import { writePrivateFile } from "../privateFile";
import { StackFileError } from "../stackFiles/planConfig";
import { Expiring, subjectOf } from "./bands";

/** How long alerts about a certificate that no longer exists are remembered, in milliseconds. */
const longest = 400 * 24 * 3600 * 1000;

/** When each alert was sent, by its subject. */
type Sent = Record<string, string>;

interface MemoryFile {
    readonly version: 1;
    /** By receiver. */
    readonly sent: Record<string, Sent>;
}

/**
 * What each webhook has already received, in a file for the next run. The file contains no addresses, because a webhook's
 * address is often its password, too.
 */
export class Memory {
    private constructor(
        private readonly path: string,
        private readonly sent: Record<string, Sent>,
    ) {}

    /** @throws StackFileError if the file is something else */
    static read(path: string): Memory {
        if (!existsSync(path)) {
            return new Memory(path, {});
        }
        try {
            const { version, sent } = JSON.parse(readFileSync(path, "utf8")) as MemoryFile;
            if (version === 1 && typeof sent === "object") {
                return new Memory(path, sent);
            }
        } catch {
            // Reported below.
        }
        throw new StackFileError(
            `--memory ${path}: not a file that this command wrote — name another one, or delete it: then what is in a band is sent again`,
        );
    }

    isSent(address: string, alert: Expiring): boolean {
        return Object.hasOwn(this.of(address), keyOf(alert));
    }

    /** Remembers sent alerts, also on disk. */
    keep(address: string, alerts: readonly Expiring[], now: Date): void {
        const sent = this.of(address);
        for (const [key, time] of Object.entries(sent)) {
            if (now.getTime() - Date.parse(time) > longest) {
                delete sent[key];
            }
        }
        for (const alert of alerts) {
            sent[keyOf(alert)] = now.toISOString();
        }
        this.sent[receiver(address)] = sent;
        this.write();
    }

    private of(address: string): Sent {
        return this.sent[receiver(address)] ?? {};
    }

    /** As a whole: after half a write, everything would be sent again. */
    private write(): void {
        const file: MemoryFile = { version: 1, sent: this.sent };
        try {
            writePrivateFile(this.path, `${JSON.stringify(file, undefined, 2)}\n`);
        } catch (error) {
            throw new StackFileError(
                `--memory ${this.path}: cannot be written: ${(error as Error).message}`,
            );
        }
    }
}

function receiver(address: string): string {
    return createHash("sha256").update(address).digest("hex").slice(0, 32);
}

function keyOf({ row, band }: Expiring): string {
    return `${subjectOf(row)}/${band}`;
}
