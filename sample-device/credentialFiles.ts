import { createPrivateKey, X509Certificate } from "crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "fs";
import { isKeyOf } from "./diagnosis";

/** Certificate and key in PEM. */
export interface Credentials {
    /** Leaf first. */
    readonly chainPem: string;
    readonly keyPem: string;
}

/**
 * Certificate and key of a device, and beside them (`.new`) those that are to replace them. At every moment there is a pair
 * that belongs together, also when the power fails:
 *
 * 1. the new key is written before a certificate is asked for, so that after a lost answer the same key asks again;
 * 2. the new certificate is written beside it;
 * 3. once it was accepted, first the key, then the certificate takes the place of the old one. In between, the new
 *    certificate belongs to the key, and {@link read} finishes the replacement.
 */
export class CredentialFiles {
    constructor(
        private readonly certificateFile: string,
        private readonly keyFile: string,
    ) {}

    /** Undefined: there is no certificate. @throws Error that names the file */
    read(): Credentials | undefined {
        this.finishReplacement();
        const chainPem = readIfThere("--certificate", this.certificateFile);
        if (chainPem === undefined) {
            return undefined;
        }
        const keyPem = readIfThere("--key", this.keyFile);
        if (keyPem === undefined) {
            throw new Error(`--key ${this.keyFile}: the file does not exist`);
        }
        check(`--certificate ${this.certificateFile} contains no PEM certificate`, () => {
            return new X509Certificate(chainPem);
        });
        check(`--key ${this.keyFile} contains no PEM private key without a passphrase`, () => {
            return createPrivateKey(keyPem);
        });
        return { chainPem, keyPem };
    }

    /** The key that the next certificate is for, if one was asked for. */
    readNewKey(): string | undefined {
        const keyPem = readIfThere("--key", newOf(this.keyFile));
        return keyPem !== undefined && isKey(keyPem) ? keyPem : undefined;
    }

    /** What was issued, and has not replaced the present certificate yet. */
    readNew(): Credentials | undefined {
        const keyPem = this.readNewKey();
        const chainPem = readIfThere("--certificate", newOf(this.certificateFile));
        return keyPem !== undefined && chainPem !== undefined && belongs(keyPem, chainPem)
            ? { chainPem, keyPem }
            : undefined;
    }

    writeNewKey(keyPem: string): void {
        writeDurably(newOf(this.keyFile), keyPem, 0o600);
    }

    writeNewCertificate(chainPem: string): void {
        writeDurably(newOf(this.certificateFile), chainPem, 0o644);
    }

    /** The new pair takes the place of the present one. */
    replace(): void {
        renameSync(newOf(this.keyFile), this.keyFile);
        renameSync(newOf(this.certificateFile), this.certificateFile);
    }

    /** The new key stays, for another certificate. */
    dropNewCertificate(): void {
        rmSync(newOf(this.certificateFile), { force: true });
    }

    dropNew(): void {
        this.dropNewCertificate();
        rmSync(newOf(this.keyFile), { force: true });
    }

    private finishReplacement(): void {
        const keyPem = readIfThere("--key", this.keyFile);
        const waiting = readIfThere("--certificate", newOf(this.certificateFile));
        if (keyPem !== undefined && waiting !== undefined && belongs(keyPem, waiting)) {
            renameSync(newOf(this.certificateFile), this.certificateFile);
        }
    }
}

function newOf(file: string): string {
    return `${file}.new`;
}

function belongs(keyPem: string, chainPem: string): boolean {
    try {
        return isKeyOf(keyPem, new X509Certificate(chainPem));
    } catch {
        return false;
    }
}

function isKey(text: string): boolean {
    try {
        return createPrivateKey(text).type === "private";
    } catch {
        return false;
    }
}

/** On the disk before it has its name, and never readable for others if it is a key. */
function writeDurably(file: string, text: string, mode: number): void {
    const temporary = `${file}.part`;
    rmSync(temporary, { force: true });
    const descriptor = openSync(temporary, "wx", mode);
    try {
        writeSync(descriptor, text);
        fsyncSync(descriptor);
    } finally {
        closeSync(descriptor);
    }
    renameSync(temporary, file);
}

function readIfThere(flag: string, file: string): string | undefined {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === "ENOENT") {
            return undefined;
        }
        throw new Error(`${flag} ${file}: ${code === "EACCES" ? "permission denied" : message}`);
    }
}

function check(problem: string, read: () => unknown): void {
    try {
        read();
    } catch {
        throw new Error(problem);
    }
}
