import { strict as assert } from "assert";
import { createHash, X509Certificate } from "crypto";
import { provider as deviceIdentity } from "../../../../components/registry/deviceIdentityProvider";
import { tagPatch } from "../../../../components/registry/tagPatch";
import { provider as verifiedCertificate } from "../../../../components/caCertificates/verifiedCertificateProvider";
import { provider as deviceCertificate } from "../../../../components/pki/deviceCertificateProvider";
import { provider as issuerProvider } from "../../../../components/pki/issuerProvider";
import { issue, Issued, makeCa } from "../../../support/pki";

type Props = Record<string, unknown>;
type Provider =
    | typeof verifiedCertificate
    | typeof deviceIdentity
    | typeof deviceCertificate
    | typeof issuerProvider;

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

async function diff(provider: Provider, olds: Props, news: Props, id = "d") {
    const result = await provider.diff?.(id, olds as never, news as never);
    const { changes, replaces = [], deleteBeforeReplace } = result ?? {};
    return { changes, replaces, ...(deleteBeforeReplace ? { deleteBeforeReplace } : {}) };
}

/** The first 128 bits of the SHA-256. */
function digest(text: string): string {
    return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

const none = { changes: false, replaces: [] };
const update = { changes: true, replaces: [] };
const deletedFirst = (property: string) => ({
    changes: true,
    replaces: [property],
    deleteBeforeReplace: true,
});

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

        it("check returns neither certificate, key nor proof", async () => {
            const proof = (await issue(ca, { commonName: "code" })).certificate;
            const { inputs, failures } = await check(verifiedCertificate, { ...given, proof });
            assert.deepEqual(failures, []);
            assert.deepEqual(inputs, {
                targetId: "/hub",
                certificateName: `pumps-${ca.thumbprint.slice(0, 8).toLowerCase()}`,
                thumbprint: ca.thumbprint,
                hasKey: true,
                proof: digest(proof),
            });
        });

        it("the key of another CA is a failure that does not name the key property, whose value the engine would print", async () => {
            const { failures } = await check(verifiedCertificate, { ...given, key: other.key });
            assert.deepEqual(failures, [
                {
                    property: "",
                    reason: `the key does not belong to the CA certificate ${ca.thumbprint}`,
                },
            ]);
        });

        it("in a preview, an unknown certificate makes the name unknown, and an unknown key is no failure", async () => {
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

        it("a certificate that awaits a proof changes only when the proof arrives", async () => {
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
        const hubId =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Devices/IotHubs/the-hub";
        const hubDigest = (id: string): string => digest(id.toLowerCase()).slice(0, 8);
        const inputs: Props = {
            hubId: hubDigest(hubId),
            deviceId: "d",
            status: "enabled",
            owner: "p/s",
            thumbprints: ["AA", "BB"],
            tags: { a: 1, b: { c: 2, d: 3 } },
        };

        it("check omits undefined properties", async () => {
            const device = { ...inputs, hubId: undefined, adopt: undefined };
            const { inputs: checked } = await check(deviceIdentity, { hubId, device });
            assert.deepEqual(checked, inputs);
            assert.ok(!("adopt" in checked));
        });

        it("diff is exact", async () => {
            const { status, owner, thumbprints, tags } = inputs;
            const state = { hubId, status, owner, thumbprints, tags, __provider: "old" };
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
                [{ deviceId: "e" }, deletedFirst("deviceId")],
                [{ hubId: hubDigest(hubId.replace("the-hub", "another")) }, deletedFirst("hubId")],
                [{ hubId: hubDigest(hubId.replace("/g/", "/another/")) }, deletedFirst("hubId")],
                [{ hubId: hubDigest(hubId.toUpperCase()) }, none],
                [{ hubId: unknown }, deletedFirst("hubId")],
                [{ hubId: undefined, hub: "the-hub" }, none],
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

        it("tagPatch contains what turns the current tags into the wanted ones", () => {
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

        /** The present state with a certificate for the same key that ends in so many days. */
        async function endingIn(days: number): Promise<Props> {
            const notAfter = new Date(Date.now() + days * day);
            const { certificate } = await issue(ca, { commonName: "d", notAfter });
            return { ...state, certificate };
        }

        async function issuerFor(signer: Issued): Promise<unknown> {
            const { certificate, key } = signer;
            const given = { digest: digest(certificate), signer: { certificate, key } };
            const { inputs } = await check(issuerProvider, given);
            assert.ok(!JSON.stringify(inputs).includes(key.split("\n")[1]));
            return inputs.digest;
        }

        before(async () => {
            const issuer = await issuerFor(ca);
            ({ inputs } = await check(deviceCertificate, { issuer, request: policy }));
            const { outs } = await deviceCertificate.create(inputs as never);
            state = { ...outs, __provider: "old" };
        });

        it("issuer and request are represented by digests", async () => {
            assert.deepEqual(inputs, { ...policy, issuer: digest(ca.certificate) });
            const { inputs: requested } = await check(deviceCertificate, {
                issuer: inputs.issuer,
                request: { ...policy, csr: "a request" },
            });
            assert.deepEqual(requested, { ...inputs, csr: digest("a request") });
        });

        it("in a preview, an unknown signer makes the issuer unknown, which is an update", async () => {
            const unsigned = { digest: unknown, signer: unknown };
            const { inputs: issuer } = await check(issuerProvider, unsigned);
            assert.deepEqual(issuer, { digest: unknown });
            assert.deepEqual(await diff(issuerProvider, { digest: "old" }, issuer), update);
            const checked = await check(deviceCertificate, { issuer: unknown, request: policy });
            assert.deepEqual(checked.inputs, { ...policy, issuer: unknown });
            assert.deepEqual(await diff(deviceCertificate, state, checked.inputs), update);
        });

        it("an issuer with another certificate is an update", async () => {
            const olds = { digest: inputs.issuer };
            assert.deepEqual(await diff(issuerProvider, olds, olds), none);
            const news = { digest: await issuerFor(other) };
            assert.deepEqual(await diff(issuerProvider, olds, news), update);
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
                { csr: "digest" },
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
            assert.deepEqual(await diff(deviceCertificate, await endingIn(10.01), inputs), none);
            assert.deepEqual(await diff(deviceCertificate, await endingIn(9.99), inputs), update);
            assert.deepEqual(await diff(deviceCertificate, await endingIn(-5), inputs), update);
        });

        it("below an issuer that has expired, nothing is signed, and the error names the remedy", async () => {
            const expired = await makeCa({
                commonName: "Expired",
                notAfter: new Date(Date.now() - day),
            });
            const { inputs: bound } = await check(deviceCertificate, {
                issuer: await issuerFor(expired),
                request: policy,
            });
            await assert.rejects(
                deviceCertificate.create(bound as never),
                /the CA ".*Expired.*" expired on .* and can no longer sign: raise intermediate\.generation/,
            );
        });

        it("a certificate that expires with its issuer is not renewed endlessly", async () => {
            const ending = await makeCa({
                commonName: "Ending",
                notAfter: new Date(Date.now() + 5 * day),
            });
            const issuer = await issuerFor(ending);
            const { inputs: bound } = await check(deviceCertificate, { issuer, request: policy });
            const { outs } = await deviceCertificate.create(bound as never);
            const { validTo } = new X509Certificate(
                String((outs as Props | undefined)?.certificate),
            );
            assert.equal(validTo, ending.x509.validTo);
            assert.deepEqual(await diff(deviceCertificate, { ...outs }, bound), none);
        });

        it("a renewed certificate has the same key and a later end", async () => {
            const due = await endingIn(3);
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
