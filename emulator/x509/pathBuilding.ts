import { HubCertificate } from "../hub/model";
import { CertificateFacts, issuerFacts, sameName } from "./certificate";
import { Path } from "./pathValidation";
import { Refusal } from "./refusals";

/** Bounds the work that a client can cause by sending many certificates with the same name. */
const mostSignatureChecks = 64;

/** A hub or a provisioning service, to which CA certificates are uploaded. */
export interface CaHolder {
    /** E.g. `hub first`, for messages. */
    readonly label: string;
    readonly certificates: ReadonlyMap<string, HubCertificate>;
}

interface UploadedCa extends CertificateFacts {
    readonly name: string;
    readonly isVerified: boolean;
}

/**
 * Finds every path from the leaf through the certificates sent to a verified CA, and remembers the longest dead end.
 */
export class PathSearch {
    readonly paths: Path[] = [];
    private readonly uploaded: readonly UploadedCa[];
    private unverified: UploadedCa | undefined;
    private furthest: Path = [];
    private checks = 0;

    constructor(
        private readonly holder: CaHolder,
        private readonly sent: readonly CertificateFacts[],
    ) {
        this.uploaded = [...holder.certificates.values()].map((one) => ({
            ...issuerFacts(one.pem),
            name: one.name,
            isVerified: one.isVerified,
        }));
    }

    extend(path: Path): void {
        const current = path[path.length - 1];
        if (path.length > this.furthest.length) {
            this.furthest = path;
        }
        for (const ca of this.uploaded) {
            if (this.signed(ca, current)) {
                if (ca.isVerified) {
                    this.paths.push([...path, ca]);
                } else {
                    this.unverified = ca;
                }
            }
        }
        for (const issuer of this.sent) {
            if (!path.includes(issuer) && this.signed(issuer, current)) {
                this.extend([...path, issuer]);
            }
        }
    }

    private signed(issuer: CertificateFacts, subject: CertificateFacts): boolean {
        if (!sameName(issuer.subject, subject.issuer) || this.checks >= mostSignatureChecks) {
            return false;
        }
        this.checks += 1;
        return subject.certificate.verify(issuer.certificate.publicKey);
    }

    /**
     * Why no path leads to a verified CA, explained for the certificate at which the longest path ends.
     *
     * @param selfSignedDetail what is wrong with a self-signed leaf, and how to fix it
     */
    deadEnd(selfSignedDetail: string): Refusal {
        const { label } = this.holder;
        const last = this.furthest[this.furthest.length - 1];
        const isLeaf = this.furthest.length === 1;
        const what = isLeaf ? "leaf" : `certificate "${last.subject}" that the device sent`;
        if (this.unverified !== undefined) {
            return new Refusal(
                "caNotVerified",
                `the chain leads to CA "${this.unverified.subject}" (certificate ` +
                    `"${this.unverified.name}" of ${label}), which is not verified; ` +
                    `prove possession of its key`,
            );
        }
        if (isLeaf && sameName(last.subject, last.issuer)) {
            return new Refusal(
                "selfSigned",
                `the leaf "${last.subject}" is self-signed, ${selfSignedDetail}`,
            );
        }
        if (this.uploaded.length === 0) {
            return new Refusal(
                "noCaUploaded",
                `${label} has no CA certificate; upload and verify ` +
                    `"${last.issuer}" or a CA above it`,
            );
        }
        const namesake = [...this.uploaded, ...this.sent].find(
            (one) => one !== last && sameName(one.subject, last.issuer),
        );
        if (namesake !== undefined) {
            return new Refusal(
                "issuerKeyMismatch",
                `the ${what} names "${last.issuer}" as its issuer, but the key of the certificate with ` +
                    `that name (${fingerprint(namesake)}) did not sign it; another CA with the same ` +
                    `name did`,
            );
        }
        if (sameName(last.subject, last.issuer)) {
            return new Refusal(
                "issuerNotUploaded",
                `the chain ends at the self-signed "${last.subject}", which is not an uploaded CA ` +
                    `of ${label}; upload and verify it or an intermediate below it`,
            );
        }
        return new Refusal(
            isLeaf ? "issuerNotSent" : "issuerNotUploaded",
            `${isLeaf ? "leaf's issuer" : `issuer of the ${what},`} "${last.issuer}"` +
                `${isLeaf ? "" : ","} was not sent and is not an uploaded CA of ${label}; ` +
                `send the intermediate after the leaf or upload and verify it`,
        );
    }
}

function fingerprint(one: CertificateFacts): string {
    return `SHA-1 ${one.certificate.fingerprint.split(":").join("")}`;
}
