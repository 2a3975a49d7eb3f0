import { textDigest } from "../../components/dynamic/writeOnly";
import { subjectWord } from "../../components/text/shellWords";
import { CsrFacts, inspectCsr, requestedKey } from "../../components/x509/csr";
import type { GivenDevice } from "../config/deviceKindReader";
import { inspectGivenFile } from "../config/files";
import type { DeviceKind } from "./deviceKind";

/** Signed by the CA of its group; the key stays on the device, which provides a certificate signing request. */
export interface CsrAuthentication {
    readonly kind: "csr";
    readonly csrPem: string;
}

export const csr: DeviceKind<CsrAuthentication> = {
    kind: "csr",
    label: "key on the device (csr)",
    auth: "ca",
    keys: { csr: "text" },
    defaultable: [],
    isGiven: (device) => device.has("csr"),
    reader: () => (device) => {
        const { section } = device;
        if (section.has("keyGeneration")) {
            section.bad(
                "keyGeneration",
                "counts keys that the program generates; with csr, the device generates its key",
                "delete it; for a new key, provide a new request",
            );
        }
        const facts = readCsr(device);
        return {
            authentication: { kind: "csr", csrPem: facts?.pem ?? "" },
            csr: facts && { path: section.pathOf("csr"), facts },
        };
    },
    certificate: {
        hasGeneratedKey: false,
        args: ({ csrPem }) => ({ csr: csrPem }),
        keyName: ({ csrPem }) => textDigest(requestedKey(csrPem).toString("base64")),
        keepsKey: ({ csrPem }, _, { certificate: { publicKey } }) =>
            requestedKey(csrPem).equals(publicKey.export({ type: "spki", format: "der" })),
    },
    identity: () => ({}),
    stateBytes: () => 3072,
};

function readCsr({ section, id, base, files }: GivenDevice): CsrFacts | undefined {
    if (id === "") {
        return undefined; // Without a valid ID, the request's name cannot be checked.
    }
    return inspectGivenFile(
        files,
        section.pathOf("csr"),
        section.raw("csr"),
        base,
        `correct the name, or create the request on the device: openssl req -new -newkey rsa:2048 -keyout DEVICE.key -subj ${subjectWord([["CN", id]])} -out FILE`,
        (content) => inspectCsr(content, id),
    );
}
