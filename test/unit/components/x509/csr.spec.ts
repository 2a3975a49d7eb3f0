import { strict as assert } from "assert";
import { createHash } from "crypto";
import { inspectCsr, requestedKey } from "../../../../components/x509/csr";
import { makeKeys, makeRequests } from "../../stacks/config/configFileSamples";
import { ProjectFolder } from "../../stacks/config/configSupport";

describe("certificate signing requests", () => {
    const folder = new ProjectFolder();
    before(() => {
        makeKeys(folder);
        makeRequests(folder);
    });
    after(() => folder.remove());

    for (const key of ["ec", "rsa"]) {
        it(`gives the name and the public key that OpenSSL reads (${key})`, () => {
            folder.openssl(`req -new -key ${key}.key -sha384 -subj /CN=pump-1/O=Any -out a.csr`);
            const expected = folder.openssl(`pkey -in ${key}.key -pubout -outform DER`);
            const { facts, findings } = inspectCsr(folder.read("a.csr"), "pump-1");
            assert.deepEqual(findings, []);
            assert.equal(facts?.commonName, "pump-1");
            assert.deepEqual(facts?.publicKey, expected);
            assert.equal(facts?.publicKeyId, createHash("sha256").update(expected).digest("hex"));
            assert.deepEqual(requestedKey(folder.read("a.csr")), expected);
        });
    }

    it("accepts requests of any size, whatever DER length form they need, and ignores extensions", () => {
        for (const filler of ["", "O".repeat(10), "O".repeat(60)]) {
            const subject = `/CN=pump-1${filler && `/O=${filler}`.repeat(8)}`;
            folder.openssl(
                "req -new -key ec.key -out b.csr -addext basicConstraints=CA:TRUE",
                "-subj",
                subject,
            );
            assert.deepEqual(inspectCsr(folder.read("b.csr"), "pump-1").findings, []);
        }
    });

    it("accepts the output of openssl req -text, old labels and Windows line endings", () => {
        const text = String(folder.openssl("req -in good.csr -text"));
        const old = folder
            .read("good.csr")
            .replace(/CERTIFICATE REQUEST/g, "NEW CERTIFICATE REQUEST");
        for (const pem of [text, old, text.replace(/\n/g, "\r\n"), `\ufeff${text}`]) {
            assert.deepEqual(inspectCsr(Buffer.from(pem), "pump-1").findings, []);
        }
    });

    it("verifies exactly the requests that OpenSSL verifies", () => {
        for (const name of ["good", "forged", "sameKey"]) {
            const said = folder.opensslErrors(`req -in ${name}.csr -noout -verify`);
            const { findings } = inspectCsr(folder.read(`${name}.csr`), "pump-1");
            const ours = findings.every(({ rule }) => !rule.includes("signed with its own key"));
            assert.equal(ours, /verify OK/.test(said), said);
        }
    });

    it("does not return the key of a request with an invalid signature", () => {
        const refused: Record<string, RegExp> = {
            "weak.csr": /an RSA-1024 key: .*RSA of 2048, 3072, 4096 or 8192 bits/,
            "forged.csr": /signature that does not verify/,
            "sha1.csr": /signed with SHA-1/,
            "both.csr": /2 PEM blocks/,
            "nonsense.csr": /not a PKCS#10 structure/,
            "withKey.csr": /private key \(not shown\)/,
        };
        for (const [name, expected] of Object.entries(refused)) {
            assert.throws(() => requestedKey(folder.read(name)), expected, name);
        }
    });
});
