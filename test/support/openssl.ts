import { execFile } from "child_process";
import { promises as fs } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";

/** A certificate with its private key, both PEM. */
export interface Pair {
    readonly certificate: string;
    readonly key: string;
}

export interface Wanted {
    /** Default 30; -1 makes one that has expired. */
    readonly days?: number;
    /** Lines of an OpenSSL extension section, e.g. `basicConstraints=CA:FALSE`. None: an X.509 version 1 certificate. */
    readonly extensions?: readonly string[];
}

const caExtensions = [
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
];

/** Certificates made by the OpenSSL command line, EC P-256. */
export class OpenSsl {
    private constructor(private readonly folder: string) {}

    static async create(): Promise<OpenSsl> {
        return new OpenSsl(await fs.mkdtemp(path.join(tmpdir(), "iot-x509-openssl-")));
    }

    async remove(): Promise<void> {
        await fs.rm(this.folder, { recursive: true, force: true });
    }

    /** A self-signed CA, unless `wanted.extensions` says otherwise. */
    selfSigned(commonName: string, wanted: Wanted = {}): Promise<Pair> {
        return this.make(commonName, undefined, { extensions: caExtensions, ...wanted });
    }

    /** A leaf of `issuer`, by default without extensions, as a proof of possession is usually made. */
    issued(commonName: string, issuer: Pair, wanted: Wanted = {}): Promise<Pair> {
        return this.make(commonName, issuer, wanted);
    }

    /** An intermediate CA of `issuer`. */
    intermediate(commonName: string, issuer: Pair): Promise<Pair> {
        return this.make(commonName, issuer, { extensions: caExtensions });
    }

    /** The DER of a PEM certificate. */
    async der(certificate: string): Promise<Buffer> {
        await this.write("in.pem", certificate);
        await this.run("x509", "-in", "in.pem", "-outform", "DER", "-out", "out.der");
        return fs.readFile(path.join(this.folder, "out.der"));
    }

    private async make(
        commonName: string,
        issuer: Pair | undefined,
        { days = 30, extensions = [] }: Wanted,
    ): Promise<Pair> {
        const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        const files = ["-keyout", "key.pem", "-out", "csr.pem"];
        await this.run("req", "-new", "-nodes", ...curve, ...files, "-subj", `/CN=${commonName}`);
        const signer = ["-signkey", "key.pem"];
        if (issuer !== undefined) {
            await this.write("issuer.pem", issuer.certificate);
            await this.write("issuer.key", issuer.key);
            signer.splice(0, 2, "-CA", "issuer.pem", "-CAkey", "issuer.key", "-CAcreateserial");
        }
        if (extensions.length > 0) {
            await this.write("extensions", extensions.join("\n") + "\n");
            signer.push("-extfile", "extensions");
        }
        const output = ["-days", String(days), "-sha256", "-out", "certificate.pem"];
        await this.run("x509", "-req", "-in", "csr.pem", ...signer, ...output);
        return {
            certificate: await fs.readFile(path.join(this.folder, "certificate.pem"), "utf8"),
            key: await fs.readFile(path.join(this.folder, "key.pem"), "utf8"),
        };
    }

    private write(name: string, text: string): Promise<void> {
        return fs.writeFile(path.join(this.folder, name), text, { mode: 0o600 });
    }

    private async run(...args: string[]): Promise<void> {
        await promisify(execFile)("openssl", args, { cwd: this.folder });
    }
}
