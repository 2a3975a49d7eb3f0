import * as assert from "assert";
import { X509Certificate } from "crypto";
import { reasonsText, reissueReasons, Wanted } from "../../../../components/pki/reissueReasons";
import { issueLeaf, makeKeyPair } from "../../../../components/x509/issue";
import { makeCa } from "../../../support/pki";

const day = 24 * 3600 * 1000;

describe("the reasons to issue a certificate again", () => {
    it("are named by what the certificate shows", async () => {
        const ca = await makeCa({
            commonName: "CA pumps G1",
            notAfter: new Date(Date.now() + 365 * day),
        });
        const next = await makeCa({ commonName: "CA pumps G2" });
        const keys = await makeKeyPair("ECDSA-P256");
        const pem = await issueLeaf(
            { certificatePem: ca.certificate, privateKeyPem: ca.key },
            {
                commonName: "d",
                subject: { organization: "Contoso", country: "US" },
                publicKey: keys.publicKey,
                notAfter: new Date(Date.now() + 30 * day),
            },
        );
        const same: Wanted = {
            organization: "Contoso",
            country: "US",
            validityDays: 30,
            renewBeforeDays: 10,
            generatedKey: "ECDSA-P256/1",
            issuerCertificate: ca.certificate,
        };
        const ask = (change: Partial<Wanted>, now = Date.now(), isOther = true): string =>
            reasonsText(
                reissueReasons(pem, {
                    generatedKey: "ECDSA-P256/1",
                    wanted: { ...same, ...change },
                    isOther,
                    now,
                }),
            );
        const end = new Date(new X509Certificate(pem).validTo).toISOString();
        assert.equal(ask({}, Date.now(), false), "");
        assert.equal(
            ask({ issuerCertificate: next.certificate }),
            "issuer rotated (generation 1 -> 2)",
        );
        assert.equal(
            ask({ generatedKey: "ECDSA-P256/2" }),
            "key changed (ECDSA-P256/1 -> ECDSA-P256/2)",
        );
        assert.equal(
            ask({ organization: "Fabrikam", validityDays: 60 }),
            "subject changed (O: Contoso -> Fabrikam); policy changed (valid for 30 -> 60 days)",
        );
        assert.match(ask({}), /^inputs changed/);
        assert.equal(ask({}, Date.now() + 25 * day, false), `renewal due (expires ${end})`);
    });
});
