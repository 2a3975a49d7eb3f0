import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { certsOnly, decodeBody } from "../../../est/encoding";
import { Refusal } from "../../../est/refusal";
import { RequestRate } from "../../../est/requestRate";
import { withIssued, withoutFormer } from "../../../est/thumbprints";
import { makeCa } from "../../support/pki";

describe("what the EST service sends and takes", () => {
    it("is a PKCS#7 that OpenSSL reads in the same order, between PEM lines as aziot puts them", async () => {
        const [one, other] = await Promise.all(
            ["One", "Other"].map((commonName) => makeCa({ commonName })),
        );
        const body = certsOnly([other.certificate, one.certificate]);
        const input = `-----BEGIN PKCS7-----\n${body}-----END PKCS7-----\n`;
        const text = execFileSync("openssl", ["pkcs7", "-print_certs", "-noout"], { input });
        const subjects = [...text.toString().matchAll(/^subject=.*CN ?= ?(\w+)/gm)];
        assert.deepEqual(
            subjects.map(([, name]) => name),
            ["Other", "One"],
        );
        assert.match(body, /^[A-Za-z0-9+/]+={0,2}\n$/);
    });

    it("is base64 with and without line breaks", () => {
        const der = Buffer.from("0123456789".repeat(20));
        const text = der.toString("base64");
        for (const form of [text, text.replace(/.{64}/g, "$&\n"), `${text}\r\n`]) {
            assert.deepEqual(decodeBody(Buffer.from(form)), der);
        }
        for (const bad of ["", "a", "hello!", "-----BEGIN", "\u0000\u0001"]) {
            assert.throws(() => decodeBody(Buffer.from(bad)), Refusal, bad);
        }
    });
});

describe("the thumbprints of a listed device", () => {
    const by = (primaryThumbprint: string, secondaryThumbprint?: string) => ({
        type: "selfSigned" as const,
        x509Thumbprint: {
            primaryThumbprint,
            ...(secondaryThumbprint === undefined ? {} : { secondaryThumbprint }),
        },
    });

    it("gain the new one beside the one that asked", () => {
        assert.deepEqual(withIssued(by("A"), "A", "B"), by("A", "B"));
        assert.deepEqual(withIssued(by("A", "B"), "B", "C"), by("B", "C"));
        assert.deepEqual(withIssued(by("A", "LOST"), "A", "B"), by("A", "B"));
        assert.deepEqual(withIssued(by("A", "X"), undefined, "B"), by("A", "B"));
        assert.deepEqual(withIssued(by(""), undefined, "B"), by("B"));
        assert.equal(withIssued(by("A", "B"), "A", "B"), undefined);
        assert.equal(withIssued({ type: "certificateAuthority" }, "A", "B"), undefined);
    });

    it("lose the old one when the new one was used", () => {
        assert.deepEqual(withoutFormer(by("A", "B"), "B"), by("B"));
        assert.equal(withoutFormer(by("A", "B"), "A"), undefined);
        assert.equal(withoutFormer(by("A"), "A"), undefined);
    });
});

describe("the rate of requests", () => {
    it("is limited for each client, fills again, and remembers no more clients than it may", () => {
        const rate = new RequestRate(2, 3);
        assert.deepEqual([rate.take("a", 0), rate.take("a", 0), rate.take("a", 0)], [0, 0, 30]);
        assert.equal(rate.take("b", 0), 0);
        assert.equal(rate.take("a", 30_000), 0);
        assert.equal(rate.take("a", 30_000), 30);
        ["c", "d", "e"].forEach((one) => rate.take(one, 30_000));
        assert.equal(rate.take("a", 30_000), 0);
    });
});
