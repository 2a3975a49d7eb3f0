import { strict as assert } from "assert";
import { createHash, X509Certificate } from "crypto";
import { readFileSync } from "fs";
import { createRequire } from "module";
import { loader } from "../../components/dynamic/resource";
import {
    provider as deviceIdentity,
    tagPatch,
} from "../../components/iothub/deviceIdentityProvider";
import { provider as verifiedCertificate } from "../../components/iothub/verifiedCertificateProvider";
import { provider as deviceCertificate } from "../../components/pki/deviceCertificateProvider";
import { issue, Issued, makeCa } from "../support/pki";

type Props = Record<string, unknown>;
type Provider = typeof verifiedCertificate | typeof deviceIdentity | typeof deviceCertificate;

/** What the engine sends in a preview for a value that it does not know yet (pulumi: sdk/go, `plugin.UnknownStringValue`). */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const day = 24 * 3600 * 1000;

async function check(provider: Provider, given: Props) {
    const result = await provider.check?.({} as never, given as never);
    return {
        inputs: (result?.inputs ?? {}) as unknown as Props,
        failures: result?.failures ?? [],
    };
}

async function diff(provider: Provider, olds: Props, news: Props) {
    const result = await provider.diff?.("id", olds as never, news as never);
    return { changes: result?.changes, replaces: result?.replaces ?? [] };
}

const none = { changes: false, replaces: [] };
const update = { changes: true, replaces: [] };

describe("dynamic providers: check and diff", () => {
    let ca: Issued;
    let other: Issued;

    before(async () => {
        ca = await makeCa({ commonName: "CA", notAfter: new Date(Date.now() + 100 * day) });
        other = await makeCa({ commonName: "CA" });
    });

    describe("VerifiedCertificate", () => {
        let given: Props;

        before(() => {
            given = { targetId: "/hub", name: "pumps", certificate: ca.certificate, key: ca.key };
        });

        it("neither certificate, key nor proof come back", async () => {
            const proof = (await issue(ca, { commonName: "code" })).certificate;
            const { inputs, failures } = await check(verifiedCertificate, { ...given, proof });
            assert.deepEqual(failures, []);
            assert.deepEqual(inputs, {
                targetId: "/hub",
                certificateName: `pumps-${ca.thumbprint.slice(0, 8).toLowerCase()}`,
                thumbprint: ca.thumbprint,
                hasKey: true,
                proof: createHash("sha256").update(proof).digest("hex"),
            });
        });

        it("the key of another CA is a failure of the property", async () => {
            const { failures } = await check(verifiedCertificate, { ...given, key: other.key });
            assert.deepEqual(failures, [
                {
                    property: "key",
                    reason: `the key does not belong to the CA certificate ${ca.thumbprint}`,
                },
            ]);
        });

        it("in a preview an unknown certificate makes an unknown name, an unknown key no failure", async () => {
            const { inputs } = await check(verifiedCertificate, { ...given, certificate: unknown });
            assert.deepEqual(inputs, {
                targetId: "/hub",
                certificateName: unknown,
                thumbprint: unknown,
                hasKey: true,
            });
            const keyless = await check(verifiedCertificate, { ...given, key: unknown });
            assert.deepEqual(keyless.failures, []);
            assert.equal(keyless.inputs.hasKey, true);
        });

        it("diff is exact", async () => {
            const { inputs } = await check(verifiedCertificate, given);
            const state = { ...inputs, isVerified: true, __provider: "old" };
            const table: readonly [Props, Props, object][] = [
                [state, inputs, none],
                [{ ...state, isVerified: false }, inputs, update],
                [state, { ...inputs, proof: "another" }, none],
                [state, { ...inputs, hasKey: false }, none],
                [
                    state,
                    { ...inputs, targetId: "/other" },
                    { changes: true, replaces: ["targetId"] },
                ],
                [
                    state,
                    { ...inputs, certificateName: unknown, thumbprint: unknown },
                    { changes: true, replaces: ["certificateName", "thumbprint"] },
                ],
            ];
            for (const [olds, news, expected] of table) {
                assert.deepEqual(await diff(verifiedCertificate, olds, news), expected);
            }
        });

        it("one that awaits a proof changes when a proof comes, and not before", async () => {
            const { key: _key, ...keyless } = given;
            assert.equal(_key, ca.key);
            const { inputs } = await check(verifiedCertificate, keyless);
            assert.equal(inputs.hasKey, false);
            const waiting = { ...inputs, isVerified: false, verificationCode: "CODE" };
            assert.deepEqual(await diff(verifiedCertificate, waiting, inputs), none);
            const proven = { ...inputs, proof: "digest" };
            assert.deepEqual(await diff(verifiedCertificate, waiting, proven), update);
            const refused = { ...waiting, proof: "digest" };
            assert.deepEqual(await diff(verifiedCertificate, refused, proven), none);
        });
    });

    describe("DeviceIdentity", () => {
        const inputs: Props = {
            hubId: "/hub",
            hostName: "h.azure-devices.net",
            deviceId: "d",
            status: "enabled",
            owner: "p/s",
            thumbprints: ["AA", "BB"],
            tags: { a: 1, b: { c: 2, d: 3 } },
        };

        it("check leaves out what is undefined", async () => {
            const { inputs: checked } = await check(deviceIdentity, {
                ...inputs,
                adopt: undefined,
            });
            assert.deepEqual(checked, inputs);
            assert.ok(!("adopt" in checked));
        });

        it("diff is exact", async () => {
            const state = { ...inputs, __provider: "old" };
            const table: readonly [Props, object][] = [
                [{}, none],
                [{ tags: { b: { d: 3, c: 2 }, a: 1 } }, none],
                [{ adopt: true }, none],
                [{ status: "disabled" }, update],
                [{ thumbprints: ["AA"] }, update],
                [{ thumbprints: ["BB", "AA"] }, update],
                [{ thumbprints: undefined }, update],
                [{ tags: undefined }, update],
                [{ tags: { a: 1, b: { c: 2 } } }, update],
                [{ owner: "p/other" }, update],
                [{ deviceId: "e" }, { changes: true, replaces: ["deviceId"] }],
                [
                    { hubId: unknown, hostName: unknown },
                    { changes: true, replaces: ["hubId", "hostName"] },
                ],
            ];
            for (const [change, expected] of table) {
                const news = { ...inputs, ...change };
                assert.deepEqual(
                    await diff(deviceIdentity, state, news),
                    expected,
                    JSON.stringify(change),
                );
            }
        });

        it("tagPatch merges into the present what makes it the wanted", () => {
            const table: readonly [Props, Props, Props][] = [
                [{}, {}, {}],
                [{ a: 1 }, { a: 1 }, {}],
                [{ a: 1 }, { a: 2 }, { a: 2 }],
                [{ a: 1 }, {}, { a: null }],
                [{}, { a: { b: 1 } }, { a: { b: 1 } }],
                [{ a: { b: 1, c: 2 } }, { a: { b: 1 } }, { a: { c: null } }],
                [{ a: { b: { c: 1 } } }, { a: { b: { d: 1 } } }, { a: { b: { c: null, d: 1 } } }],
                [{ a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
                [{ a: { b: 1 } }, { a: 1 }, { a: 1 }],
                [{ a: [1, 2] }, { a: [1, 2] }, {}],
                [{ a: [1, 2] }, { a: [2] }, { a: [2] }],
            ];
            for (const [present, wanted, patch] of table) {
                assert.deepEqual(tagPatch(present, wanted), patch);
            }
        });
    });

    describe("DeviceCertificate", () => {
        const policy: Props = {
            deviceId: "d",
            organization: "Contoso",
            country: "US",
            validityDays: 30,
            renewBeforeDays: 10,
            keyAlgorithm: "ECDSA-P256",
            keyGeneration: 1,
        };
        let inputs: Props;
        let state: Props;

        /** The present inputs, and a certificate that ends in so many days. */
        const endingIn = (days: number): Props => ({
            ...state,
            notAfter: new Date(Date.now() + days * day).toISOString(),
        });

        before(async () => {
            const issuer = { issuerCertificate: ca.certificate, issuerKey: ca.key };
            ({ inputs } = await check(deviceCertificate, { ...policy, ...issuer }));
            const { outs } = await deviceCertificate.create(inputs as never);
            state = { ...outs, __provider: "old" };
        });

        it("neither the issuer's certificate and key nor the request come back", async () => {
            assert.deepEqual(inputs, { ...policy, issuer: ca.thumbprint256 });
            const { inputs: requested } = await check(deviceCertificate, {
                ...policy,
                issuerCertificate: ca.certificate,
                issuerKey: ca.key,
                csr: "a request",
            });
            assert.deepEqual(requested, {
                ...inputs,
                request: createHash("sha256").update("a request").digest("hex"),
            });
        });

        it("in a preview an unknown certificate or key makes an unknown issuer", async () => {
            for (const issuer of [
                { issuerCertificate: unknown, issuerKey: ca.key },
                { issuerCertificate: ca.certificate, issuerKey: unknown },
            ]) {
                const checked = await check(deviceCertificate, { ...policy, ...issuer });
                assert.deepEqual(checked.inputs, { ...policy, issuer: unknown });
                assert.deepEqual(await diff(deviceCertificate, state, checked.inputs), update);
            }
        });

        it("diff is exact and replaces nothing", async () => {
            assert.deepEqual(await diff(deviceCertificate, state, inputs), none);
            assert.deepEqual(
                await diff(deviceCertificate, state, { ...inputs, renewBeforeDays: 9 }),
                none,
            );
            for (const change of [
                { organization: "Fabrikam" },
                { country: undefined },
                { validityDays: 31 },
                { issuer: "another" },
                { request: "digest" },
                { keyAlgorithm: "RSA-2048" },
                { keyGeneration: 2 },
            ]) {
                const news = { ...inputs, ...change };
                assert.deepEqual(
                    await diff(deviceCertificate, state, news),
                    update,
                    JSON.stringify(change),
                );
            }
        });

        it("renewal is due inside its window, to the day", async () => {
            assert.deepEqual(await diff(deviceCertificate, endingIn(10.01), inputs), none);
            assert.deepEqual(await diff(deviceCertificate, endingIn(9.99), inputs), update);
            assert.deepEqual(await diff(deviceCertificate, endingIn(-5), inputs), update);
        });

        it("a certificate that ends with its issuer is not renewed for ever", async () => {
            const ending = await makeCa({
                commonName: "Ending",
                notAfter: new Date(Date.now() + 5 * day),
            });
            const { inputs: bound } = await check(deviceCertificate, {
                ...policy,
                issuerCertificate: ending.certificate,
                issuerKey: ending.key,
            });
            const { outs } = await deviceCertificate.create(bound as never);
            const end = (outs as unknown as { notAfter: string }).notAfter;
            assert.equal(Date.parse(end), Date.parse(ending.x509.validTo));
            assert.deepEqual(await diff(deviceCertificate, { ...outs }, bound), none);
        });

        it("a renewed certificate has the same key and a later end", async () => {
            const due = endingIn(3);
            const renewed = await deviceCertificate.update?.("d", due as never, inputs as never);
            const outs = renewed?.outs as unknown as Props;
            assert.equal(outs.privateKey, state.privateKey);
            const key = (pem: unknown) =>
                new X509Certificate(String(pem)).publicKey.export({ type: "spki", format: "pem" });
            assert.equal(key(outs.certificate), key(state.certificate));
            assert.deepEqual(await diff(deviceCertificate, outs, inputs), none);
        });
    });
});

describe("the loader of a dynamic provider", () => {
    // The package with which Pulumi's host runs the text; it has no types.
    const requireFromString = createRequire(__filename)("require-from-string") as (
        code: string,
    ) => {
        handler(): Provider;
    };

    for (const [module, provider] of [
        ["iothub/verifiedCertificateProvider", verifiedCertificate],
        ["iothub/deviceIdentityProvider", deviceIdentity],
        ["pki/deviceCertificateProvider", deviceCertificate],
    ] as const) {
        it(module, () => {
            const text = loader(module);
            assert.ok(Buffer.byteLength(text) < 150, `${Buffer.byteLength(text)} bytes`);
            assert.ok(!text.includes(process.cwd()), "an absolute path");
            for (const name of ["ARM_CLIENT_SECRET", "ARM_CLIENT_ID", "HOME"]) {
                const value = process.env[name];
                assert.ok(value === undefined || !text.includes(value), `the value of ${name}`);
            }
            assert.equal(requireFromString(text).handler(), provider);
        });
    }

    it("every dynamic resource of components/ is one of these", () => {
        const found = [
            "iothub/verifiedCertificate",
            "iothub/deviceIdentity",
            "pki/deviceCertificate",
        ];
        for (const resource of found) {
            const source = readFileSync(`components/${resource}.ts`, "utf8");
            assert.match(source, new RegExp(`module: "${resource}Provider"`));
        }
    });
});
