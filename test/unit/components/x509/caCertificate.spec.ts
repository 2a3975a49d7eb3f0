import { strict as assert } from "assert";
import { spawnSync } from "child_process";
import { createPublicKey } from "crypto";
import {
    caFindings,
    caWarnings,
    issuedFindings,
    rootFindings,
} from "../../../../components/x509/caCertificate";
import {
    GivenCertificate,
    inspectCertificate,
} from "../../../../components/x509/inspectCertificate";
import { issueLeaf } from "../../../../components/x509/issue";
import { Finding } from "../../../../components/x509/pem";
import { ProjectFolder } from "../../stacks/config/configSupport";

const subject = { organization: "Contoso Ltd", country: "DE" };
const rootLines = [
    "basicConstraints=critical,CA:TRUE,pathlen:1",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
];
const intermediateLines = [
    "basicConstraints=critical,CA:TRUE,pathlen:0",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
    "authorityKeyIdentifier=keyid",
];

interface Chain {
    readonly root?: readonly string[];
    readonly intermediate?: readonly string[];
    /** Of the intermediate's subject. */
    readonly name?: string;
    /** More arguments of `openssl verify`. */
    readonly verify?: string;
}

const withoutLine = (lines: readonly string[], start: string): string[] =>
    lines.filter((line) => !line.startsWith(start));
const named = (constraint: string, ...name: string[]): string[] => [
    `nameConstraints=critical,${constraint};dirName:names`,
    "[names]",
    ...name,
];
const ofIntermediate = (...more: string[]): Chain => ({
    intermediate: [...intermediateLines, ...more],
});
const ofRoot = (...more: string[]): Chain => ({ root: [...rootLines, ...more] });
const explicitPolicy = (certificates: number): string =>
    `policyConstraints=critical,requireExplicitPolicy:${certificates}`;

/** Chains that are good or bad, each for its reason; nothing here says which: that is for OpenSSL to say. */
const chains: Record<string, Chain> = {
    "what the program asks for": {},
    "a CA with clientAuth": ofIntermediate("extendedKeyUsage=clientAuth"),
    "a CA with critical clientAuth": ofIntermediate("extendedKeyUsage=critical,clientAuth"),
    "a CA with clientAuth among others": ofIntermediate("extendedKeyUsage=serverAuth,clientAuth"),
    "a CA for servers": ofIntermediate("extendedKeyUsage=serverAuth"),
    "a CA for servers, critical": ofIntermediate("extendedKeyUsage=critical,serverAuth"),
    "a CA for any purpose": ofIntermediate("extendedKeyUsage=anyExtendedKeyUsage"),
    "a root for servers": ofRoot("extendedKeyUsage=serverAuth"),
    "an unknown extension": ofIntermediate("1.2.3.4=ASN1:UTF8String:x"),
    "an unknown critical extension": ofIntermediate("1.2.3.4=critical,ASN1:UTF8String:x"),
    "a root with an unknown critical extension": ofRoot("1.2.3.4=critical,ASN1:UTF8String:x"),
    "critical access information": ofIntermediate(
        "authorityInfoAccess=critical,OCSP;URI:http://a/b",
    ),
    "critical distribution points": ofIntermediate("crlDistributionPoints=critical,URI:http://a/b"),
    "critical policies": ofIntermediate("certificatePolicies=critical,1.2.3.4"),
    "a critical key identifier": {
        intermediate: [
            ...withoutLine(intermediateLines, "subjectKey"),
            "subjectKeyIdentifier=critical,hash",
        ],
    },
    "basicConstraints that are not critical": {
        intermediate: [
            ...withoutLine(intermediateLines, "basic"),
            "basicConstraints=CA:TRUE,pathlen:0",
        ],
    },
    "a root with basicConstraints that are not critical": {
        root: [...withoutLine(rootLines, "basic"), "basicConstraints=CA:TRUE"],
    },
    "no key identifier": {
        intermediate: [
            ...withoutLine(intermediateLines, "subjectKey"),
            "subjectKeyIdentifier=none",
        ],
    },
    "a root without key identifier": {
        root: [...withoutLine(rootLines, "subjectKey"), "subjectKeyIdentifier=none"],
        intermediate: [
            ...withoutLine(intermediateLines, "authorityKey"),
            "authorityKeyIdentifier=none",
        ],
    },
    "no key identifier of the issuer": {
        intermediate: [
            ...withoutLine(intermediateLines, "authorityKey"),
            "authorityKeyIdentifier=none",
        ],
    },
    "names permitted: the devices'": ofIntermediate(
        ...named("permitted", "C=DE", "O=contoso  LTD"),
    ),
    "names permitted: the devices' country": ofIntermediate(...named("permitted", "C=DE")),
    "names permitted: in another order": ofIntermediate(
        ...named("permitted", "O=Contoso Ltd", "C=DE"),
    ),
    "names permitted: another organization": ofIntermediate(
        ...named("permitted", "C=DE", "O=Fabrikam"),
    ),
    "names permitted: one unit of it": ofIntermediate(
        ...named("permitted", "C=DE", "O=Contoso Ltd", "OU=Pumps"),
    ),
    "names excluded: another organization": ofIntermediate(
        ...named("excluded", "C=DE", "O=Fabrikam"),
    ),
    "names excluded: the country": ofIntermediate(...named("excluded", "C=DE")),
    "names of a root permitted: the devices'": {
        ...ofRoot(...named("permitted", "C=DE", "O=Contoso Ltd")),
        name: "/C=DE/O=Contoso Ltd/CN=Field",
    },
    "names of a root permitted, and its intermediate's is none": {
        ...ofRoot(...named("permitted", "C=DE", "O=Contoso Ltd")),
        name: "/O=Contoso Ltd/CN=Field",
    },
    "names of a root permitted: another organization": ofRoot(...named("permitted", "O=Fabrikam")),
    "host names permitted": ofIntermediate("nameConstraints=critical,permitted;DNS:example.com"),
    "addresses excluded": ofIntermediate("nameConstraints=critical,excluded;email:example.com"),
    "an explicit policy at once": {
        ...ofIntermediate(explicitPolicy(0)),
        verify: "-policy_check",
    },
    "an explicit policy below the CA": {
        ...ofIntermediate(explicitPolicy(1)),
        verify: "-policy_check",
    },
    "an explicit policy further below": {
        ...ofIntermediate(explicitPolicy(2)),
        verify: "-policy_check",
    },
    "a root with an explicit policy": { ...ofRoot(explicitPolicy(0)), verify: "-policy_check" },
    "a root with an explicit policy further below": {
        ...ofRoot(explicitPolicy(2)),
        verify: "-policy_check",
    },
};

describe("CA certificates, judged as OpenSSL judges chains", () => {
    const folder = new ProjectFolder();
    before(() => {
        folder.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out root.key");
        for (const key of ["field", "device"]) {
            folder.openssl(
                `genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ${key}.key`,
            );
        }
        folder.openssl("req -new -key root.key -out root.csr", "-subj", "/O=Contoso/CN=Root");
    });
    after(() => folder.remove());

    const given = (file: string): GivenCertificate =>
        inspectCertificate(folder.read(file), new Date()).facts ?? assert.fail(file);

    /** Root and intermediate, made by OpenSSL. */
    function make(
        { root = rootLines, intermediate = intermediateLines, name }: Chain,
        hash = "sha256",
    ): void {
        folder.write("root.ext", root.join("\n"));
        folder.write("field.ext", intermediate.join("\n"));
        folder.openssl(
            `x509 -req -in root.csr -signkey root.key -${hash} -days 30 -extfile root.ext -out root.pem`,
        );
        folder.openssl(
            "req -new -key field.key -out field.csr",
            "-subj",
            name ?? "/C=DE/O=Contoso Ltd/CN=Field",
        );
        folder.openssl(
            `x509 -req -in field.csr -CA root.pem -CAkey root.key -CAcreateserial -${hash} -days 20 ` +
                "-extfile field.ext -out field.pem",
        );
    }

    /** Verdict of OpenSSL on a device's certificate of ours below them. */
    async function verifies(more = ""): Promise<boolean> {
        const issuer = {
            certificatePem: folder.read("field.pem"),
            privateKeyPem: folder.read("field.key"),
        };
        const publicKey = createPublicKey(folder.read("device.key")).export({
            type: "spki",
            format: "der",
        });
        const notAfter = new Date(Date.now() + 24 * 3600 * 1000);
        const request = { commonName: "pump-1", subject, publicKey, notAfter };
        folder.write("leaf.pem", await issueLeaf(issuer, request));
        const line = `verify ${more} -x509_strict -purpose sslclient -CAfile root.pem -untrusted field.pem leaf.pem`;
        return spawnSync("openssl", line.trim().split(/ +/), { cwd: folder.path }).status === 0;
    }

    function judged(): Finding[] {
        const [root, field] = [given("root.pem"), given("field.pem")];
        return [
            ...rootFindings(root, subject),
            ...caFindings(field, subject),
            ...issuedFindings(field, root),
        ];
    }

    const texts = (findings: readonly Finding[]): string => JSON.stringify(findings, undefined, 2);

    /** Path validation does without what these lack (RFC 5280, 6.1); OpenSSL alone refuses them when it is strict. */
    const warned = [
        "basicConstraints that are not critical",
        "a root with basicConstraints that are not critical",
        "no key identifier",
        "a root without key identifier",
        "no key identifier of the issuer",
    ];
    const isWarned = (name: string): boolean => warned.includes(name);

    for (const name of warned) {
        it(`accepts with a warning: ${name}`, async () => {
            make(chains[name]);
            assert.equal(await verifies(), false);
            assert.deepEqual(judged(), []);
            const warnings = ["root.pem", "field.pem"].flatMap((file) => caWarnings(given(file)));
            assert.notEqual(warnings.length, 0);
        });
    }

    let refusals = 0;
    for (const [name, chain] of Object.entries(chains).filter(([one]) => !isWarned(one))) {
        it(`agrees with OpenSSL: ${name}`, async () => {
            make(chain);
            const isGood = await verifies(chain.verify);
            const findings = judged();
            assert.equal(findings.length === 0, isGood, texts(findings));
            refusals += isGood ? 0 : 1;
            for (const { value, rule, remedy } of findings) {
                assert(value !== "" && /RFC 5280|OpenSSL/.test(rule) && remedy !== "");
            }
        });
    }

    it("OpenSSL accepts some of them and refuses others", () => {
        assert(refusals > 10 && Object.keys(chains).length - refusals > 10, String(refusals));
    });

    it("accepts a CA without keyUsage, which only OpenSSL's strict mode refuses, with a warning", async () => {
        make({ root: withoutLine(rootLines, "keyUsage") });
        assert.equal(await verifies(), false);
        assert.deepEqual(judged(), []);
        assert.deepEqual(
            caWarnings(given("root.pem")).map(({ value }) => value),
            ["no keyUsage"],
        );
    });

    it("warns about constraints that OpenSSL applies to an ID with a dot", () => {
        make(chains["host names permitted"]);
        assert.deepEqual(
            caWarnings(given("field.pem")).map(({ value }) => value),
            ["name constraints for host names"],
        );
    });

    it("refuses a root and an intermediate that are signed with SHA-1 or MD5", () => {
        for (const [hash, value] of [
            ["sha1", "signed with SHA-1"],
            ["md5", "signed with MD5"],
        ]) {
            make({}, hash);
            const [root, field] = [given("root.pem"), given("field.pem")];
            for (const findings of [rootFindings(root, subject), issuedFindings(field, root)]) {
                assert.equal(findings.length, 1, texts(findings));
                assert(findings[0].value.startsWith(value), texts(findings));
            }
        }
    });

    it("refuses two different signature algorithms in one certificate", () => {
        make({});
        const der = folder.openssl("x509 -in field.pem -outform DER");
        // sha256WithRSAEncryption, of which the first is signed and the second is not.
        const oid = Buffer.from("06092a864886f70d01010b", "hex");
        const at = der.lastIndexOf(oid);
        assert(at > der.indexOf(oid));
        der[at + oid.length - 1] = 12;
        folder.write("two.der", der);
        folder.openssl("x509 -inform DER -in two.der -out two.pem");
        const values = caFindings(given("two.pem"), subject).map(({ value }) => value);
        assert.deepEqual(values, ["two different signature algorithms, one of them not signed"]);
    });

    it("refuses name constraints that no verifier can apply", () => {
        // SEQUENCE { [0] { SEQUENCE { [4] Name {}, [0] minimum 1 } } }, and one whose name is none.
        for (const der of ["300b a009 3007 a402 3000 8001 01", "3008 a006 3004 a402 0500"]) {
            const value = der.replace(/ /g, "").replace(/..(?!$)/g, "$&:");
            make(ofIntermediate(`2.5.29.30=critical,DER:${value}`));
            const [finding, ...more] = caFindings(given("field.pem"), subject);
            assert.deepEqual(more, []);
            assert.match(finding.value, /has unreadable name constraints/);
        }
    });

    it("refuses a prime as a CA's modulus", () => {
        const ca = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign";
        folder.openssl(`req -x509 -new -key root.key -days 30 -subj /CN=P ${ca} -out p.pem`);
        const hex = folder.openssl("prime -generate -bits 2048 -hex").toString().trim();
        const n = Buffer.from(hex, "hex").toString("base64url");
        const key = createPublicKey({ key: { kty: "RSA", n, e: "AQAB" }, format: "jwk" });
        folder.write("p.pub", key.export({ type: "spki", format: "pem" }));
        folder.openssl(
            "x509 -in p.pem -signkey root.key -force_pubkey p.pub -days 30 -out prime.pem",
        );
        const values = caFindings(given("prime.pem")).map(({ value }) => value);
        assert.equal(values[0], "an RSA modulus that is a prime");
    });

    it("has remedies that work", () => {
        const bad = [...withoutLine(intermediateLines, "keyUsage"), "keyUsage=critical,cRLSign"];
        const badRoot = [...withoutLine(rootLines, "keyUsage"), "keyUsage=critical,cRLSign"];
        make({ root: badRoot, intermediate: bad }, "sha1");
        const run = (remedy: string, files: Record<string, string>): void => {
            const command = remedy.slice(remedy.indexOf("printf"));
            const line = Object.entries(files).reduce(
                (text, [name, file]) => text.replaceAll(name, file),
                command,
            );
            const { status, stderr } = spawnSync("sh", ["-ec", line], { cwd: folder.path });
            assert.equal(status, 0, `${line}: ${String(stderr)}`);
        };
        const [root] = rootFindings(given("root.pem"), subject);
        run(root.remedy, { "OLD.pem": "root.pem", "ROOT.key": "root.key", "NEW.pem": "new.pem" });
        const newRoot = given("new.pem");
        assert.deepEqual(rootFindings(newRoot, subject), []);
        const [field] = caFindings(given("field.pem"), subject);
        run(field.remedy, {
            "REQUEST.csr": "field.csr",
            "ROOT.pem": "new.pem",
            "ROOT.key": "root.key",
            "NEW.pem": "newField.pem",
        });
        const newField = given("newField.pem");
        const findings = [...caFindings(newField, subject), ...issuedFindings(newField, newRoot)];
        assert.deepEqual(findings, []);
    });
});
