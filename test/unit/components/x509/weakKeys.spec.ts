import { strict as assert } from "assert";
import { spawnSync } from "child_process";
import { checkPrimeSync, createPublicKey, generatePrimeSync, KeyObject } from "crypto";
import { inspectCsr } from "../../../../components/x509/csr";
import { inspectCertificate } from "../../../../components/x509/inspectCertificate";
import { keyFinding, primeFinding } from "../../../../components/x509/publicKey";
import { hasRocaFingerprint, rsaNumbers } from "../../../../components/x509/weakKeys";
import { childrenOf, DerElement, elementAt } from "../../../../components/x509/der";
import type { DeviceReading } from "../../../../stacks/config/deviceReading";
import { checkFleet } from "../../../../stacks/config/fleetChecks";
import { ConfigurationError, Report } from "../../../../stacks/config/report";
import { good, problemsOf, ProjectFolder } from "../../stacks/config/configSupport";

const f4 = 65537n;
const prime = (bits: number): bigint => generatePrimeSync(bits, { bigint: true });

function nextPrime(number: bigint): bigint {
    let candidate = number | 1n;
    while (!checkPrimeSync(candidate)) {
        candidate += 2n;
    }
    return candidate;
}

/** The first prime above a power of two, whose exponent need be no integer. */
function primeNear(exponent: number): bigint {
    const whole = Math.floor(exponent) - 40;
    return nextPrime(BigInt(Math.round(2 ** (exponent - whole))) << BigInt(whole));
}

function publicKey(n: bigint, e = f4): KeyObject {
    const base64 = (number: bigint): string => {
        const hex = number.toString(16);
        return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString(
            "base64url",
        );
    };
    return createPublicKey({ key: { kty: "RSA", n: base64(n), e: base64(e) }, format: "jwk" });
}

function sequence(...parts: readonly Buffer[]): Buffer {
    const content = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([0x30, 0x82, content.length >> 8, content.length]), content]);
}

const spki = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });

/** A prime as RSALib makes it: k · M + (65537^a mod M) with M the product of the first 126 primes (for 2048-bit keys). */
function rocaPrime(first: number): bigint {
    let product = 1n;
    for (let number = 2, found = 0; found < 126; number++) {
        if (checkPrimeSync(BigInt(number))) {
            product *= BigInt(number);
            found++;
        }
    }
    const power = (exponent: number): bigint => {
        let result = 1n;
        for (let step = 0; step < exponent; step++) {
            result = (result * f4) % product;
        }
        return result;
    };
    const least = (3n << 1022n) / product + 1n;
    for (let exponent = first; ; exponent++) {
        const candidate = (least + BigInt(exponent)) * product + power(exponent);
        if (checkPrimeSync(candidate)) {
            return candidate;
        }
    }
}

/** A modulus that the authors of the attack publish to test detectors with: crocs-muni/roca, roca/tests/data/mod03.txt. */
const publishedRoca = BigInt(
    "0x9dcd7420e420c270a68060eb8b5aa7457a9f6648f86fafed2775cc1f79ae962f1e63f1b9e51c55f9ea6fdc7332e9b0058c9ff2eb1fc898550" +
        "29cf6aafe21e689feb38ac9ffb12f1ce371bb5d0e9aae64161abce74b4244bf68f1edb4411f756a097c8929c14740245ea355f8332d1aa36bb5" +
        "0c7dcb4505da8de02e4e53d38f8df06097da7524df0df93db48eac8cc4af2d3a16257eb2b2adca6ba464e5974fa92550d31b1babf161e7692d0" +
        "0b86e3dd886ecab4abfbe1a8f8cc263ff4af55cdb45f4249a5193925f5e983d762f0b6800943eb0267b08f42ed311ce1f5c86eacbc8ce4d3cb7" +
        "a2fee1ef5641423a1cf4114e5ecf50034a60a412523af9e6f4aa11",
);

describe("RSA keys that reveal their private key", () => {
    const folder = new ProjectFolder();
    let sound: bigint;
    before(() => {
        folder.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out sound.key");
        folder.openssl("pkey -in sound.key -pubout -out sound.pub");
        sound = rsaNumbers(createPublicKey(folder.read("sound.pub"))).modulus;
        folder.openssl("req -new -key sound.key -subj /CN=d -out carrier.csr");
        folder.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signer.key");
    });
    after(() => folder.remove());

    /** OpenSSL's own verdict (NIST SP 800-56B, 6.4.2.2), which knows neither ROCA nor close primes. */
    function passesPubcheck(key: KeyObject): boolean {
        folder.write("check.pub", key.export({ type: "spki", format: "pem" }));
        const args = ["pkey", "-pubin", "-in", "check.pub", "-pubcheck", "-noout"];
        return spawnSync("openssl", args, { cwd: folder.path }).status === 0;
    }

    /** The findings on a certificate and on a request with this key. Nobody can sign the request, which is not asked. */
    function values(key: KeyObject): string[] {
        folder.write("weak.pub", key.export({ type: "spki", format: "pem" }));
        folder.openssl("x509 -req -in carrier.csr -signkey sound.key -days 30 -out carrier.pem");
        folder.openssl(
            "x509 -req -in carrier.csr -signkey sound.key -force_pubkey weak.pub -days 30 -out weak.pem",
        );
        const { findings } = inspectCertificate(Buffer.from(folder.read("weak.pem")), new Date());
        const request = inspectCsr(requestWith(key), "d");
        assert.deepEqual(
            request.findings.map(({ value, rule }) => ({ value, rule })),
            findings.map(({ value, rule }) => ({ value, rule })),
        );
        for (const { remedy } of [...findings, ...request.findings]) {
            assert.match(remedy, /openssl (genpkey|req -new -newkey)/);
        }
        return findings.map(({ value, rule }) => `${value}: ${rule}`);
    }

    /** A request of OpenSSL's whose key is another one (RFC 2986, 4). */
    function requestWith(key: KeyObject): Buffer {
        const der = folder.openssl("req -in carrier.csr -outform DER");
        const partsOf = (element: DerElement): Buffer[] =>
            childrenOf(der, element).map(({ begin, end }) => der.subarray(begin, end));
        const outer = elementAt(der, 0) ?? assert.fail();
        const [, algorithm, signature] = partsOf(outer);
        const [version, subject, , attributes] = partsOf(childrenOf(der, outer)[0]);
        const info = sequence(version, subject, spki(key), attributes);
        return sequence(info, algorithm, signature);
    }

    for (const e of [1n, 2n, 3n, 17n, 257n, 65535n, 65536n, 65538n]) {
        it(`refuses an RSA key with exponent ${e}`, () => {
            const [said, ...more] = values(publicKey(sound, e));
            assert.equal(more.length, 0);
            assert.match(said, new RegExp(`the public exponent ${e}: .*FIPS 186-5`));
        });
    }

    it("refuses a request that OpenSSL made with exponent 3", () => {
        const key = "-newkey rsa:2048 -pkeyopt rsa_keygen_pubexp:3 -nodes -keyout three.key";
        folder.openssl(`req -new ${key} -subj /CN=d -out three.csr`);
        const { facts, findings } = inspectCsr(Buffer.from(folder.read("three.csr")), "d");
        assert.equal(facts, undefined);
        assert.deepEqual(
            findings.map(({ value }) => value),
            ["an RSA key with the public exponent 3"],
        );
    });

    it("accepts an odd exponent from 65537 on, and refuses one of more than 256 bits", () => {
        const long = (1n << 255n) + 1n;
        for (const e of [65537n, 65539n, (1n << 32n) + 15n, long]) {
            const key = publicKey(sound, e);
            assert.equal(keyFinding(spki(key), key, "", ""), undefined, String(e));
        }
        assert.match(values(publicKey(sound, (1n << 256n) + 1n))[0], /exponent of 257 bits/);
    });

    it("refuses an exponent with which OpenSSL cannot verify beside a long modulus", () => {
        const n = prime(2048) * prime(2048);
        const long = publicKey(n, (1n << 64n) + 13n);
        assert.match(keyFinding(spki(long), long, "", "")?.rule ?? "", /less than 2\^64/);
        const short = publicKey(n, (1n << 63n) + 13n);
        assert.equal(keyFinding(spki(short), short, "", ""), undefined);
    });

    const weak: Record<string, [modulus: () => bigint, said: RegExp, pubcheck: boolean]> = {
        "an even modulus": [() => sound + 1n, /divisible by 2/, false],
        "a modulus with the factor 3": [() => multipleOf(3n), /divisible by 3/, false],
        "a modulus with the factor 751": [() => multipleOf(751n), /divisible by 751/, false],
        "a modulus with the factor 4093": [() => multipleOf(4093n), /divisible by 4093/, true],
        "the square of a prime": [() => prime(1024) ** 2n, /perfect power \(exponent 2\)/, false],
        "the cube of a prime": [
            () => primeNear(2047.5 / 3) ** 3n,
            /perfect power \(exponent 3\)/,
            false,
        ],
        "the fifth power of a prime": [
            () => primeNear(2047.5 / 5) ** 5n,
            /perfect power \(exponent 5\)/,
            false,
        ],
        "neighbouring primes": [closePrimes(2n), /close to each other/, true],
        "primes that differ in their lower half": [
            closePrimes(1n << 512n),
            /close to each other/,
            true,
        ],
        "primes of ROCA's form": [
            () => rocaPrime(1000) * rocaPrime(2000),
            /ROCA.*CVE-2017-15361/,
            true,
        ],
        "a published ROCA modulus": [() => publishedRoca, /ROCA \(CVE-2017-15361\)/, true],
    };
    for (const [name, [modulus, said, pubcheck]] of Object.entries(weak)) {
        it(`refuses ${name}`, () => {
            const key = publicKey(modulus());
            assert.equal(passesPubcheck(key), pubcheck);
            const [first, ...more] = values(key);
            assert.match(first ?? "", said);
            assert.equal(more.length, 0);
        });
    }

    function multipleOf(factor: bigint): bigint {
        return factor * primeNear(1023.7) * primeNear(1023.8 - Math.log2(Number(factor)));
    }

    function closePrimes(apart: bigint): () => bigint {
        return () => {
            const p = prime(1024);
            return p * nextPrime(p + apart);
        };
    }

    for (const bits of [1024, 2047, 2049, 2056, 3071, 5120, 6144, 16384]) {
        it(`refuses an RSA key of ${bits} bits`, () => {
            const key = publicKey((1n << BigInt(bits - 1)) + 15n);
            const [said] = values(key);
            assert.match(
                said,
                new RegExp(`an RSA-${bits} key: the key must be RSA of 2048, 3072, `),
            );
        });
    }

    it("accepts thirty keys of 2048 bits and one of each other size, generated by OpenSSL", function () {
        this.timeout(120_000);
        const options = [
            ...Array<string>(30).fill("rsa_keygen_bits:2048"),
            "rsa_keygen_bits:3072",
            "rsa_keygen_bits:4096",
            // Of five primes, because two of 4096 bits take a minute.
            "rsa_keygen_bits:8192 -pkeyopt rsa_keygen_primes:5",
        ];
        for (const option of options) {
            const pem = folder.openssl(`genpkey -algorithm RSA -pkeyopt ${option}`).toString();
            const key = createPublicKey(pem);
            assert.equal(keyFinding(spki(key), key, "", ""), undefined, pem);
            assert.equal(hasRocaFingerprint(rsaNumbers(key).modulus), false);
        }
    });

    it("checks thousands of keys in seconds", () => {
        const key = publicKey(sound);
        const der = spki(key);
        const start = performance.now();
        for (let time = 0; time < 1000; time++) {
            keyFinding(der, key, "", "");
        }
        // 0.1 to 0.3 ms each; the bound allows for a busy machine.
        assert(performance.now() - start < 5000);
    });

    it("refuses a prime in place of a modulus, in a request and in a device's certificate", () => {
        const key = publicKey(prime(2048));
        assert.equal(passesPubcheck(key), false);
        assert.equal(primeFinding(key, "anew")?.value, "an RSA modulus that is a prime");
        folder.write("prime.pub", key.export({ type: "spki", format: "pem" }));
        folder.openssl(
            "x509 -req -in carrier.csr -signkey sound.key -force_pubkey prime.pub -days 30 -out prime.pem",
        );
        const camera = { id: "cam-1", auth: "thumbprint", certificates: ["prime.pem"] };
        const problems = problemsOf(good({ devices: [camera] }), folder.path);
        assert.deepEqual(
            problems.map(({ path, value }) => [path, value]),
            [["devices[0].certificates[0]", "an RSA modulus that is a prime"]],
        );
        assert.equal(primeFinding(publicKey(sound), "anew"), undefined);
    });

    it("tests devices' certificates before requests, however many and large those are", function () {
        this.timeout(120_000);
        const settings = (id: string) => ({ settings: { id }, idPath: id });
        const large = (): bigint =>
            Array.from({ length: 16 }, () => prime(512)).reduce((a, b) => a * b);
        const requests = ["r1", "r2", "r3", "r4"].map((id) => ({
            ...settings(id),
            csr: { path: id, facts: { publicKeyId: id, key: publicKey(large()) } },
            thumbprints: [],
        }));
        const key = publicKey(prime(2048));
        const last = {
            ...settings("cam-1"),
            thumbprints: [{ path: "cam-1", thumbprint: "AA", publicKeyId: "cam-1", key }],
        };
        const report = new Report();
        checkFleet([], [...requests, last] as unknown as DeviceReading[], report);
        assert.throws(
            () => report.throwIfAny(),
            ({ problems }: ConfigurationError) => {
                const found = problems.map(({ path, value }) => `${path}: ${value}`);
                assert.deepEqual(found, ["cam-1: an RSA modulus that is a prime"]);
                return true;
            },
        );
    });
});
