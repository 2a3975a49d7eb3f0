import { PlannedProvider } from "../frame/plannedProvider";
import { InputProperties } from "../frame/resourceSchema";
import { unknownValue, Values } from "../frame/values";
import { extendedKeyUsages, keyUsages } from "./usages";

/** Reports a problem with a certificate authority's certificate or key; the user sees it under the resource. */
export type Warn = (urn: string, message: string) => void;

const hour = 3600 * 1000;

/** Loaded only to create something: a preview needs no cryptography. */
const keys = () => import("./keys");
const certificates = () => import("./certificates");

const name: InputProperties = {
    subject: {
        kind: "object",
        members: {
            commonName: { kind: "string" },
            country: { kind: "string" },
            organization: { kind: "string" },
        },
    },
};

const certificate: InputProperties = {
    allowedUses: {
        kind: "strings",
        required: true,
        oneOf: [...Object.keys(keyUsages), ...Object.keys(extendedKeyUsages)],
    },
    earlyRenewalHours: { kind: "integer", fallback: 0, minimum: 0, updates: true },
    isCaCertificate: { kind: "boolean", fallback: false },
    maxPathLength: { kind: "integer", minimum: 0 },
    setSubjectKeyId: { kind: "boolean", fallback: false },
    validityPeriodHours: { kind: "integer", required: true, minimum: 0 },
};

const certificateOutputs = [
    "certPem",
    "id",
    "readyForRenewal",
    "validityEndTime",
    "validityStartTime",
];

/** If the renewal period covers the whole validity, the certificate is due from the start. */
function planRenewal({ earlyRenewalHours, validityPeriodHours }: Values): Values {
    const hours = validityPeriodHours as number;
    return { readyForRenewal: hours === 0 || (earlyRenewalHours as number) >= hours };
}

function dueForRenewal({ validityEndTime, earlyRenewalHours }: Values): readonly string[] {
    const end = validityEndTime === unknownValue ? NaN : Date.parse(String(validityEndTime));
    return end - Number(earlyRenewalHours) * hour <= Date.now() ? ["readyForRenewal"] : [];
}

/** The tls resources that this program uses, modelled on terraform-provider-tls (`internal/provider`). */
export function tlsProvider(warn: Warn): PlannedProvider {
    return new PlannedProvider("tls", {
        "tls:index/privateKey:PrivateKey": {
            inputs: {
                algorithm: { kind: "string", required: true, oneOf: ["RSA", "ECDSA"] },
                ecdsaCurve: { kind: "string", fallback: "P224", oneOf: ["P256", "P384", "P521"] },
                rsaBits: { kind: "integer", fallback: 2048, minimum: 1024 },
            },
            computed: [
                "id",
                "privateKeyOpenssh",
                "privateKeyPem",
                "privateKeyPemPkcs8",
                "publicKeyFingerprintMd5",
                "publicKeyFingerprintSha256",
                "publicKeyOpenssh",
                "publicKeyPem",
            ],
            recomputed: true,
            secretOutputs: ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"],
            schemaVersion: 1,
            create: async (planned) => (await keys()).makeKey(planned),
        },
        "tls:index/certRequest:CertRequest": {
            inputs: { privateKeyPem: { kind: "string", required: true }, ...name },
            computed: ["certRequestPem", "id", "keyAlgorithm"],
            secretOutputs: ["privateKeyPem"],
            create: async (planned) => (await certificates()).makeRequest(planned),
        },
        "tls:index/selfSignedCert:SelfSignedCert": {
            inputs: {
                privateKeyPem: { kind: "string", required: true },
                ...name,
                ...certificate,
                setAuthorityKeyId: { kind: "boolean", fallback: false },
            },
            computed: [...certificateOutputs, "keyAlgorithm"],
            secretOutputs: ["privateKeyPem"],
            create: async (planned) => (await certificates()).makeSelfSigned(planned),
            planComputed: planRenewal,
            due: dueForRenewal,
        },
        "tls:index/locallySignedCert:LocallySignedCert": {
            inputs: {
                caCertPem: { kind: "string", required: true },
                caPrivateKeyPem: { kind: "string", required: true },
                certRequestPem: { kind: "string", required: true },
                ...certificate,
            },
            computed: [...certificateOutputs, "caKeyAlgorithm"],
            secretOutputs: ["caPrivateKeyPem"],
            create: async (planned, urn) =>
                (await certificates()).makeLocallySigned(planned, (message) => warn(urn, message)),
            planComputed: planRenewal,
            due: dueForRenewal,
        },
    });
}
