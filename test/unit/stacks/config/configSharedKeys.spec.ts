import { strict as assert } from "assert";
import { createHash, X509Certificate } from "crypto";
import { inspectCsr, requestedKey } from "../../../../components/x509/csr";
import { issueLeaf } from "../../../../components/x509/issue";
import { readSettings } from "../../../../stacks/config";
import { good, problemsOf, ProjectFolder, Raw } from "./configSupport";

const leafExtensions = "-addext basicConstraints=critical,CA:FALSE";
const caExtensions =
    "-addext basicConstraints=critical,CA:TRUE,pathlen:1 -addext keyUsage=critical,keyCertSign,cRLSign";

describe("configuration: public keys must be unique", () => {
    const folder = new ProjectFolder();
    before(() => {
        for (const key of ["root", "field", "pump", "camera", "signer"]) {
            folder.openssl(
                `genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ${key}.key`,
            );
            folder.openssl(`req -new -key ${key}.key -subj /CN=pump-1 -out ${key}.csr`);
            folder.openssl(
                `req -x509 -new -key ${key}.key -days 30 -subj /CN=cam ${leafExtensions} -out ${key}Leaf.pem`,
            );
        }
        folder.openssl(
            `req -x509 -new -key root.key -days 30 -subj /CN=Root ${caExtensions} -out root.pem`,
        );
        folder.write(
            "ca.ext",
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nauthorityKeyIdentifier=keyid",
        );
        intermediate("pumps", "field");
        intermediate("valves", "field");
        intermediate("ofRoot", "root");
        folder.openssl("req -x509 -new -key camera.key -days 30 -subj /CN=cam -out ca.pem");
        folder.openssl(
            "req -x509 -new -key camera.key -days 30 -subj /CN=cam -addext basicConstraints=CA:FALSE " +
                "-addext keyUsage=keyCertSign -out signer.pem",
        );
    });
    after(() => folder.remove());

    function intermediate(name: string, key: string): void {
        // With the name that the program's request has.
        folder.openssl(`req -new -key ${key}.key -out ${name}.csr`, "-subj", `/CN=${name} G1`);
        folder.openssl(
            `x509 -req -in ${name}.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile ca.ext -out ${name}.pem`,
        );
    }

    const stack = (groups: Record<string, string>, ...devices: Raw[]): Raw =>
        good({
            pki: { root: { keys: "offline", certificate: "root.pem" } },
            groups: Object.fromEntries(
                Object.entries(groups).map(([name, file]) => [
                    name,
                    {
                        validityDays: 3,
                        intermediate: { commonName: file, certificates: { 1: `${file}.pem` } },
                    },
                ]),
            ),
            devices,
        });
    const csr = (file: string, id = "pump-1"): Raw => ({ id, group: "pumps", csr: `${file}.csr` });
    const camera = (file: string, id = "cam-1"): Raw => ({
        id,
        auth: "thumbprint",
        certificates: [`${file}.pem`],
    });
    const problems = (raw: Raw): [string, string][] =>
        problemsOf(raw, folder.path).map(({ path, value }) => [path, value]);
    const pumps = { pumps: "pumps" };

    it("accepts separate keys for root, intermediate, request and certificate", () => {
        readSettings(stack(pumps, csr("pump"), camera("cameraLeaf")), folder.path);
    });

    it("refuses a request with the root's key", () => {
        assert.deepEqual(problems(stack(pumps, csr("root"))), [
            ["devices[0].csr", "the same key as the root"],
        ]);
    });

    it("refuses a request with an intermediate's key", () => {
        assert.deepEqual(problems(stack(pumps, csr("field"))), [
            ["devices[0].csr", "the same key as the CA of group pumps, generation 1"],
        ]);
    });

    it("refuses a device's certificate with a CA's key", () => {
        assert.deepEqual(problems(stack(pumps, camera("rootLeaf"), camera("fieldLeaf", "cam-2"))), [
            ["devices[0].certificates[0]", "the same key as the root"],
            ["devices[1].certificates[0]", "the same key as the CA of group pumps, generation 1"],
        ]);
    });

    it("refuses a request with the key of another device's certificate", () => {
        assert.deepEqual(problems(stack(pumps, camera("pumpLeaf"), csr("pump"))), [
            ["devices[1].csr", "the same key as cam-1"],
        ]);
        assert.deepEqual(problems(stack(pumps, csr("pump"), camera("pumpLeaf"))), [
            ["devices[1].certificates[0]", "the same key as pump-1"],
        ]);
    });

    it("refuses two intermediates with one key, and one with the root's", () => {
        assert.deepEqual(problems(stack({ pumps: "pumps", valves: "valves" })), [
            [
                "groups.valves.intermediate.certificates.1",
                "the same key as the CA of group pumps, generation 1",
            ],
        ]);
        assert.deepEqual(problems(stack({ pumps: "ofRoot" })), [
            ["groups.pumps.intermediate.certificates.1", "the same key as the root"],
        ]);
    });

    it("refuses a CA's certificate as a device's, as a file and as a thumbprint", () => {
        folder.openssl(
            "req -x509 -new -key camera.key -subj /CN=cam-1 -days 30 -out authority.pem",
            "-addext",
            "keyUsage=critical,keyCertSign",
        );
        const [[path, value], ...more] = problems(stack(pumps, camera("authority")));
        assert.deepEqual(more, []);
        assert.equal(path, "devices[0].certificates[0]");
        assert.equal(value, '"authority.pem" (a CA\'s certificate: basicConstraints CA:TRUE)');
        assert.equal(
            problems(stack(pumps, camera("signer")))[0][1],
            '"signer.pem" (a CA\'s certificate: keyUsage keyCertSign)',
        );
        const { raw } = new X509Certificate(folder.read("pumps.pem"));
        const thumbprint = createHash("sha256").update(raw).digest("hex").toUpperCase();
        const written = { id: "cam-1", auth: "thumbprint", thumbprints: [thumbprint] };
        const [problem] = problemsOf(stack(pumps, written), folder.path);
        assert.match(problem.rule, /the CA of group pumps, generation 1 has the same one/);
    });

    it("accepts the default output of `openssl req -x509`: CA:TRUE without keyUsage", () => {
        readSettings(stack(pumps, camera("ca")), folder.path);
    });

    it("has a remedy that creates a device's certificate", () => {
        const [{ remedy }] = problemsOf(stack(pumps, camera("signer")), folder.path);
        const command = /openssl (req .*)$/.exec(remedy)?.[1] ?? assert.fail(remedy);
        folder.openssl(command.replace("DEVICE.key", "camera.key").replace("FILE", "again.pem"));
        readSettings(stack(pumps, camera("again")), folder.path);
    });

    it("refuses explicit curve parameters, and OpenSSL accepts the leaf of the renamed key", async () => {
        folder.openssl(
            "ec -in pump.key -param_enc explicit -conv_form compressed -out explicit.key",
        );
        folder.openssl("req -new -key explicit.key -subj /CN=pump-1 -out explicit.csr");
        const { facts, findings } = inspectCsr(Buffer.from(folder.read("explicit.csr")), "pump-1");
        assert.equal(facts, undefined);
        assert.equal(findings[0].value, "an ECDSA key with explicit curve parameters");
        assert.throws(() => requestedKey(folder.read("explicit.csr")), /curve parameters/);

        folder.openssl("ec -in explicit.key -param_enc named_curve -out named.key");
        folder.openssl("req -new -key named.key -subj /CN=pump-1 -out named.csr");
        const issuer = {
            certificatePem: folder.read("pumps.pem"),
            privateKeyPem: folder.openssl("pkcs8 -topk8 -nocrypt -in field.key").toString(),
        };
        const publicKey = requestedKey(folder.read("named.csr"));
        const notAfter = new Date(Date.now() + 24 * 3600 * 1000);
        const leaf = await issueLeaf(issuer, {
            commonName: "pump-1",
            subject: {},
            publicKey,
            notAfter,
        });
        folder.write("leaf.pem", leaf);
        const said = folder.openssl(
            "verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted pumps.pem leaf.pem",
        );
        assert.match(String(said), /leaf\.pem: OK/);
    });
});
