import { strict as assert } from "assert";
import { X509Certificate } from "crypto";
import { noteIssued } from "../../../../components/pki/issuedCertificates";
import {
    certificateOf,
    tagChange,
    withCertificate,
} from "../../../../components/registry/certificateTag";
import { DeviceRecord } from "../../../../components/registry/registry";
import { issue, makeCa } from "../../../support/pki";

describe("the certificate in an identity's tag", () => {
    const owner = { stack: "iot-x509/prod" };
    let certificate: Readonly<Record<string, unknown>>;

    before(async () => {
        const ca = await makeCa({ commonName: "IoT Intermediate CA pumps G2" });
        const pem = (await issue(ca, { commonName: "tagged" })).certificate;
        noteIssued("tagged", pem);
        const { fingerprint256, validTo } = new X509Certificate(pem);
        certificate = {
            generation: 2,
            notAfter: new Date(validTo).toISOString(),
            thumbprint: fingerprint256.replace(/:/g, ""),
        };
    });

    function record(deviceId: string, tags: DeviceRecord["tags"]): DeviceRecord {
        return {
            deviceId,
            status: "enabled",
            authentication: { type: "certificateAuthority" },
            tags,
        };
    }

    function created(deviceId: string, tags: DeviceRecord["tags"]): DeviceRecord["tags"] {
        const operation = withCertificate({ mode: "create", device: record(deviceId, tags) });
        assert.equal(operation.mode, "create");
        return (operation as { device: DeviceRecord }).device.tags;
    }

    it("goes with a new identity whose certificate this run has issued", () => {
        const tags = { site: "a", iotX509: owner };
        assert.deepEqual(created("tagged", tags), {
            site: "a",
            iotX509: { ...owner, certificate },
        });
        assert.deepEqual(created("other", tags), tags);
        const update = { mode: "update", device: record("tagged", tags) } as const;
        assert.equal(withCertificate(update), update);
    });

    it("is left out where the tags would be too large for a twin", () => {
        const tags = { text: "x".repeat(8100), iotX509: owner };
        assert.deepEqual(created("tagged", tags), tags);
    });

    it("is no reason for a call, and goes with one that is made anyway", () => {
        const wanted = { site: "a", iotX509: owner };
        const older = { ...owner, certificate: { generation: 1 } };
        assert.deepEqual(tagChange("tagged", { site: "a", iotX509: owner }, wanted), {});
        assert.deepEqual(tagChange("tagged", { site: "a", iotX509: older }, wanted), {});
        assert.deepEqual(tagChange("other", { site: "b", iotX509: older }, wanted), { site: "a" });
        assert.deepEqual(tagChange("tagged", { site: "b", iotX509: older }, wanted), {
            site: "a",
            iotX509: { certificate },
        });
        assert.deepEqual(tagChange("tagged", { iotX509: undefined }, { iotX509: owner }), {
            iotX509: { ...owner, certificate },
        });
    });

    it("is read as a whole or not at all", () => {
        assert.deepEqual(certificateOf({ iotX509: { ...owner, certificate } }), certificate);
        for (const tag of [undefined, "text", owner, { certificate: { generation: 1 } }]) {
            assert.equal(certificateOf({ iotX509: tag }), undefined);
        }
        const undated = { ...certificate, notAfter: "soon" };
        assert.equal(certificateOf({ iotX509: { certificate: undated } }), undefined);
    });
});
