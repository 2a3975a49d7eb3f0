import { strict as assert } from "assert";
import { readSettings } from "../../../../stacks/config";
import { makeCertificates, makeKeys } from "./configFileSamples";
import { good, inputs, problemsOf, ProjectFolder, Raw, refuses } from "./configSupport";

const cameraPath = "devices[0].certificates[0]";
const rootPath = "pki.root.certificate";
const fieldPath = "groups.pumps.intermediate.certificates.1";
const proofPath = "pki.root.proof";

const camera = (...certificates: unknown[]): Raw =>
    good({ devices: [{ id: "cam-1", auth: "thumbprint", certificates }] });
const offline = (certificate: string): Raw =>
    good({ groups: {}, pki: { root: { keys: "offline", certificate } } });
const field = (file: string, commonName = "Field CA", generation = "1"): Raw => ({
    ...offline("root.pem"),
    groups: {
        pumps: {
            validityDays: 3,
            intermediate: { commonName, certificates: { [generation]: file } },
        },
    },
});
const proof = (file: string, trust = "root"): Raw =>
    good({
        groups: {},
        pki: { trust, root: { keys: "offline", certificate: "root.pem", proof: file } },
    });

describe("configuration: bad certificates, made by OpenSSL", () => {
    const folder = new ProjectFolder();
    before(() => {
        makeKeys(folder);
        makeCertificates(folder);
        folder.openssl("req -new -key ec.key -subj /CN=pump-1 -out good.csr");
        folder.openssl(
            "req -new -newkey rsa:2048 -nodes -keyout pump.key -sha512 -subj /CN=pump-1/O=Other -out goodRsa.csr",
        );
    });
    after(() => folder.remove());

    refuses(
        () => folder.path,
        inputs([
            [
                "a chain as a device's certificate",
                camera("chain.pem"),
                cameraPath,
                '"chain.pem" (2 PEM blocks)',
                "not a chain",
                "keep the intended",
            ],
            [
                "a private key beside a device's certificate",
                camera("withKey.pem"),
                cameraPath,
                '"withKey.pem" (a file with a private key (not shown))',
                "must not contain a private key",
                "generate a new key",
            ],
            [
                "a request in place of a certificate",
                camera("good.csr"),
                cameraPath,
                '"good.csr" (a certificate signing request)',
                "certificate in PEM",
                "BEGIN CERTIFICATE-----",
            ],
            [
                "a device's certificate with a weak key",
                camera("weakCamera.pem"),
                cameraPath,
                '"weakCamera.pem" (an RSA-1024 key)',
                "RSA of 2048, 3072, 4096 or 8192 bits",
                "openssl genpkey -algorithm RSA",
            ],
            [
                "one certificate as primary and secondary",
                camera("camera.pem", "camera.pem"),
                "devices[0].certificates[1]",
                '"camera.pem"',
                "must differ from the primary",
                "delete",
            ],
            [
                "a root that is not there",
                offline("pki/root.pem"),
                rootPath,
                '"pki/root.pem"',
                "pki/root.pem must exist",
                "openssl req -x509 -newkey rsa:4096 -sha256 -days 3650 -keyout root.key -out root.pem -subj '/O=Contoso/CN=IoT Root CA'",
            ],
            [
                "a root that is no CA",
                offline("noCa.pem"),
                rootPath,
                '"noCa.pem" (CA:FALSE)',
                "CA:TRUE",
                "-extfile",
            ],
            [
                "a root that may not sign",
                offline("noSigner.pem"),
                rootPath,
                '"noSigner.pem" (a keyUsage without keyCertSign)',
                "keyCertSign",
                "keyUsage=critical",
            ],
            [
                "a root with no room below it",
                offline("noRoom.pem"),
                rootPath,
                '"noRoom.pem" (pathlen:0)',
                "a CA below",
                "pathlen:1",
            ],
            [
                "a root without a common name",
                offline("nameless.pem"),
                rootPath,
                '"nameless.pem" (0 common names)',
                "exactly one common name",
                "one CN",
            ],
            [
                "an intermediate as root",
                offline("field.pem"),
                rootPath,
                '"field.pem" (not self-signed, issued by CN=Root)',
                "must be a self-signed root; a CA below another root is not supported",
                "the root itself (CN=Root)",
            ],
            [
                "a root's algorithm beside its certificate",
                good({
                    groups: {},
                    pki: {
                        root: {
                            keys: "offline",
                            certificate: "root.pem",
                            keyAlgorithm: "RSA-4096",
                        },
                    },
                }),
                "pki.root.keyAlgorithm",
                '"RSA-4096"',
                "comes from the offline root's certificate",
                "delete this line",
            ],
            [
                "an intermediate signed without extensions (X.509 v1)",
                field("v1.pem"),
                fieldPath,
                '"v1.pem" (no basicConstraints, as in X.509 version 1)',
                "CA:TRUE",
                "-extfile",
            ],
            [
                "an intermediate of another root of the same name",
                field("byOther.pem"),
                fieldPath,
                '"byOther.pem" (issued by CN=Root)',
                "signed with the key of the root CN=Root",
                "pki.root.certificate",
            ],
            [
                "an intermediate signed with SHA-1",
                field("sha1.pem"),
                fieldPath,
                '"sha1.pem" (signed with SHA-1)',
                "SHA-256",
                "-sha256",
            ],
            [
                "an intermediate with another name",
                field("field.pem", "Pump CA"),
                fieldPath,
                '"field.pem" (CN=Field CA G1)',
                '"Pump CA G1"',
                "this group and generation",
            ],
            [
                "a certificate of a generation that is not in use",
                field("field.pem", "Field CA", "2"),
                "groups.pumps.intermediate.certificates.2",
                '"2"',
                "generation in use: 1",
                "retain",
            ],
            [
                "a proof by another root",
                proof("byOther.pem"),
                proofPath,
                '"byOther.pem" (issued by CN=Root)',
                "signed with the key of the root",
                "sign the request again",
            ],
            [
                "a proof where none is needed",
                proof("field.pem", "intermediates"),
                proofPath,
                '"field.pem"',
                "pki.trust: root",
                "with their keys",
            ],
        ]),
    );

    it("refuses an intermediate that outlives its root", () => {
        const problems = problemsOf(field("long.pem"), folder.path);
        assert.deepEqual(
            problems.map(({ path, rule }) => [path, rule.replace(/\d{4}-\d\d-\d\d/, "DAY")]),
            [[fieldPath, "must not outlive its issuer, which expires DAY"]],
        );
    });

    it("refuses certificates that have expired or are not valid yet", () => {
        const at = (now: string) =>
            problemsOf(camera("camera.pem"), folder.path, { now: new Date(now) });
        const [late] = at("2400-01-01");
        assert.match(late.value, /^"camera.pem" \(valid until \d{4}-\d\d-\d\d\)$/);
        assert.equal(late.rule, "must not have expired");
        const [early] = at("2001-01-01");
        assert.match(early.value, /^"camera.pem" \(valid from \d{4}-\d\d-\d\d\)$/);
        assert.equal(early.rule, "must already be valid");
    });

    it("does not check the expiry of a disabled device's certificate, a proof, or a CA in use", () => {
        const now = new Date("2400-01-01");
        const retired = { id: "cam-1", auth: "thumbprint", certificates: ["camera.pem"] };
        const raw = good({ devices: [{ ...retired, status: "disabled" }] });
        assert.equal(readSettings(raw, folder.path, { now }).devices[0].status, "disabled");
        const { root } = readSettings(proof("field.pem"), folder.path, { now }).pki;
        assert.equal(root.commonName, "Root");
    });

    it("accepts valid certificates, and computes thumbprints as OpenSSL does", () => {
        const settings = readSettings(
            {
                ...field("field.pem"),
                devices: [
                    { id: "pump-1", group: "pumps", csr: "goodRsa.csr" },
                    { id: "cam-1", auth: "thumbprint", certificates: ["camera.pem"] },
                ],
            },
            folder.path,
        );
        const fingerprint = folder.openssl("x509 -in camera.pem -noout -fingerprint -sha256");
        const authentication = settings.devices[1].authentication;
        assert(authentication.kind === "thumbprint");
        assert.equal(
            authentication.primary,
            /=(.*)/.exec(String(fingerprint))?.[1].replace(/:/g, ""),
        );
        assert.equal(settings.pki.root.commonName, "Root");
        assert.equal(settings.pki.root.keyAlgorithm, "RSA-2048");
        assert.equal(settings.pki.root.validityDays, 30);
        assert.equal(settings.groups[0].intermediate.certificatePems[1], folder.read("field.pem"));
    });
});
