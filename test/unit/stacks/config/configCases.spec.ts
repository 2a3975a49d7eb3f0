import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { readFileSync } from "fs";
import * as path from "path";
import { provider } from "../../../../components/pki/deviceCertificateProvider";
import { requestedKey } from "../../../../components/x509/csr";
import { readSettings } from "../../../../stacks/config";
import { good, problemsOf, Raw } from "./configSupport";

const folder = path.join(__dirname, "../../..", "cases");
const now = new Date("2026-12-01");

const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
const openssl = (...args: string[]): Buffer => execFileSync("openssl", args, { cwd: folder });

const requests = (...devices: [id: string, csr: string][]): Raw =>
    good({ devices: devices.map(([id, csr]) => ({ id, csr, group: "pumps" })) });
const rootOf = (certificate: string): Raw =>
    good({ groups: {}, pki: { root: { keys: "offline", certificate } } });

function csrPem(id: string, file: string): string {
    const [{ authentication }] = readSettings(requests([id, file]), folder, { now }).devices;
    assert(authentication.kind === "csr");
    return authentication.csrPem;
}

describe("files as users provide them (test/cases)", () => {
    it("a request is the same with other line endings", async () => {
        const digest = async (csr: string): Promise<unknown> => {
            const inputs = { issuer: "i", request: { deviceId: "d-crlf", csr } };
            const checked = await provider.check?.({} as never, inputs as never);
            return (checked?.inputs as { csr: string }).csr;
        };
        assert.notEqual(read("request-crlf.csr"), read("request-lf.csr"));
        assert.equal(csrPem("d-crlf", "request-crlf.csr"), read("request-lf.csr"));
        assert.equal(await digest(read("request-crlf.csr")), await digest(read("request-lf.csr")));
    });

    it("a TRUSTED CERTIFICATE has the thumbprint of its certificate", () => {
        for (const file of ["own-certificate.pem", "own-certificate-trusted-label.pem"]) {
            const camera = { id: "gw-1", auth: "thumbprint", certificates: [file] };
            const [device] = readSettings(good({ devices: [camera] }), folder, { now }).devices;
            assert(device.authentication.kind === "thumbprint");
            const said = openssl("x509", "-in", file, "-noout", "-fingerprint", "-sha256");
            const expected = String(said).trim().split("=")[1].replace(/:/g, "");
            assert.equal(device.authentication.primary, expected, file);
        }
    });

    it("a request with explicit curve parameters is refused with the cause", () => {
        const problems = problemsOf(requests(["d-explicit", "ec-explicit-curve.csr"]), folder);
        assert.equal(problems.length, 1);
        const [{ value, rule, remedy }] = problems;
        assert.match(value, /an ECDSA key with explicit curve parameters/);
        assert.match(rule, /RFC 5480, 2\.1\.1/);
        assert.match(remedy, /openssl ec -in DEVICE\.key -param_enc named_curve/);
    });

    it("a compressed point is issued uncompressed", () => {
        const key = requestedKey(csrPem("d-compressed", "ec-compressed-point.csr"));
        const plain = openssl("req", "-in", "ec-same-key-uncompressed.csr", "-noout", "-pubkey");
        const der = execFileSync("openssl", ["pkey", "-pubin", "-outform", "DER"], {
            input: plain,
        });
        assert.deepEqual(key, der);
    });

    it("one key in two encodings is refused as shared", () => {
        const both = requests(
            ["d-compressed", "ec-compressed-point.csr"],
            ["d-plain", "ec-same-key-uncompressed.csr"],
        );
        const problems = problemsOf(both, folder);
        assert.deepEqual(
            problems.map(({ path: where, value }) => [where, value]),
            [["devices[1].csr", "the same key as d-compressed"]],
        );
    });

    it("a request signed with RSA-PSS is accepted", () => {
        assert.equal(csrPem("d-pss", "rsa-pss-signature.csr"), read("rsa-pss-signature.csr"));
    });

    it("a root without keyUsage is accepted with a warning", () => {
        const warnings: string[] = [];
        const settings = readSettings(rootOf("root-without-keyusage.pem"), folder, {
            now,
            onWarning: (text) => warnings.push(text),
        });
        assert.equal(settings.pki.root.commonName, "Root");
        assert.equal(warnings.length, 1);
        assert.match(warnings[0], /^pki\.root\.certificate: .*no keyUsage.*RFC 5280/);
    });

    it("an issuing CA as the root is refused, and the error names what is supported", () => {
        const problems = problemsOf(rootOf("corporate-issuing-ca.pem"), folder, { now });
        assert.equal(problems.length, 1);
        assert.match(problems[0].value, /not self-signed, issued by CN=Corp/);
        assert.match(problems[0].rule, /a CA below another root is not supported/);
        readSettings(rootOf("corporate-root.pem"), folder, { now });
    });
});
