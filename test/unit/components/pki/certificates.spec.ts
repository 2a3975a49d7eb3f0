import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { X509Certificate } from "crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { textDigest } from "../../../../components/dynamic/writeOnly";
import { provider } from "../../../../components/pki/deviceCertificateProvider";
import { provider as issuerProvider } from "../../../../components/pki/issuerProvider";
import { verifyClientChain } from "../../../support/deviceFiles";
import { clientHandshake } from "../../../support/tlsServer";

interface Leaf {
    readonly certificate: string;
    readonly privateKey: string;
}

interface Ca {
    readonly certificate: string;
    readonly key: string;
}

const rsa = ["-newkey", "rsa:2048"];
const ec = (curve: string) => ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`];
const issuers = { "RSA-2048": rsa, "ECDSA-P256": ec("P-256"), "ECDSA-P384": ec("P-384") };
const leaves = ["RSA-2048", "ECDSA-P256", "ECDSA-P384"];
const deviceId = "d".repeat(64);
const organization = "Müller & Söhne, 測試";

describe("device certificates, judged by OpenSSL and TLS", function () {
    this.timeout(60_000);
    let folder: string;
    let root: Ca;

    before(() => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-certificates-"));
        root = makeCa("root", ec("P-256"), "1000");
    });

    after(() => rmSync(folder, { recursive: true }));

    function openssl(...args: string[]): string {
        return execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
    }

    function makeCa(name: string, key: readonly string[], days: string, issuer?: string): Ca {
        const extensions = [
            `basicConstraints=critical,CA:TRUE${issuer === undefined ? ",pathlen:1" : ""}`,
            "keyUsage=critical,keyCertSign,cRLSign",
            "subjectKeyIdentifier=hash",
            "authorityKeyIdentifier=keyid:always",
        ].join("\n");
        writeFileSync(path.join(folder, "extensions"), extensions);
        const files = ["-keyout", `${name}.key`, "-out", `${name}.csr`];
        openssl("req", "-new", "-nodes", ...key, "-subj", `/O=MyOrg/CN=${name}`, ...files);
        const signer =
            issuer === undefined
                ? ["-signkey", `${name}.key`]
                : ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-CAcreateserial"];
        const output = ["-days", days, "-sha256", "-extfile", "extensions", "-out", `${name}.pem`];
        openssl("x509", "-req", "-in", `${name}.csr`, ...signer, ...output);
        return { certificate: read(`${name}.pem`), key: read(`${name}.key`) };
    }

    function read(name: string): string {
        return readFileSync(path.join(folder, name), "utf8");
    }

    /** A leaf as the engine makes it: check, then create. */
    async function makeLeaf(issuer: Ca, more: Record<string, unknown>): Promise<Leaf> {
        const digest = textDigest(issuer.certificate);
        await issuerProvider.check?.({} as never, { digest, signer: issuer } as never);
        const request = {
            deviceId,
            organization,
            country: "DE",
            validityDays: 90,
            renewBeforeDays: 30,
            ...more,
        };
        const given = { issuer: digest, request };
        const checked = await provider.check?.({} as never, given as never);
        const { outs } = await provider.create(checked?.inputs as never);
        return outs as unknown as Leaf;
    }

    function text(pem: string): string {
        writeFileSync(path.join(folder, "leaf.pem"), pem);
        const names = ["-nameopt", "utf8,sep_comma_plus_space,-esc_msb"];
        return openssl("x509", "-in", "leaf.pem", "-noout", "-text", ...names);
    }

    for (const [issuerAlgorithm, key] of Object.entries(issuers)) {
        describe(`below an issuer with ${issuerAlgorithm}`, () => {
            let issuer: Ca;

            before(() => {
                issuer = makeCa(`issuer-${issuerAlgorithm}`, key, "500", "root");
            });

            for (const keyAlgorithm of leaves) {
                it(`a leaf with ${keyAlgorithm}`, async () => {
                    const leaf = await makeLeaf(issuer, { keyAlgorithm, keyGeneration: 1 });
                    const chain = leaf.certificate + issuer.certificate;
                    verifyClientChain(root.certificate, chain);
                    const shown = text(leaf.certificate);
                    const isRsa = keyAlgorithm.startsWith("RSA");
                    const signed = issuerAlgorithm.startsWith("RSA")
                        ? "sha256WithRSAEncryption"
                        : `ecdsa-with-SHA${issuerAlgorithm === "ECDSA-P384" ? 384 : 256}`;
                    for (const expected of [
                        /Version: 3 \(0x2\)/,
                        new RegExp(`Signature Algorithm: ${signed}\n`),
                        new RegExp(`Subject: C=DE, O=${organization}, CN=${deviceId}\n`),
                        /Basic Constraints: critical\s+CA:FALSE\n/,
                        isRsa
                            ? /Key Usage: critical\s+Digital Signature, Key Encipherment\n/
                            : /Key Usage: critical\s+Digital Signature\n/,
                        /Extended Key Usage: \s*TLS Web Client Authentication\n/,
                        /Subject Key Identifier: \s+([0-9A-F]{2}:){19}[0-9A-F]{2}\n/,
                        isRsa ? /Public-Key: \(2048 bit\)/ : /ASN1 OID: (prime256v1|secp384r1)/,
                    ]) {
                        assert.match(shown, expected);
                    }
                    assert.equal(authorityKeyId(shown), subjectKeyId(text(issuer.certificate)));
                    const handshake = await clientHandshake(root.certificate, {
                        chain,
                        key: leaf.privateKey,
                    });
                    assert.deepEqual(handshake, { client: deviceId, error: undefined });
                });
            }
        });
    }

    it("without its intermediate the same leaf is refused in TLS", async () => {
        const issuer = makeCa("not-sent", ec("P-256"), "500", "root");
        const leaf = await makeLeaf(issuer, { keyAlgorithm: "ECDSA-P256" });
        const { client, error } = await clientHandshake(root.certificate, {
            chain: leaf.certificate,
            key: leaf.privateKey,
        });
        assert.equal(client, undefined);
        assert.notEqual(error, undefined);
    });

    it("serial numbers are positive, at most 20 octets, and differ", async () => {
        const issuer = makeCa("serials", ec("P-256"), "500", "root");
        const serials = new Set<string>();
        for (let made = 0; made < 50; made++) {
            const leaf = await makeLeaf(issuer, { keyAlgorithm: "ECDSA-P256" });
            writeFileSync(path.join(folder, "leaf.pem"), leaf.certificate);
            const shown = openssl("x509", "-in", "leaf.pem", "-noout", "-serial");
            // RFC 5280, 4.1.2.2; the first bit must be clear in a positive INTEGER.
            assert.match(shown, /^serial=[4-7][0-9A-F]{31}\n$/);
            serials.add(shown);
        }
        assert.equal(serials.size, 50);
    });

    it("a leaf's validity lies within its issuer's", async () => {
        const issuer = makeCa("short", ec("P-256"), "10", "root");
        const leaf = await makeLeaf(issuer, { keyAlgorithm: "ECDSA-P256", validityDays: 90 });
        const own = new X509Certificate(leaf.certificate);
        const above = new X509Certificate(issuer.certificate);
        assert.equal(own.validTo, above.validTo);
        assert.equal(own.validFrom, above.validFrom);
        verifyClientChain(root.certificate, leaf.certificate + issuer.certificate);
    });

    it("a leaf for a request has the request's key, and subject and extensions of the policy", async () => {
        const issuer = makeCa("requests", ec("P-256"), "500", "root");
        const files = ["-keyout", "device.key", "-out", "device.csr"];
        const asked = ["-addext", "basicConstraints=CA:TRUE", "-addext", "keyUsage=keyCertSign"];
        openssl("req", "-new", "-nodes", ...rsa, "-subj", "/O=Evil/CN=other", ...asked, ...files);
        const leaf = await makeLeaf(issuer, { csr: read("device.csr") });
        assert.equal(leaf.privateKey, undefined);
        const chain = leaf.certificate + issuer.certificate;
        verifyClientChain(root.certificate, chain);
        const shown = text(leaf.certificate);
        assert.match(shown, /CA:FALSE/);
        assert.doesNotMatch(shown, /Evil|other|Certificate Sign/);
        const handshake = await clientHandshake(root.certificate, {
            chain,
            key: read("device.key"),
        });
        assert.equal(handshake.client, deviceId);
    });

    it("an issuer's key that does not match its certificate signs nothing", async () => {
        const issuer = makeCa("mixed", ec("P-256"), "500", "root");
        await assert.rejects(
            makeLeaf({ certificate: issuer.certificate, key: root.key }, {}),
            /the signing key is not the key of the CA certificate/,
        );
    });
});

function authorityKeyId(shown: string): string | undefined {
    return /Authority Key Identifier: \s*(?:keyid:)?([0-9A-F:]+)/.exec(shown)?.[1];
}

function subjectKeyId(shown: string): string | undefined {
    return /Subject Key Identifier: \s*([0-9A-F:]+)/.exec(shown)?.[1];
}
