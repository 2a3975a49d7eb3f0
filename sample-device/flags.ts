import { X509Certificate } from "crypto";
import { existsSync, readFileSync } from "fs";
import { parseArgs } from "util";
import type { CredentialFiles, Credentials } from "./credentialFiles";
import type { EstService, Proof } from "./estClient";

export const usage = `Usage: device.ts --certificate FILE --key FILE [--connection-string TEXT] [--id-scope TEXT]
                 [--count N] [--interval SECONDS] [--est URL --group NAME [options of renewal]]

  --certificate        PEM: the device's certificate, then its intermediates, without the root
  --key                PEM: the device's private key
  --connection-string  HostName=…;DeviceId=…;x509=true
  --id-scope           of the provisioning service, for example 0ne00A1B2C3; with a connection
                       string, it is used when the hub refuses the device
  --count              number of messages to send (default: unlimited)
  --interval           seconds between messages (default 5)
  --help               show this text

Renewal: before a message, when it is time, the device makes a new key, gets a certificate from an EST service (RFC 7030),
and connects with it; only then it replaces both files.

  --est                https://HOST:PORT of the service
  --group              the device's group
  --est-ca             PEM: the CA of the service's own certificate (default: the CAs that Node.js trusts)
  --renew-at           share of the certificate's life after which it is renewed (default 0.7); each
                       device waits up to 0.05 longer, so that not all renew at once
  --retry              seconds until a failed renewal is tried again, twice as long each time (default 60)

The first certificate, or one after the end of the present one, by one of:

  --secret-file        a file with a one-time secret; needs --device-id or a connection string
  --bootstrap-certificate, --bootstrap-key
                       PEM: a certificate of the manufacturer and its key
  --device-id          the device's ID, if nothing else names it

Exit status: 0 if all messages were sent, 1 if it could not connect or got no certificate, 2 if an argument is wrong.
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
    readonly deviceId: string | undefined;
    /** Undefined: the device does not renew. */
    readonly est: RenewalFlags | undefined;
    readonly secretFile: string | undefined;
    readonly bootstrapCertificateFile: string | undefined;
    readonly bootstrapKeyFile: string | undefined;
}

interface RenewalFlags {
    readonly service: EstService;
    /** Of a certificate's life, above 0 and below 1. */
    readonly share: number;
    readonly pauseSeconds: number;
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
            "device-id": { type: "string" },
            est: { type: "string" },
            group: { type: "string" },
            "est-ca": { type: "string" },
            "renew-at": { type: "string", default: "0.7" },
            retry: { type: "string", default: "60" },
            "secret-file": { type: "string" },
            "bootstrap-certificate": { type: "string" },
            "bootstrap-key": { type: "string" },
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
    const bootstrap = {
        secretFile: values["secret-file"],
        bootstrapCertificateFile: values["bootstrap-certificate"],
        bootstrapKeyFile: values["bootstrap-key"],
    };
    checkBootstrap(bootstrap, values.est);
    return {
        connectionString,
        idScope,
        certificateFile: certificate,
        keyFile: key,
        count: values.count === undefined ? Infinity : readNumber("--count", values.count, /^\d+$/),
        intervalSeconds: readNumber("--interval", values.interval, decimal),
        deviceId: values["device-id"],
        est: readRenewal(values.est, values.group, values["est-ca"], {
            share: readShare("--renew-at", values["renew-at"]),
            pauseSeconds: readNumber("--retry", values.retry, decimal),
        }),
        ...bootstrap,
    };
}

const decimal = /^\d+(\.\d+)?$/;

function readRenewal(
    url: string | undefined,
    group: string | undefined,
    caFile: string | undefined,
    rest: Omit<RenewalFlags, "service">,
): RenewalFlags | undefined {
    if ((url === undefined) !== (group === undefined)) {
        throw new Error("--est and --group belong together: set both, or neither");
    }
    if (url === undefined || group === undefined) {
        return undefined;
    }
    if (!URL.canParse(url) || !/^https:\/\/[^/?#@]+\/?$/.test(url)) {
        throw new Error(`--est "${url}" must be https://HOST:PORT, without a path`);
    }
    if (!/^[A-Za-z0-9._-]+$/.test(group)) {
        throw new Error(
            `--group "${group}" must be the name of a group, without spaces or slashes`,
        );
    }
    const caPem = caFile === undefined ? undefined : readText("--est-ca", caFile);
    if (caPem !== undefined) {
        check(`--est-ca ${caFile} contains no PEM certificate`, () => new X509Certificate(caPem));
    }
    return { service: { url, group, caPem }, ...rest };
}

type BootstrapFlags = Pick<Flags, "secretFile" | "bootstrapCertificateFile" | "bootstrapKeyFile">;

function checkBootstrap(
    { secretFile, bootstrapCertificateFile, bootstrapKeyFile }: BootstrapFlags,
    url: string | undefined,
): void {
    if ((bootstrapCertificateFile === undefined) !== (bootstrapKeyFile === undefined)) {
        throw new Error("--bootstrap-certificate and --bootstrap-key belong together: set both");
    }
    if (secretFile !== undefined && bootstrapCertificateFile !== undefined) {
        throw new Error("--secret-file and --bootstrap-certificate are two ways: choose one");
    }
    if (url === undefined && (secretFile ?? bootstrapCertificateFile) !== undefined) {
        throw new Error("a first certificate comes from an EST service: name it in --est");
    }
}

function readShare(flag: string, given: string): number {
    const share = readNumber(flag, given, decimal);
    if (share <= 0 || share >= 1) {
        throw new Error(`${flag} "${given}" must be above 0 and below 1, for example 0.7`);
    }
    return share;
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

/** Reads the files again each time, because they may have been renewed. @throws Error that names the file */
export function readCredentials(
    files: CredentialFiles,
    { certificateFile }: Pick<Flags, "certificateFile">,
): Credentials {
    const found = files.read();
    if (found === undefined) {
        throw new Error(`--certificate ${certificateFile}: the file does not exist`);
    }
    return found;
}

/**
 * What the first certificate is asked for with; undefined: nothing, or a one-time secret that is gone and not needed.
 *
 * @param isNeeded whether the device has no certificate yet
 * @throws Error that names the flag
 */
export function readBootstrap(flags: Flags, isNeeded: boolean): Proof | undefined {
    const { secretFile, bootstrapCertificateFile, bootstrapKeyFile } = flags;
    if (bootstrapCertificateFile !== undefined && bootstrapKeyFile !== undefined) {
        return {
            chainPem: readText("--bootstrap-certificate", bootstrapCertificateFile),
            keyPem: readText("--bootstrap-key", bootstrapKeyFile),
        };
    }
    if (secretFile === undefined || (!isNeeded && !existsSync(secretFile))) {
        return undefined;
    }
    const user = namedDevice(flags);
    if (user === undefined) {
        throw new Error("--secret-file needs the device's ID: set --device-id");
    }
    return { user, password: readText("--secret-file", secretFile).replace(/\r?\n$/, "") };
}

/** The device that the arguments name; undefined: its certificate does. */
export function namedDevice({ connectionString, deviceId }: Flags): string | undefined {
    return /(?:^|;)DeviceId=([^;]+)/.exec(connectionString ?? "")?.[1] ?? deviceId;
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
