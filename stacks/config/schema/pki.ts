import { choice, file, integer, keyAlgorithm, SettingsSection, text } from "./model";

const isOffline = { properties: { keys: { const: "offline" } }, required: ["keys"] };
const toldByCertificate = ["generation", "keyAlgorithm", "commonName", "validityDays"];

export const pki: SettingsSection = {
    heading: "`pki`",
    prefix: "pki.",
    settings: [
        {
            name: "trust",
            ...choice("intermediates", "root"),
            default: "intermediates",
            description:
                "Which CAs are uploaded to the hub: each group's intermediate, or the root ([revoking](operations.md#revoking)).",
            example: "root",
        },
        {
            name: "keyAlgorithm",
            ...keyAlgorithm,
            default: "RSA-4096",
            description: "Key of every CA that does not specify its own.",
            example: "ECDSA-P256",
        },
        {
            name: "root.keys",
            ...choice("managed", "offline"),
            default: "managed",
            description:
                "`managed`: the root's key is a secret in the state. `offline`: it [stays elsewhere](operations.md#an-offline-root).",
            example: "offline",
        },
        {
            name: "root.generation",
            ...integer(1, 9999),
            default: 1,
            description: "Raise it by one for a new root, which signs new intermediates.",
            rule: "Managed root only.",
            example: 2,
        },
        {
            name: "root.keyAlgorithm",
            ...keyAlgorithm,
            defaultText: "`pki.keyAlgorithm`",
            description: "Key of the root.",
            rule: "Managed root only.",
            example: "ECDSA-P384",
        },
        {
            name: "root.commonName",
            ...text({ maxLength: 64, pattern: "^\\S(.*\\S)?$" }),
            default: "IoT Root CA",
            description: "`CN=` of the root; ` G<generation>` follows from the second generation.",
            rule: "1–64 characters; managed root only.",
            example: "Contoso IoT Root",
        },
        {
            name: "root.validityDays",
            ...integer(4, 36500),
            default: 3650,
            description: "Validity of the root.",
            rule: "Managed root only.",
            example: 7300,
        },
        {
            name: "root.certificate",
            ...file,
            defaultText: "required if offline",
            description: "Certificate of an offline root.",
            rule: "Self-signed CA, valid now, pathlen not 0, `keyCertSign` if it has a key usage; see [weak keys](#weak-keys-and-certificates).",
            example: "pki/root.pem",
        },
        {
            name: "root.proof",
            ...file,
            description:
                "Signed [proof of possession](operations.md#an-offline-root) of an offline root.",
            rule: "Only with `trust: root`.",
            example: "pki/proof.pem",
        },
    ],
    mappings: { root: "The root CA." },
    rules: {
        root: [
            {
                if: isOffline,
                then: {
                    required: ["certificate"],
                    not: { anyOf: toldByCertificate.map((key) => ({ required: [key] })) },
                },
                else: {
                    not: { anyOf: ["certificate", "proof"].map((key) => ({ required: [key] })) },
                },
            },
        ],
    },
};
