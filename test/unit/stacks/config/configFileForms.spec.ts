import { strict as assert } from "assert";
import { spawnSync } from "child_process";
import { gzipSync } from "zlib";
import { inspectCertificate } from "../../../../components/x509/inspectCertificate";
import { inspectCsr } from "../../../../components/x509/csr";
import { Finding } from "../../../../components/x509/pem";
import { makeCertificates, makeKeys, makeRequests } from "./configFileSamples";
import { ProjectFolder } from "./configSupport";

type Write = (pem: string) => string | Buffer;

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const dense = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, "");
const relabelled =
    (from: string, to: string): Write =>
    (pem) =>
        pem.split(from).join(to);

/** Forms that both kinds of file come in. */
const forms: Record<string, Write> = {
    "UTF-8 with a byte order mark": (pem) => `\ufeff${pem}`,
    "UTF-16 of PowerShell": (pem) => utf16(`\ufeff${pem.replace(/\n/g, "\r\n")}`),
    "UTF-16, big endian": (pem) => utf16(`\ufeff${pem}`).swap16(),
    "UTF-16 without a mark": (pem) => utf16(pem),
    "Latin-1 text above": (pem) => Buffer.from(`Prüfstand\n${pem}`, "latin1"),
    "Windows line ends": (pem) => pem.replace(/\n/g, "\r\n"),
    "carriage returns alone": (pem) => pem.replace(/\n/g, "\r"),
    "indented lines and trailing spaces": (pem) => pem.replace(/^/gm, "  ").replace(/\n/g, " \n"),
    "no-break spaces at line ends": (pem) => pem.replace(/\n/g, "\u00a0\n"),
    "lines of 76 characters": (pem) =>
        pem.replace(/-\n([^-]*)\n-/, (_, body: string) => {
            const lines = body.replace(/\s/g, "").match(/.{1,76}/g) ?? [];
            return `-\n${lines.join("\n")}\n-`;
        }),
    "one line of base64": (pem) => pem.replace(/-\n([^-]*)\n-/, (s) => s.replace(/\B\n\B/g, "")),
    "all on one line": (pem) => pem.replace(/\n/g, " "),
    "empty lines": (pem) => pem.replace(/\n/g, "\n\n"),
    "bag attributes of a PKCS#12 export": (pem) =>
        `Bag Attributes\n    localKeyID: 54 69 6D\n    friendlyName: gerät\nsubject=CN = pump-1\n\n${pem}`,
    "base64 without first and last line": dense,
    "base64 without first and last line, in lines": (pem) => pem.replace(/-----[^-]+-----\n?/g, ""),
    "a NUL behind it, from mbedTLS": (pem) => `${pem}\0`,
    "a fixed buffer": (pem) => Buffer.concat([Buffer.from(pem), Buffer.alloc(200)]),
    "the binary form in a fixed buffer": (pem) =>
        Buffer.concat([Buffer.from(dense(pem), "base64"), Buffer.alloc(200)]),
    "the binary form": (pem) => Buffer.from(dense(pem), "base64"),
    "the binary form with a line end behind it": (pem) =>
        Buffer.concat([Buffer.from(dense(pem), "base64"), Buffer.from("\n")]),
};

describe("configuration: forms of PEM and DER files", () => {
    const folder = new ProjectFolder();
    before(() => {
        makeKeys(folder);
        makeCertificates(folder);
        makeRequests(folder);
    });
    after(() => folder.remove());

    const fingerprint = (file: string): string =>
        String(folder.openssl(`x509 -in ${file} -noout -fingerprint -sha256`))
            .trim()
            .split("=")[1]
            .replace(/:/g, "");

    function sameCertificate(content: string | Buffer): void {
        const bytes = Buffer.from(content as string);
        const { facts, findings } = inspectCertificate(bytes, new Date());
        assert.deepEqual(findings, []);
        assert.equal(facts?.sha256Thumbprint, fingerprint("camera.pem"));
        assert.equal(facts?.pem, folder.read("camera.pem"));
    }

    function sameRequest(content: string | Buffer): void {
        const { facts, findings } = inspectCsr(Buffer.from(content as string), "pump-1");
        assert.deepEqual(findings, []);
        assert.equal(facts?.pem, folder.read("good.csr"));
    }

    for (const [name, write] of Object.entries(forms)) {
        it(`read: ${name}`, () => {
            sameCertificate(write(folder.read("camera.pem")));
            sameRequest(write(folder.read("good.csr")));
        });
    }

    it("read: every label of a certificate, and what OpenSSL adds to it", () => {
        folder.openssl(
            "x509 -in camera.pem -trustout -addtrust clientAuth -setalias cam -out trusted.pem",
        );
        assert.match(folder.read("trusted.pem"), /BEGIN TRUSTED CERTIFICATE/);
        assert.equal(fingerprint("trusted.pem"), fingerprint("camera.pem"));
        sameCertificate(folder.read("trusted.pem"));
        sameCertificate(folder.openssl("x509 -in camera.pem -text"));
        sameCertificate(relabelled("CERTIFICATE", "X509 CERTIFICATE")(folder.read("camera.pem")));
    });

    it("read: every label of a request, certutil's too", () => {
        const pem = folder.read("good.csr");
        sameRequest(folder.openssl("req -in good.csr -text"));
        sameRequest(relabelled("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")(pem));
        // certutil -encode writes this label around any file.
        sameRequest(relabelled("CERTIFICATE REQUEST", "CERTIFICATE")(pem));
    });

    it("read: a real PKCS#12 export with its attributes", () => {
        folder.openssl(
            "pkcs12 -export -in camera.pem -inkey ec.key -out all.p12 -passout pass:x -name",
            "Gerät 1",
        );
        const bag = folder.openssl("pkcs12 -in all.p12 -passin pass:x -nokeys -clcerts");
        assert.match(String(bag), /Bag Attributes/);
        sameCertificate(bag);
    });

    const certificateOf = (content: string | Buffer): readonly Finding[] =>
        inspectCertificate(Buffer.from(content as string), new Date()).findings;
    const requestOf = (content: string | Buffer): readonly Finding[] =>
        inspectCsr(Buffer.from(content as string), "pump-1").findings;

    function only(findings: readonly Finding[], value: RegExp, remedy: RegExp): Finding {
        assert.equal(findings.length, 1, JSON.stringify(findings));
        assert.match(findings[0].value, value);
        assert.match(findings[0].remedy, remedy);
        return findings[0];
    }

    /** Runs the command of a remedy by the shell, as a reader would. */
    function follow(remedy: string, command: RegExp, names: Record<string, string>): void {
        let line = command.exec(remedy)?.[0] ?? assert.fail(remedy);
        for (const [placeholder, name] of Object.entries(names)) {
            line = line.split(placeholder).join(name);
        }
        const { status, stderr } = spawnSync("sh", ["-c", line], { cwd: folder.path });
        assert.equal(status, 0, `${line}: ${String(stderr)}`);
    }

    it("a PKCS#7 container: the remedy extracts the certificate", () => {
        folder.openssl("crl2pkcs7 -nocrl -certfile camera.pem -out p7.pem");
        folder.openssl("crl2pkcs7 -nocrl -certfile camera.pem -outform DER -out p7.der");
        for (const file of ["p7.pem", "p7.der"]) {
            const content = folder.openssl(`pkcs7 -in ${file} ${form(file)}-outform ${out(file)}`);
            const { remedy } = only(certificateOf(content), /^a PKCS#7 container$/, /print_certs/);
            follow(remedy, /openssl pkcs7 .*$/, { "FILE.pem": "out.pem", FILE: file });
            sameCertificate(folder.read("out.pem"));
        }
    });
    const form = (file: string): string => (file.endsWith("der") ? "-inform DER " : "");
    const out = (file: string): string => (file.endsWith("der") ? "DER" : "PEM");

    it("a PKCS#12 file, with a key or without: the remedy extracts the certificate", () => {
        for (const keys of ["-nokeys", "-inkey ec.key"]) {
            folder.openssl(`pkcs12 -export -in camera.pem ${keys} -passout pass:x -out one.p12`);
            const content = folder.openssl("pkcs12 -in one.p12 -passin pass:x -nokeys");
            sameCertificate(content);
            const bytes = folder.openssl(`pkcs12 -export -in camera.pem ${keys} -passout pass:x`);
            for (const form of [bytes, bytes.toString("base64")]) {
                const found = [certificateOf(form), requestOf(form)];
                found.forEach(([{ value }]) => assert.equal(value, "a PKCS#12 file (not shown)"));
                const { remedy } = only(found[0], /PKCS#12/, /this one is no longer secret/);
                only(found[1], /PKCS#12/, /openssl req -new/);
                follow(remedy, /openssl pkcs12 [^;]*/, {
                    "FILE.pem": "out.pem",
                    FILE: "one.p12 -passin pass:x",
                });
                sameCertificate(folder.read("out.pem"));
            }
        }
    });

    it("several certificates: the remedy keeps the first", () => {
        folder.join("many.pem", "camera.pem", "root.pem", "field.pem");
        const { remedy } = only(certificateOf(folder.read("many.pem")), /^3 PEM blocks$/, /first/);
        follow(remedy, /openssl x509 .*$/, { "ONE.pem": "one.pem", FILE: "many.pem" });
        sameCertificate(folder.read("one.pem"));
    });

    it("base64 of a PEM file, as in Kubernetes: the remedy decodes it", () => {
        folder.write("twice.pem", Buffer.from(folder.read("camera.pem")).toString("base64"));
        const findings = certificateOf(folder.read("twice.pem"));
        const { remedy } = only(findings, /^base64 of a PEM file$/, /base64 -d/);
        follow(remedy, /base64 -d .*$/, { "FILE.pem": "once.pem", FILE: "twice.pem" });
        sameCertificate(folder.read("once.pem"));
    });

    it("line breaks written as \\n, as in a variable: the remedy restores them", () => {
        folder.write("escaped.pem", folder.read("camera.pem").replace(/\n/g, "\\n"));
        const findings = certificateOf(folder.read("escaped.pem"));
        const { remedy } = only(findings, /^a damaged PEM block: "\\" \(U\+005C\)/, /printf/);
        follow(remedy, /printf .*$/, { "FILE.pem": "broken.pem", FILE: "escaped.pem" });
        sameCertificate(folder.read("broken.pem"));
    });

    it("names invisible characters and those of word processors", () => {
        const pem = folder.read("camera.pem");
        only(
            certificateOf(pem.replace(/\nM/, "\nM\u200b")),
            /block: U\+200B in line 2 of it$/,
            /copy/,
        );
        only(
            certificateOf(pem.replace(/-----/g, "\u2014\u2014-")),
            /^no PEM block: "—" \(U\+2014\) in its first line$/,
            /ASCII hyphens/,
        );
        only(
            certificateOf(pem.replace(/-----/g, "----")),
            /^no PEM block: the first line must be five hyphens/,
            /ASCII hyphens/,
        );
        only(
            certificateOf(pem.replace("END CERTIFICATE", "END X509 CERTIFICATE")),
            /begins as "CERTIFICATE" and ends as "X509 CERTIFICATE"/,
            /from the first line to the last/,
        );
        only(
            certificateOf(pem.replace(/-----END[^]*/, "")),
            /END CERTIFICATE----- is missing/,
            /copy/,
        );
        const der = Buffer.from(dense(pem), "base64");
        only(
            certificateOf(der.subarray(0, 300)),
            new RegExp(`^300 of ${der.length} bytes$`),
            /end is missing/,
        );
        only(requestOf("hello"), /^no PEM block$/, /BEGIN CERTIFICATE REQUEST/);
    });

    it("names what else a file contains", () => {
        const publicKey = folder.openssl("pkey -in ec.key -pubout");
        only(
            certificateOf(folder.read("good.csr")),
            /^a certificate signing request$/,
            /the CA issued/,
        );
        only(requestOf(folder.read("camera.pem")), /^a certificate$/, /openssl req -new/);
        only(requestOf(publicKey), /^a public key$/, /openssl req -new/);
        folder.openssl("rsa -in rsa.key -RSAPublicKey_out -out rsa.pub");
        only(requestOf(folder.read("rsa.pub")), /^a public key$/, /openssl req -new/);
    });

    const others: Record<string, [content: string | Buffer, value: RegExp, remedy: RegExp]> = {
        "an SSH public key": [
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl me@host\n",
            /^an SSH public key$/,
            /openssl req -new/,
        ],
        "an SSH public key of RFC 4716": [
            '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "x"\nAAAAC3Nz\n---- END SSH2 PUBLIC KEY ----\n',
            /^an SSH public key$/,
            /openssl req -new/,
        ],
        "a JSON Web Key": [
            '{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}',
            /^a JSON Web Key$/,
            /openssl req -new/,
        ],
        "a block of PGP": [
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n",
            /^a block of PGP$/,
            /openssl req -new/,
        ],
        "a Java keystore": [
            Buffer.from("feedfeed0000000200000001", "hex"),
            /^a Java keystore \(not shown\)$/,
            /keytool -certreq/,
        ],
        "a gzip file": [gzipSync("-----BEGIN"), /^a gzip file$/, /gunzip/],
        "a ZIP archive": ["PK\x03\x04\x14\0", /^a ZIP archive$/, /unpack/],
        "a pointer of Git LFS": [
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
            /^a pointer of Git LFS$/,
            /git lfs pull/,
        ],
        "an HTML page": ["<!DOCTYPE html>\n<html>", /^an HTML page$/, /again/],
    };
    for (const [name, [content, value, remedy]] of Object.entries(others)) {
        it(`names ${name}`, () => {
            only(requestOf(content), value, remedy);
        });
    }

    it("parameters of a curve above a request: the remedy keeps the request", () => {
        const parameters = String(folder.openssl("ecparam -name prime256v1"));
        assert.match(parameters, /BEGIN EC PARAMETERS/);
        folder.write("two.csr", parameters + folder.read("good.csr"));
        const { remedy } = only(requestOf(folder.read("two.csr")), /^2 PEM blocks$/, /first/);
        follow(remedy, /openssl req .*$/, { "ONE.csr": "one.csr", FILE: "two.csr" });
        sameRequest(folder.read("one.csr"));
    });

    it("refuses a private key in any form and shows nothing of it", () => {
        const conversions = {
            pkcs8: "pkey -in rsa.key",
            pkcs1: "rsa -in rsa.key -traditional",
            sec1: "ec -in ec.key",
            locked: "pkcs8 -topk8 -in ec.key -passout pass:hidden",
            lockedPkcs1: "rsa -in rsa.key -traditional -aes128 -passout pass:hidden",
            pkcs8Der: "pkey -in ec.key -outform DER",
            pkcs1Der: "rsa -in rsa.key -traditional -outform DER",
            sec1Der: "ec -in ec.key -outform DER",
            lockedDer: "pkcs8 -topk8 -in ec.key -passout pass:hidden -outform DER",
            ed25519: "pkey -in ed.key",
        };
        const jwk = '{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","d":"c2VjcmV0c2VjcmV0"}';
        const forms = Object.entries(conversions).flatMap(([name, command]) => {
            const content = folder.openssl(command);
            const text = content.toString("latin1");
            if (!text.startsWith("-----")) {
                return [content, content.toString("base64")];
            }
            return [
                content,
                utf16(`\ufeff${text}`),
                Buffer.from(text).toString("base64"),
                // What this one holds is not to be seen without its first lines.
                ...(name === "lockedPkcs1"
                    ? []
                    : [dense(text), text.replace(/[A-Z0-9 ]*PRIVATE KEY/g, "CERTIFICATE")]),
            ];
        });
        for (const content of [...forms, jwk]) {
            for (const findings of [certificateOf(content), requestOf(content)]) {
                const [{ value, remedy }, ...more] = findings;
                assert.deepEqual(more, []);
                assert.equal(value, "a file with a private key (not shown)", String(content));
                assert.match(remedy, /no longer secret/);
            }
        }
    });
});
