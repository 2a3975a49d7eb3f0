import { createPrivateKey, X509Certificate } from "crypto";
import { readFileSync } from "fs";
import { parseArgs } from "util";

export const usage = `Usage: device.ts --certificate FILE --key FILE [--connection-string TEXT] [--id-scope TEXT]
                 [--count N] [--interval SECONDS]

  --certificate        PEM: the device's certificate, then its intermediates, without the root
  --key                PEM: the device's private key
  --connection-string  HostName=…;DeviceId=…;x509=true
  --id-scope           of the provisioning service, for example 0ne00A1B2C3; with a connection
                       string, it is used when the hub refuses the device
  --count              number of messages to send (default: unlimited)
  --interval           seconds between messages (default 5)
  --help               show this text

Exit status: 0 if all messages were sent, 1 if it could not connect, 2 if an argument is wrong.
`;

export interface Flags {
    /** At least one of connection string and ID scope is set. */
    readonly connectionString: string | undefined;
    readonly idScope: string | undefined;
    readonly certificateFile: string;
    readonly keyFile: string;
    /** Infinity: no limit. */
    readonly count: number;
    readonly intervalSeconds: number;
}

/** @returns undefined when help is requested; @throws Error that names the flag, the rule and the remedy */
export function readFlags(args: readonly string[]): Flags | undefined {
    const { values } = parseArgs({
        args: [...args],
        options: {
            "connection-string": { type: "string" },
            "id-scope": { type: "string" },
            certificate: { type: "string" },
            key: { type: "string" },
            count: { type: "string" },
            interval: { type: "string", default: "5" },
            help: { type: "boolean", default: false },
        },
    });
    if (values.help) {
        return undefined;
    }
    const { "connection-string": connectionString, "id-scope": idScope, certificate, key } = values;
    if (connectionString === undefined && idScope === undefined) {
        throw new Error(
            "set --connection-string to name the hub, or --id-scope to ask the provisioning service for it",
        );
    }
    if (certificate === undefined || key === undefined) {
        throw new Error("--certificate and --key are required");
    }
    if (connectionString !== undefined) {
        checkConnectionString(connectionString);
    }
    return {
        connectionString,
        idScope,
        certificateFile: certificate,
        keyFile: key,
        count: values.count === undefined ? Infinity : readNumber("--count", values.count, /^\d+$/),
        intervalSeconds: readNumber("--interval", values.interval, /^\d+(\.\d+)?$/),
    };
}

function readNumber(flag: string, given: string, pattern: RegExp): number {
    if (!pattern.test(given)) {
        throw new Error(`${flag} "${given}" is not a number`);
    }
    return Number(given);
}

/** The text itself is not shown: an invalid one may contain a key. */
function checkConnectionString(text: string): void {
    const missing = ["HostName", "DeviceId"].filter(
        (name) => !new RegExp(`(^|;)${name}=[^;]`).test(text),
    );
    if (missing.length > 0) {
        throw new Error(
            `--connection-string has no ${missing.join(" and no ")}; it must be HostName=…;DeviceId=…;x509=true`,
        );
    }
    if (/(^|;)SharedAccessKey=/.test(text) || !/(^|;)x509=true(;|$)/.test(text)) {
        throw new Error(
            "--connection-string is not for an X.509 device; it must be HostName=…;DeviceId=…;x509=true, without a key",
        );
    }
}

/** Certificate and key in PEM. */
export interface Credentials {
    readonly chainPem: string;
    readonly keyPem: string;
}

/** Reads the files again each time, because they may have been renewed. @throws Error that names the file */
export function readCredentials({ certificateFile, keyFile }: Flags): Credentials {
    const chainPem = readText("--certificate", certificateFile);
    const keyPem = readText("--key", keyFile);
    check(`--certificate ${certificateFile} contains no PEM certificate`, () => {
        return new X509Certificate(chainPem);
    });
    check(`--key ${keyFile} contains no PEM private key without a passphrase`, () => {
        return createPrivateKey(keyPem);
    });
    return { chainPem, keyPem };
}

function readText(flag: string, file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const known = { ENOENT: "the file does not exist", EACCES: "permission denied" };
        throw new Error(`${flag} ${file}: ${known[code as keyof typeof known] ?? message}`);
    }
}

function check(problem: string, read: () => unknown): void {
    try {
        read();
    } catch {
        throw new Error(problem);
    }
}
