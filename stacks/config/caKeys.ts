import { X509Certificate } from "crypto";
import { publicKeyId } from "../../components/x509/certificates";
import { publicKeyOf } from "../../components/x509/publicKey";
import { GroupSettings, PkiSettings } from "../settings";

/** A CA whose certificate comes from the configuration; no device and no other CA may have its key. */
export interface GivenCa {
    /** Where the configuration names its certificate. */
    readonly path: string;
    /** Its name in messages. */
    readonly name: string;
    /** SHA-256 of the SubjectPublicKeyInfo, hex. */
    readonly keyId: string;
    /** SHA-256 and SHA-1 of its certificate, upper-case hex. */
    readonly thumbprints: readonly string[];
}

/** The CAs whose certificates come from outside. The program generates the keys of all others itself. */
export function givenCas({ root }: PkiSettings, groups: readonly GroupSettings[]): GivenCa[] {
    const intermediates = groups.flatMap(({ name, intermediate }) =>
        Object.entries(intermediate.certificatePems).map(([generation, pem]) =>
            givenCa(
                `groups.${name}.intermediate.certificates.${generation}`,
                `the CA of group ${name}, generation ${generation}`,
                pem,
            ),
        ),
    );
    return root.certificatePem === undefined
        ? intermediates
        : [givenCa("pki.root.certificate", "the root", root.certificatePem), ...intermediates];
}

function givenCa(path: string, name: string, pem: string): GivenCa {
    const certificate = new X509Certificate(pem);
    return {
        path,
        name,
        keyId: publicKeyId(publicKeyOf(certificate.publicKey)),
        thumbprints: [certificate.fingerprint256, certificate.fingerprint].map((thumbprint) =>
            thumbprint.replace(/:/g, ""),
        ),
    };
}
