import { strict as assert } from "assert";
import { makeKeys, makeRequests } from "./configFileSamples";
import { good, inputs, problemsOf, ProjectFolder, Raw, refuses } from "./configSupport";

const csrPath = "devices[0].csr";

const device = (csr: unknown): Raw => good({ devices: [{ id: "pump-1", group: "pumps", csr }] });

describe("configuration: bad signing requests, made by OpenSSL", () => {
    const folder = new ProjectFolder();
    before(() => {
        makeKeys(folder);
        makeRequests(folder);
        folder.openssl(
            "req -x509 -new -key ec.key -subj /CN=cam-1 -addext basicConstraints=critical,CA:FALSE -out camera.pem",
        );
    });
    after(() => folder.remove());

    refuses(
        () => folder.path,
        inputs([
            [
                "a request that is not there",
                device("none.csr"),
                csrPath,
                '"none.csr"',
                "none.csr must exist",
                "openssl req -new",
            ],
            [
                "a request written out in place of its name",
                device("-----BEGIN CERTIFICATE REQUEST-----\nMI"),
                csrPath,
                '"-----BEGIN CERTIFICATE REQUEST-----\\nMI"',
                "name of a file",
                "content in a file",
            ],
            [
                "a private key written out in place of a name",
                device("-----BEGIN EC PRIVATE KEY-----\nMHc"),
                csrPath,
                "(a secret, not shown)",
                "name of a file",
                "content in a file",
            ],
            [
                "an empty request",
                device("empty.csr"),
                csrPath,
                '"empty.csr" (no PEM block: the file is empty)',
                "signing request in PEM",
                "use a file with one complete",
            ],
            [
                "a request cut short",
                device("cut.csr"),
                csrPath,
                '"cut.csr" (no complete PEM block: the line -----END CERTIFICATE REQUEST----- is missing)',
                "signing request in PEM",
                "from the first line to the last",
            ],
            [
                "a request with a damaged letter",
                device("damaged.csr"),
                csrPath,
                '"damaged.csr" (a damaged PEM block: "!" (U+0021) in line 2 of it)',
                "complete base64",
                "copy the file again",
            ],
            [
                "a block that holds no request",
                device("nonsense.csr"),
                csrPath,
                '"nonsense.csr" (a block that is not a PKCS#10 structure)',
                "PKCS#10",
                "openssl req -new",
            ],
            [
                "two requests in one file",
                device("both.csr"),
                csrPath,
                '"both.csr" (2 PEM blocks)',
                "not a chain",
                "keep the intended",
            ],
            [
                "a certificate in place of a request",
                device("camera.pem"),
                csrPath,
                '"camera.pem" (a certificate)',
                "signing request in PEM",
                "BEGIN CERTIFICATE REQUEST",
            ],
            [
                "a private key in place of a request",
                device("ec.key"),
                csrPath,
                '"ec.key" (a file with a private key (not shown))',
                "must not contain a private key",
                "from version control",
            ],
            [
                "a private key behind a request",
                device("withKey.csr"),
                csrPath,
                '"withKey.csr" (a file with a private key (not shown))',
                "must not contain a private key",
                "generate a new key",
            ],
            [
                "an encrypted private key behind a request",
                device("withLockedKey.csr"),
                csrPath,
                '"withLockedKey.csr" (a file with a private key (not shown))',
                "must not contain a private key",
                "generate a new key",
            ],
            [
                "a request for another device",
                device("sameKey.csr"),
                csrPath,
                '"sameKey.csr" (CN=pump-2)',
                'device ID "pump-1"',
                "/CN=pump-1",
            ],
            [
                "a request with the ID in other letters",
                device("otherCase.csr"),
                csrPath,
                '"otherCase.csr" (CN=Pump-1)',
                'device ID "pump-1"',
                "/CN=pump-1",
            ],
            [
                "a request without a common name",
                device("nameless.csr"),
                csrPath,
                '"nameless.csr" (no common name)',
                "exactly one common name",
                "/CN=pump-1",
            ],
            [
                "a request with two common names",
                device("twoNames.csr"),
                csrPath,
                '"twoNames.csr" (2 common names)',
                "exactly one common name",
                "/CN=pump-1",
            ],
            [
                "a request with a weak key",
                device("weak.csr"),
                csrPath,
                '"weak.csr" (an RSA-1024 key)',
                "RSA of 2048, 3072, 4096 or 8192 bits",
                "rsa:2048",
            ],
            [
                "a request with a curve that is not taken",
                device("p521.csr"),
                csrPath,
                '"p521.csr" (an ECDSA-P521 key)',
                "P-256 or P-384",
                "generate a new key",
            ],
            [
                "a request signed with SHA-1",
                device("sha1.csr"),
                csrPath,
                '"sha1.csr" (signed with SHA-1 and RSA)',
                "SHA-256",
                "-sha256",
            ],
            [
                "a request signed with MD5",
                device("md5.csr"),
                csrPath,
                '"md5.csr" (signed with MD5 and RSA)',
                "SHA-256",
                "-sha256",
            ],
            [
                "a request changed after it was signed",
                device("forged.csr"),
                csrPath,
                '"forged.csr" (a signature that does not verify)',
                "signed with its own key",
                "changed",
            ],
            [
                "two devices with one key",
                good({
                    devices: [
                        { id: "pump-1", group: "pumps", csr: "good.csr" },
                        { id: "pump-2", group: "pumps", csr: "sameKey.csr" },
                    ],
                }),
                "devices[1].csr",
                "the same key as pump-1",
                "its own key",
                "find out why two devices share a key",
            ],
            [
                "a key generation beside a request",
                good({
                    devices: [{ id: "pump-1", group: "pumps", csr: "good.csr", keyGeneration: 2 }],
                }),
                "devices[0].keyGeneration",
                "2",
                "counts keys that the program generates",
                "new request",
            ],
        ]),
    );

    it("refuses a weak key and a wrong name of one request together", () => {
        const weak = good({ devices: [{ id: "pump-9", group: "pumps", csr: "weak.csr" }] });
        const values = problemsOf(weak, folder.path).map(({ value }) => value);
        assert.deepEqual(values, ['"weak.csr" (CN=pump-1)', '"weak.csr" (an RSA-1024 key)']);
    });

    it("never shows the content of a key file", () => {
        const lines = folder
            .read("ec.key")
            .split("\n")
            .filter((line) => /^[A-Za-z0-9+/=]{20,}$/.test(line));
        assert(lines.length > 0);
        for (const file of ["ec.key", "withKey.csr", "locked.key"]) {
            const text = JSON.stringify(problemsOf(device(file), folder.path));
            assert(
                lines.every((line) => !text.includes(line)),
                text,
            );
        }
    });
});
