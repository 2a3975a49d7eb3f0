import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { createHash, createPublicKey, KeyObject, X509Certificate } from "crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import { join } from "path";
import { publicOutputs } from "../tls/keys";
import { Props } from "./providerClient";
import { recordedState } from "./recordings";
import { plain } from "./stack";
import { newStack, Plugins, program, startPlugins } from "./tlsProgram";

/** Certificates that Go's crypto/x509 made (1.26; the official plug-in issues with it), and what ASCII it calls printable. */
const go = JSON.parse(
    readFileSync(join(__dirname, "recordings", "go-certificates.json"), "utf8"),
) as Record<string, string>;

describe("stand-in of tls: certificates, judged by OpenSSL", () => {
    let plugins: Plugins;
    let folder: string;
    const outputs = new Map<string, Props>();
    before(async function () {
        this.timeout(120_000);
        folder = mkdtempSync(join(tmpdir(), "tls-stand-in-"));
        plugins = await startPlugins();
        const stack = newStack(plugins);
        await stack.up(program());
        stack.state.forEach((kept, name) => outputs.set(name, plain(kept.outputs)));
    });
    after(() => {
        plugins.stop();
        rmSync(folder, { recursive: true });
    });

    function openssl(pem: unknown, ...args: string[]): string {
        const options = { input: String(pem), encoding: "utf8", stdio: "pipe" } as const;
        return execFileSync("openssl", args, options);
    }

    /** Tags, nesting, values and lengths, without what every run makes anew: key, serial number, times, signature. */
    function structure(pem: unknown): string[] {
        const lines = openssl(pem, "asn1parse").trim().split("\n");
        return lines.map((line) => {
            const [, depth, kind, tag, value] =
                /d=(\d+) .*?(prim|cons): (.*?)(?:\s*:(.*)|\s*\[HEX DUMP\]:(.*))?$/.exec(line) ?? [];
            const dump = /\[HEX DUMP\]:(.*)$/.exec(line)?.[1];
            const shown =
                tag.startsWith("UTCTIME") || (tag.startsWith("INTEGER") && depth === "2")
                    ? "…"
                    : (dump?.replace(/[0-9A-F]{40}$/, "…") ?? value ?? "");
            return `${depth} ${kind} ${tag.replace(/\s*\[HEX DUMP\].*/, "").trim()} ${shown}`;
        });
    }

    /** As OpenSSL tells it, without key, serial number, times and signature. */
    function text(pem: string): string {
        const without = "no_pubkey,no_serial,no_validity,no_sigdump";
        const told = openssl(pem, "x509", "-noout", "-text", "-certopt", without);
        return told.replace(/([0-9A-F]{2}:){19}[0-9A-F]{2}/g, "…");
    }

    function keyIdOf(certificate: X509Certificate): string {
        const { publicKey } = certificate;
        const jwk = publicKey.export({ format: "jwk" });
        const coordinates = [jwk.x, jwk.y].map((each) => Buffer.from(each ?? "", "base64url"));
        const bits =
            jwk.kty === "RSA"
                ? publicKey.export({ type: "pkcs1", format: "der" })
                : Buffer.concat([Buffer.of(4), ...coordinates]);
        const hex = createHash("sha1").update(bits).digest("hex").toUpperCase();
        return (hex.match(/../g) ?? []).join(":");
    }

    async function make(type: string, inputs: Props): Promise<Props> {
        const token = `index/${type[0].toLowerCase()}${type.slice(1)}:${type}`;
        const checked = await plugins.tls.check(token, "it", inputs);
        assert.deepEqual(checked.failures, []);
        return plain((await plugins.tls.create(token, checked.inputs))[1]);
    }

    const recorded = recordedState("tls-random-state.json");
    for (const name of ["self384", "root", "int", "csr"]) {
        it(`${name} has the recorded structure`, () => {
            const official = recorded.find((each) => each.name === name)?.outputs;
            const own = outputs.get(name);
            const member = name === "csr" ? "certRequestPem" : "certPem";
            assert.deepEqual(structure(own?.[member]), structure(official?.[member]));
            if (name !== "csr") {
                assert.equal(text(String(own?.[member])), text(String(official?.[member])));
            }
        });
    }

    it("the chain verifies, the request too, and key identifiers are SHA-1 of the key's bits", () => {
        const files = ["root", "int", "self384"].map((name) => {
            const pem = String(outputs.get(name)?.certPem);
            writeFileSync(join(folder, name), pem);
            const certificate = new X509Certificate(pem);
            const extension = openssl(pem, "x509", "-noout", "-ext", "subjectKeyIdentifier");
            assert.ok(extension.includes(keyIdOf(certificate)));
            assert.equal(outputs.get(name)?.id, BigInt(`0x${certificate.serialNumber}`).toString());
            const seconds = (value: unknown): number =>
                Math.floor(Date.parse(String(value)) / 1000);
            const times = [certificate.validFrom, certificate.validTo].map(seconds);
            const { validityStartTime, validityEndTime } = outputs.get(name) ?? {};
            assert.deepEqual(times, [validityStartTime, validityEndTime].map(seconds));
            return join(folder, name);
        });
        openssl("", "verify", "-x509_strict", "-CAfile", files[0], files[0], files[1]);
        openssl("", "verify", "-CAfile", files[2], files[2]);
        openssl(outputs.get("csr")?.certRequestPem, "req", "-verify", "-noout");
    });

    for (const [name, label] of [
        ["rsa", "RSA"],
        ["ec", "EC"],
        ["ec384", "EC"],
    ]) {
        it(`the forms of ${name}'s key hold the same key`, () => {
            const { privateKeyPem, privateKeyPemPkcs8, publicKeyPem } = outputs.get(name) ?? {};
            assert.match(
                String(privateKeyPem),
                new RegExp(`^-----BEGIN ${label} PRIVATE KEY-----`),
            );
            assert.match(String(privateKeyPemPkcs8), /^-----BEGIN PRIVATE KEY-----/);
            for (const pem of [privateKeyPem, privateKeyPemPkcs8]) {
                assert.equal(
                    openssl(pem, "pkey", "-check", "-pubout").replace(/^Key is valid\n/, ""),
                    publicKeyPem,
                );
            }
        });
    }

    for (const { name, outputs: official } of recorded.filter(({ type }) =>
        /PrivateKey/.test(type),
    )) {
        it(`id, fingerprints and SSH form of ${name}'s recorded public key`, () => {
            const key: KeyObject = createPublicKey(String(official.publicKeyPem));
            const { id, outputs: found } = publicOutputs(key);
            assert.equal(id, official.id);
            for (const [member, value] of Object.entries(found)) {
                assert.equal(value, official[member], member);
            }
        });
    }

    describe("beside Go's own", () => {
        const ca = { commonName: "IoT Root CA", organization: "MyOrg", country: "US" };
        const day = { validityPeriodHours: 24 };
        let root: Props;
        let key: unknown;
        before(async () => {
            key = outputs.get("ec")?.privateKeyPem;
            root = await make("SelfSignedCert", {
                privateKeyPem: key,
                subject: ca,
                isCaCertificate: true,
                allowedUses: ["cert_signing", "crl_signing"],
                ...day,
            });
        });

        async function leaf(subject: Props, allowedUses: string[]): Promise<unknown> {
            const keys = await make("PrivateKey", { algorithm: "ECDSA", ecdsaCurve: "P256" });
            const { privateKeyPem } = keys;
            const request = await make("CertRequest", { privateKeyPem, subject });
            const made = await make("LocallySignedCert", {
                certRequestPem: request.certRequestPem,
                caCertPem: root.certPem,
                caPrivateKeyPem: key,
                allowedUses,
                ...day,
            });
            return made.certPem;
        }

        it("a CA has a key identifier unasked", () => {
            assert.deepEqual(structure(root.certPem), structure(go.ca));
        });

        it("a leaf, its name with a character that PrintableString lacks", async () => {
            const subject = { ...ca, commonName: "device*1" };
            const pem = await leaf(subject, ["client_auth", "digital_signature"]);
            assert.deepEqual(structure(pem), structure(go.leaf));
        });

        it("a leaf with its issuer's name has no authority key identifier", async () => {
            const pem = await leaf(ca, ["digital_signature"]);
            assert.deepEqual(structure(pem), structure(go["leaf of the issuer's name"]));
        });

        const variants: [string, Props][] = [
            [
                "every usage, in another order",
                {
                    subject: { commonName: "x" },
                    allowedUses: [
                        ...["ocsp_signing", "decipher_only", "encipher_only", "any_extended"],
                        ...["server_auth", "client_auth", "code_signing", "email_protection"],
                        ...["timestamping", "crl_signing", "cert_signing", "key_agreement"],
                        ...["data_encipherment", "key_encipherment", "content_commitment"],
                        "digital_signature",
                    ],
                },
            ],
            ["no usage, no subject", { allowedUses: [] }],
        ];
        for (const [name, inputs] of variants) {
            it(name, async () => {
                const made = await make("SelfSignedCert", {
                    privateKeyPem: key,
                    ...inputs,
                    ...day,
                });
                assert.deepEqual(structure(made.certPem), structure(go[name]));
            });
        }

        it("P-521", async () => {
            const keys = await make("PrivateKey", { algorithm: "ECDSA", ecdsaCurve: "P521" });
            const made = await make("SelfSignedCert", {
                privateKeyPem: keys.privateKeyPem,
                subject: { commonName: "x" },
                setSubjectKeyId: true,
                setAuthorityKeyId: true,
                allowedUses: [],
                ...day,
            });
            assert.deepEqual(structure(made.certPem), structure(go["P-521"]));
        });

        it("a request without a subject", async () => {
            const made = await make("CertRequest", { privateKeyPem: key });
            const pem = go["request without a subject"];
            assert.deepEqual(structure(made.certRequestPem), structure(pem));
        });

        it("PrintableString for the same ASCII, UTF8String for the rest", async () => {
            const all = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
            const printable = await Promise.all(
                all.map(async (commonName) => {
                    const inputs = { privateKeyPem: key, subject: { commonName } };
                    const { certRequestPem } = await make("CertRequest", inputs);
                    const der = Buffer.from(
                        String(certRequestPem).replace(/-----.*-----|\n/g, ""),
                        "base64",
                    );
                    const after = der.indexOf(Buffer.from("0603550403", "hex")) + 5;
                    return der[after] === 0x13;
                }),
            );
            assert.equal(all.filter((_, index) => printable[index]).join(""), go.printable);
        });
    });
});
