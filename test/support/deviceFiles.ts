import { execFileSync } from "child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";

/** What a device has and the program is given, made by the OpenSSL command line as on a device. */

/** A device's own key with the request that it hands out, both PEM. */
export interface DeviceRequest {
    readonly keyPem: string;
    readonly csrPem: string;
}

/** A key with a certificate that it signed itself, both PEM. */
export interface OwnCertificate {
    readonly keyPem: string;
    readonly certificatePem: string;
    /** SHA-256, as `openssl x509 -fingerprint` prints it: hex with colons. */
    readonly fingerprint: string;
}

const p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

export function deviceRequest(deviceId: string): DeviceRequest {
    return inFolder((folder) => {
        const files = ["-keyout", "key.pem", "-out", "request.pem"];
        openssl(folder, "req", "-new", ...p256, "-subj", `/CN=${deviceId}`, ...files);
        return { keyPem: read(folder, "key.pem"), csrPem: read(folder, "request.pem") };
    });
}

export function ownCertificate(deviceId: string): OwnCertificate {
    return inFolder((folder) => {
        const files = ["-keyout", "key.pem", "-out", "own.pem"];
        openssl(
            folder,
            "req",
            "-x509",
            "-days",
            "30",
            ...p256,
            "-subj",
            `/CN=${deviceId}`,
            ...files,
        );
        const shown = openssl(
            folder,
            "x509",
            "-in",
            "own.pem",
            "-noout",
            "-fingerprint",
            "-sha256",
        );
        return {
            keyPem: read(folder, "key.pem"),
            certificatePem: read(folder, "own.pem"),
            fingerprint: shown.trim().replace(/^.*=/, ""),
        };
    });
}

/**
 * Judges a chain (leaf first) as `openssl verify -x509_strict -purpose sslclient` does: key identifiers, usages,
 * constraints, dates, signatures.
 *
 * @throws Error with OpenSSL's words when it does not hold
 */
export function verifyClientChain(rootPem: string, chainPem: string): void {
    inFolder((folder) => {
        const [leaf, ...issuers] = certificatesOf(chainPem);
        writeFileSync(path.join(folder, "leaf.pem"), leaf);
        writeFileSync(path.join(folder, "issuers.pem"), issuers.join("\n"));
        writeFileSync(path.join(folder, "root.pem"), rootPem);
        const trust = ["-CAfile", "root.pem", "-untrusted", "issuers.pem"];
        openssl(folder, "verify", "-x509_strict", "-purpose", "sslclient", ...trust, "leaf.pem");
    });
}

/** The certificates of a PEM text, one text each. */
export function certificatesOf(pem: string): string[] {
    return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function openssl(folder: string, ...args: string[]): string {
    return execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
}

function read(folder: string, name: string): string {
    return readFileSync(path.join(folder, name), "utf8");
}

function inFolder<T>(work: (folder: string) => T): T {
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-device-"));
    try {
        return work(folder);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
