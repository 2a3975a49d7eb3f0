import { generatedKey, KeyAlgorithm } from "../../components/x509/issue";
import type { DeviceKind } from "./deviceKind";

/** Signed by the CA of its group; the program makes key and certificate. Raising `keyGeneration` makes a new key. */
export interface GeneratedAuthentication {
    readonly kind: "generated";
    readonly keyGeneration: number;
}

const maxKeyGeneration = 9999;

/** P-256 and RSA-2048 are estimated from exported states; the others add the extra length of their keys and certificates. */
const stateBytes: Readonly<Record<KeyAlgorithm, number>> = {
    "ECDSA-P256": 4096,
    "ECDSA-P384": 4300,
    "RSA-2048": 7168,
    "RSA-3072": 9216,
    "RSA-4096": 11264,
};

export const generated: DeviceKind<GeneratedAuthentication> = {
    kind: "generated",
    label: "generated key",
    auth: "ca",
    keys: { keyGeneration: "text" },
    defaultable: ["keyGeneration"],
    isGiven: () => true,
    reader: (_, defaults) => {
        const read = (section: typeof defaults, fallback: number): number =>
            section.integer("keyGeneration", 1, maxKeyGeneration, fallback);
        const fallback = read(defaults, 1);
        return ({ section }) => ({
            authentication: { kind: "generated", keyGeneration: read(section, fallback) },
        });
    },
    certificate: {
        hasGeneratedKey: true,
        args: ({ keyGeneration }, { keyAlgorithm }) => ({ keyAlgorithm, keyGeneration }),
        keyName: ({ keyGeneration }, { keyAlgorithm }) => generatedKey(keyAlgorithm, keyGeneration),
        keepsKey: ({ keyGeneration }, group, held) =>
            held.key === generatedKey(group?.keyAlgorithm, keyGeneration),
    },
    identity: () => ({}),
    stateBytes: (keyAlgorithm) => stateBytes[keyAlgorithm],
};
