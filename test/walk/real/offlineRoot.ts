import { execFileSync } from "child_process";
import { mkdirSync, writeFileSync } from "fs";
import * as path from "path";

/** The machine that has the root's key, and the OpenSSL command line as docs/operations.md shows it. */
export class OfflineRoot {
    /** @param folder the machine's own; it must exist */
    constructor(
        private readonly folder: string,
        private readonly project: string,
    ) {
        mkdirSync(path.join(project, "pki"), { recursive: true });
    }

    private isMade = false;

    /** Brings the root's certificate to the project, as pki/root.pem. */
    async writeCertificate(): Promise<void> {
        if (!this.isMade) {
            this.openssl(
                ...[
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                ],
                ...["-sha256", "-days", "3650", "-keyout", "root.key", "-out", "root.pem"],
                ...["-subj", "/O=MyOrg/CN=Walk Offline Root"],
                ...["-addext", "basicConstraints=critical,CA:TRUE,pathlen:1"],
                ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
            );
            this.isMade = true;
        }
        execFileSync("cp", ["root.pem", this.inProject("root.pem")], { cwd: this.folder });
    }

    /** Signs an intermediate's request; the certificate goes to the project, as pki/NAME.pem. */
    signRequest(name: string, requestPem: string, days: number): void {
        writeFileSync(path.join(this.folder, "request.pem"), requestPem);
        writeFileSync(
            path.join(this.folder, "ca.ext"),
            "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n" +
                "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
        );
        this.openssl(
            ...["x509", "-req", "-in", "request.pem", "-CA", "root.pem", "-CAkey", "root.key"],
            ...["-CAcreateserial", "-days", String(days), "-sha256", "-extfile", "ca.ext"],
            ...["-out", this.inProject(`${name}.pem`)],
        );
    }

    /** Signs the proof of possession for a verification code, as pki/proof.pem. */
    signProof(code: string): void {
        const files = ["-keyout", "proof.key", "-out", "proof.csr"];
        const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        this.openssl("req", "-new", ...key, ...files, "-subj", `/CN=${code}`);
        this.openssl(
            ...["x509", "-req", "-in", "proof.csr", "-CA", "root.pem", "-CAkey", "root.key"],
            ...["-CAcreateserial", "-days", "1", "-sha256", "-out", this.inProject("proof.pem")],
        );
    }

    private inProject(name: string): string {
        return path.join(this.project, "pki", name);
    }

    private openssl(...args: string[]): void {
        execFileSync("openssl", args, { cwd: this.folder, stdio: "pipe" });
    }
}
