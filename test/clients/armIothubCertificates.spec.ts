import { CertificateDescription, IotHubClient } from "@azure/arm-iothub";
import { createPipelineRequest } from "@azure/core-rest-pipeline";
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "assert";
import { X509Certificate } from "crypto";
import { dropGroup, iotHubClient, makeHub, refused } from "../support/iotHubClient";
import { OpenSsl, Pair } from "../support/openssl";

const group = "certificates";
const hub = "certificate-hub";

/** As the Azure CLI uploads a file: base64 of the PEM text. */
function upload(pair: Pair): string {
    return Buffer.from(pair.certificate).toString("base64");
}

describe("@azure/arm-iothub: CA certificates of a hub", function () {
    this.timeout(60_000);
    let client: IotHubClient;
    let openssl: OpenSsl;
    let ca: Pair;

    before(async () => {
        client = iotHubClient();
        openssl = await OpenSsl.create();
        ca = await openssl.selfSigned("Certificate test CA");
        await makeHub(client, group, hub);
    });

    after(async () => {
        await dropGroup(client, group);
        await openssl.remove();
    });

    function put(name: string, pair: Pair, ifMatch?: string): Promise<CertificateDescription> {
        const body = { properties: { certificate: upload(pair) } };
        return client.certificates.createOrUpdate(group, hub, name, body, { ifMatch });
    }

    async function openCode(name: string): Promise<{ code: string; etag: string }> {
        const { etag } = await client.certificates.get(group, hub, name);
        const answer = await client.certificates.generateVerificationCode(
            group,
            hub,
            name,
            etag as string,
        );
        return {
            code: answer.properties?.verificationCode as string,
            etag: answer.etag as string,
        };
    }

    function verify(name: string, proof: string, etag: string): Promise<CertificateDescription> {
        return client.certificates.verify(group, hub, name, etag, { certificate: proof });
    }

    async function remove(name: string): Promise<void> {
        const { etag } = await client.certificates.get(group, hub, name);
        await client.certificates.delete(group, hub, name, etag as string);
    }

    it("exists from upload through proof and replacement to deletion", async () => {
        const parsed = new X509Certificate(ca.certificate);
        const made = await put("life", ca);
        strictEqual(made.type, "Microsoft.Devices/IotHubs/Certificates");
        strictEqual(made.properties?.subject, "Certificate test CA");
        strictEqual(made.properties?.thumbprint, parsed.fingerprint.replace(/:/g, ""));
        strictEqual(made.properties?.expiry?.getTime(), Date.parse(parsed.validTo));
        strictEqual(made.properties?.isVerified, false);
        strictEqual(made.properties?.certificate, upload(ca));

        const { code, etag } = await openCode("life");
        match(code, /^[0-9A-F]{48}$/);
        const proof = await openssl.issued(code, ca);
        const proven = await verify("life", upload(proof), etag);
        strictEqual(proven.properties?.isVerified, true);
        strictEqual(new Set([made.etag, etag, proven.etag]).size, 3);
        const listed = await client.certificates.listByIotHub(group, hub);
        deepStrictEqual(
            listed.value?.map(({ name, properties }) => [name, properties?.isVerified]),
            [["life", true]],
        );

        const next = await openssl.selfSigned("Next CA");
        const replaced = await put("life", next, proven.etag);
        strictEqual(replaced.properties?.subject, "Next CA");
        strictEqual(replaced.properties?.isVerified, false);
        await client.certificates.delete(group, hub, "life", replaced.etag as string);
        await refused(client.certificates.get(group, hub, "life"), 404, /errorcode: IH404008\.$/);
    });

    it("accepts DER and PEM, an intermediate and a root", async () => {
        const intermediate = await openssl.intermediate("Intermediate CA", ca);
        const der = (await openssl.der(intermediate.certificate)).toString("base64");
        const made = await client.certificates.createOrUpdate(group, hub, "der", {
            properties: { certificate: der },
        });
        strictEqual(made.properties?.subject, "Intermediate CA");
        const { code, etag } = await openCode("der");
        const proof = await openssl.issued(code, intermediate);
        const proofDer = (await openssl.der(proof.certificate)).toString("base64");
        const proven = await verify("der", proofDer, etag);
        strictEqual(proven.properties?.isVerified, true);
        await remove("der");
    });

    it("needs no proof if the upload says isVerified", async () => {
        const made = await client.certificates.createOrUpdate(group, hub, "trusted", {
            properties: { certificate: upload(ca), isVerified: true },
        });
        strictEqual(made.properties?.isVerified, true);
        await remove("trusted");
    });

    it("refuses every change with a stale or missing ETag: 412 IH412001", async () => {
        const stale = /Invalid ETag supplied\..*errorcode: IH412001\.$/;
        const first = await put("etag", ca);
        await refused(put("etag", ca), 412, stale);
        const { code, etag } = await openCode("etag");
        notStrictEqual(etag, first.etag);
        const old = first.etag as string;
        const proof = upload(await openssl.issued(code, ca));
        await refused(put("etag", ca, old), 412, stale);
        await refused(
            client.certificates.generateVerificationCode(group, hub, "etag", old),
            412,
            stale,
        );
        await refused(verify("etag", proof, old), 412, stale);
        await refused(client.certificates.delete(group, hub, "etag", old), 412, stale);
        const bare = await client.sendRequest(
            createPipelineRequest({
                method: "DELETE",
                url:
                    `https://management.azure.com/subscriptions/${client.subscriptionId}/resourceGroups/${group}` +
                    `/providers/Microsoft.Devices/IotHubs/${hub}/certificates/etag?api-version=2023-06-30`,
            }),
        );
        strictEqual(bare.status, 412);
        const body = JSON.parse(bare.bodyAsText as string) as Record<string, unknown>;
        strictEqual(body.code, 412001);
        strictEqual(body.httpStatusCode, "PreconditionFailed");
        strictEqual((await verify("etag", proof, etag)).properties?.isVerified, true);
        await remove("etag");
    });

    describe("a proof that proves nothing: 400 IH400053", () => {
        const failed = (why: string): RegExp =>
            new RegExp(`Proof-Of-Possession failed\\. ${why}.*errorcode: IH400053\\.$`);
        let code: string;
        let etag: string;

        before(async () => {
            await put("proof", ca);
            ({ code, etag } = await openCode("proof"));
        });

        after(() => remove("proof"));

        it("wrong common name", async () => {
            const proof = await openssl.issued(code.toLowerCase(), ca);
            await refused(verify("proof", upload(proof), etag), 400, failed("The common name"));
        });

        it("signed by an intermediate of the CA", async () => {
            const intermediate = await openssl.intermediate("In between", ca);
            const proof = await openssl.issued(code, intermediate);
            const why =
                "Issuer certificate 'CN=In between' cannot be found in the certificate chain\\.";
            await refused(verify("proof", upload(proof), etag), 400, failed(why));
        });

        it("signed by another key under the CA's name", async () => {
            const namesake = await openssl.selfSigned("Certificate test CA");
            const proof = await openssl.issued(code, namesake);
            const why = "Issuer certificate 'CN=Certificate test CA' cannot be found";
            await refused(verify("proof", upload(proof), etag), 400, failed(why));
        });

        it("self-signed", async () => {
            const proof = await openssl.selfSigned(code, { extensions: [] });
            await refused(verify("proof", upload(proof), etag), 400, failed("Issuer certificate"));
        });

        it("expired", async () => {
            const proof = await openssl.issued(code, ca, { days: -1 });
            const why = "The verification certificate is not within its validity period";
            await refused(verify("proof", upload(proof), etag), 400, failed(why));
        });

        it("not a certificate", async () => {
            const why = "The verification certificate cannot be read";
            await refused(verify("proof", "bm90IG9uZQ==", etag), 400, failed(why));
        });

        it("with a superseded code", async () => {
            const old = code;
            ({ code, etag } = await openCode("proof"));
            const proof = await openssl.issued(old, ca);
            await refused(verify("proof", upload(proof), etag), 400, failed("The common name"));
        });

        it("without a generated code", async () => {
            const { etag: fresh } = await put("codeless", ca);
            const proof = await openssl.issued(code, ca);
            await refused(
                verify("codeless", upload(proof), fresh as string),
                400,
                failed("No verification code"),
            );
            await remove("codeless");
        });
    });

    describe("an upload that is not a CA certificate: 500 IH500019", () => {
        const internal = /Internal Error\..*errorcode: IH500019\.$/;
        const base64 = (text: string): string => Buffer.from(text).toString("base64");

        function putText(certificate: string): Promise<CertificateDescription> {
            return client.certificates.createOrUpdate(group, hub, "bad", {
                properties: { certificate },
            });
        }

        it("a leaf with CA:FALSE", async () => {
            const leaf = await openssl.issued("d1", ca, {
                extensions: ["basicConstraints=CA:FALSE"],
            });
            await refused(putText(upload(leaf)), 500, internal);
        });

        it("an X.509 version 1 certificate, as `openssl x509 -req` makes without extensions", async () => {
            const old = await openssl.selfSigned("Version 1", { extensions: [] });
            await refused(putText(upload(old)), 500, internal);
        });

        it("an expired CA", async () => {
            const expired = await openssl.selfSigned("Expired CA", { days: -1 });
            await refused(putText(upload(expired)), 500, internal);
        });

        it("a chain of two", async () => {
            const both = ca.certificate + (await openssl.selfSigned("Second")).certificate;
            await refused(putText(base64(both)), 500, internal);
        });

        it("a certificate with its private key", async () => {
            await refused(putText(base64(ca.certificate + ca.key)), 500, internal);
        });

        it("text, broken base64, a truncated certificate", async () => {
            const der = await openssl.der(ca.certificate);
            for (const text of [base64("hello"), "%%%", der.subarray(0, 100).toString("base64")]) {
                await refused(putText(text), 500, internal);
            }
        });

        it("leaves nothing behind", async () => {
            const { value } = await client.certificates.listByIotHub(group, hub);
            deepStrictEqual(value, []);
        });
    });

    it("refuses names outside ^[A-Za-z0-9-._]{1,64}$", async () => {
        for (const name of ["with space", "a".repeat(65), "ümlaut", "a+b"]) {
            // The SDK checks the pattern too; the service's own check is reached without it.
            const response = await client.sendRequest(
                createPipelineRequest({
                    method: "PUT",
                    url:
                        `https://management.azure.com/subscriptions/${client.subscriptionId}/resourceGroups/${group}` +
                        `/providers/Microsoft.Devices/IotHubs/${hub}/certificates/${encodeURIComponent(name)}` +
                        "?api-version=2023-06-30",
                    body: JSON.stringify({ properties: { certificate: upload(ca) } }),
                }),
            );
            strictEqual(response.status, 400, name);
        }
    });

    it("accepts 25 certificates and refuses the next", async () => {
        const names = Array.from({ length: 25 }, (_, index) => `many-${index}`);
        await Promise.all(names.map((name) => put(name, ca)));
        await refused(put("many-25", ca), 400, /Max number of certificates exceeded.*= 25/);
        await Promise.all(names.map(remove));
        const { value } = await client.certificates.listByIotHub(group, hub);
        ok(value !== undefined && value.length === 0);
    });
});
