import { strict as assert } from "assert";
import { spawnSync } from "child_process";
import { createPublicKey, X509Certificate } from "crypto";
import { issuerFacts } from "../../../../emulator/x509/certificate";
import { caFindings } from "../../../../components/x509/caCertificate";
import { inspectCsr } from "../../../../components/x509/csr";
import { inspectCertificate } from "../../../../components/x509/inspectCertificate";
import { issueLeaf, leafNotAfter } from "../../../../components/x509/issue";
import { Inspection } from "../../../../components/x509/pem";
import { ProjectFolder } from "./configSupport";

/** How `openssl genpkey` makes each key, and how a refusal calls it; no name: it is taken. */
const keys: Record<string, [options: string, name?: string]> = {
    rsa: ["-algorithm RSA -pkeyopt rsa_keygen_bits:2048"],
    rsa3072: ["-algorithm RSA -pkeyopt rsa_keygen_bits:3072"],
    p256: ["-algorithm EC -pkeyopt ec_paramgen_curve:P-256"],
    p384: ["-algorithm EC -pkeyopt ec_paramgen_curve:P-384"],
    weak: ["-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "an RSA-1024 key"],
    pss: ["-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "an RSA-PSS-2048 key"],
    p224: ["-algorithm EC -pkeyopt ec_paramgen_curve:P-224", "an ECDSA-secp224r1 key"],
    k1: ["-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "an ECDSA-secp256k1 key"],
    brainpool: [
        "-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1",
        "an ECDSA-brainpoolP256r1 key",
    ],
    ed25519: ["-algorithm ED25519", "an Ed25519 key"],
    ed448: ["-algorithm ED448", "an Ed448 key"],
    explicit: [
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
        "an ECDSA key with explicit curve parameters",
    ],
};

describe("configuration: kinds of keys, signatures and dates, made by OpenSSL", () => {
    const folder = new ProjectFolder();
    before(() => {
        for (const [name, [options]] of Object.entries(keys)) {
            folder.openssl(`genpkey ${options} -out ${name}.key`);
        }
        folder.openssl("genpkey -algorithm X25519 -out x25519.key");
        folder.openssl("pkey -in x25519.key -pubout -out x25519.pub");
    });
    after(() => folder.remove());

    const read = (name: string): Buffer => Buffer.from(folder.read(name));
    const request = (name: string, rest = ""): Inspection<unknown> => {
        folder.openssl(`req -new -key ${name}.key -subj /CN=d ${rest}-out ${name}.csr`);
        return inspectCsr(read(`${name}.csr`), "d");
    };
    const selfSigned = (name: string, rest = "-days 30"): ReturnType<typeof inspectCertificate> => {
        folder.openssl(`req -x509 -new -key ${name}.key -subj /CN=d ${rest} -out ${name}.pem`);
        return inspectCertificate(read(`${name}.pem`), new Date());
    };
    const values = ({ findings }: Inspection<unknown>): string[] =>
        findings.map(({ value }) => value);

    /** Runs the commands of a remedy as they stand, with no questions asked about a passphrase. */
    function follow(remedy: string, key: string): Inspection<unknown> {
        const commands = remedy.match(/openssl (?:req|ec) .*?(?=, and|$)/g) ?? assert.fail(remedy);
        for (const command of commands) {
            const line = command
                .replace("-newkey rsa:2048", "-newkey rsa:2048 -nodes")
                .replace("-out FILE", "-out again.csr")
                .replace("-key DEVICE.key", `-key ${key}.key`)
                .replace("-in DEVICE.key", `-in ${key}.key`);
            const { status, stderr } = spawnSync("sh", ["-c", line], { cwd: folder.path });
            assert.equal(status, 0, `${line}: ${String(stderr)}`);
        }
        return inspectCsr(read("again.csr"), "d");
    }

    for (const [name, [, refused]] of Object.entries(keys)) {
        it(`${name}: ${refused === undefined ? "accepted" : `refused as ${refused}`}`, () => {
            const expected = refused === undefined ? [] : [refused];
            const asked = request(name);
            assert.deepEqual(values(asked), expected);
            assert.deepEqual(values(selfSigned(name)), expected);
            if (refused !== undefined) {
                assert.deepEqual(follow(asked.findings[0].remedy, name).findings, []);
            }
        });
    }

    it("X25519, which cannot sign, is refused in a certificate", () => {
        folder.openssl("req -new -key p256.key -subj /CN=d -out carrier.csr");
        folder.openssl(
            "x509 -req -in carrier.csr -signkey p256.key -force_pubkey x25519.pub -out x25519.pem",
        );
        assert.deepEqual(values(inspectCertificate(read("x25519.pem"), new Date())), [
            "an X25519 key",
        ]);
    });

    it("a key rewritten with its curve's name is the same key", () => {
        const { findings } = request("explicit");
        follow(findings[0].remedy, "explicit");
        const jwk = (file: string): unknown =>
            createPublicKey(folder.read(file)).export({ format: "jwk" });
        assert.deepEqual(jwk("NAMED.key"), jwk("explicit.key"));
    });

    const signatures: [options: string, taken: boolean][] = [
        ["-sha256 ", true],
        ["-sha384 ", true],
        ["-sha512 ", true],
        ["-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20 ", true],
        ["-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:max ", true],
        ["-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_mgf1_md:sha1 ", false],
        ["-sha1 -sigopt rsa_padding_mode:pss ", false],
        ["-sha1 ", false],
        ["-sha224 ", false],
        ["-md5 ", false],
    ];
    for (const [options, taken] of signatures) {
        it(`${taken ? "accepts" : "refuses"} a request that OpenSSL signed with ${options}`, () => {
            const asked = request("rsa", options);
            assert.equal(asked.findings.length, taken ? 0 : 1, JSON.stringify(asked.findings));
            assert.match(folder.opensslErrors("req -in rsa.csr -noout -verify"), /verify OK/);
            if (!taken) {
                assert.deepEqual(follow(asked.findings[0].remedy, "rsa").findings, []);
            }
        });
    }

    const thumbprintOf = (file: string): string =>
        String(folder.openssl(`x509 -in ${file} -noout -fingerprint -sha256`))
            .trim()
            .split("=")[1]
            .replace(/:/g, "");

    const unusual: Record<string, string> = {
        "a negative serial number": "-days 30 -set_serial -5",
        "a serial number of 20 bytes": `-days 30 -set_serial 0x7f${"ab".repeat(19)}`,
        "an end after 2049 (GeneralizedTime)": "-days 12000",
        "a signature with SHA-1": "-days 30 -sha1",
        "names beyond ASCII": "-days 30 -utf8 -subj /CN=d/O=Müller",
    };
    for (const [name, options] of Object.entries(unusual)) {
        it(`a device's own certificate with ${name} has OpenSSL's thumbprint`, () => {
            const { facts, findings } = selfSigned("p256", options);
            assert.deepEqual(findings, []);
            assert.equal(facts?.sha256Thumbprint, thumbprintOf("p256.pem"));
            const end = String(folder.openssl("x509 -in p256.pem -noout -enddate")).split("=")[1];
            assert.equal(facts?.notAfter.getTime(), Date.parse(end));
        });
    }

    it("a version 1 certificate identifies a device and is not a CA", () => {
        folder.openssl("req -new -key p256.key -subj /CN=d -out v1.csr");
        folder.openssl("x509 -req -in v1.csr -signkey p256.key -days 30 -out v1.pem");
        const text = String(folder.openssl("x509 -in v1.pem -noout -text"));
        assert.match(text, /Version: 1 /);
        const { facts, findings } = inspectCertificate(read("v1.pem"), new Date());
        assert(facts !== undefined);
        assert.deepEqual(findings, []);
        assert.deepEqual(
            caFindings(facts).map(({ value }) => value),
            ["no basicConstraints, as in X.509 version 1"],
        );
    });

    it("program and emulator agree on who may sign, with and without keyUsage", () => {
        const usages: Record<string, boolean> = {
            "": true,
            "-addext keyUsage=keyCertSign": true,
            "-addext keyUsage=critical,keyCertSign,cRLSign": true,
            "-addext keyUsage=critical,digitalSignature": false,
        };
        for (const [usage, signs] of Object.entries(usages)) {
            const { facts } = selfSigned(
                "p256",
                `-days 30 -addext basicConstraints=critical,CA:TRUE ${usage}`.trim(),
            );
            assert(facts !== undefined);
            assert.equal(caFindings(facts).length === 0, signs, usage);
            assert.equal(issuerFacts(folder.read("p256.pem")).maySignCertificates, signs, usage);
        }
    });

    it("a leaf may end after 2049, and OpenSSL reads its end", async () => {
        const ca = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign";
        folder.openssl(
            `req -x509 -new -key p256.key -subj /CN=Late -days 20000 ${ca} -out late.pem`,
        );
        const issuer = {
            certificatePem: folder.read("late.pem"),
            privateKeyPem: folder.read("p256.key"),
        };
        const notAfter = leafNotAfter(issuer.certificatePem, 15000);
        const spki = folder.openssl("pkey -in rsa.key -pubout -outform DER");
        const subject = { organization: "Müller" };
        const request = { commonName: "d", subject, publicKey: spki, notAfter };
        folder.write("leaf.pem", await issueLeaf(issuer, request));
        const end = new X509Certificate(folder.read("leaf.pem")).validTo;
        assert.equal(Math.floor(notAfter.getTime() / 1000), Date.parse(end) / 1000);
        assert(notAfter.getUTCFullYear() > 2049);
        assert.match(String(folder.openssl("asn1parse -in leaf.pem")), /GENERALIZEDTIME/);
        folder.openssl("verify -CAfile late.pem leaf.pem");
    });
});
