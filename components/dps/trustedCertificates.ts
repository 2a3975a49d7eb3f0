import { generationOfIssuer, readFormer } from "../pki/formerCertificates";
import { IssuedByEst, issuedByEst } from "../registry/estTag";
import { thumbprintsOf } from "../registry/identityRecord";
import type { DeviceRecord } from "../registry/registry";
import { certificateFacts } from "../x509/certificates";
import type { FormerGroup } from "./formerGroups";

/** What decides which certificates of a device are valid. */
interface CertifiedDevice {
    /** Enrollment group. */
    readonly group: string;
    /** Trusted generations of the group's CA. */
    readonly generations?: readonly number[];
    /** Groups that it left. */
    readonly formerGroups?: readonly FormerGroup[];
    /** Whether it has an enrollment of its own. */
    readonly isEnrolled: boolean;
    /** PEM. */
    readonly certificate: string;
    /** See {@link DeviceCertificate.former}. */
    readonly former?: readonly string[];
}

/** The certificates that a hub may accept from a device. */
export interface TrustedCertificates {
    readonly present: DeviceRecord["authentication"];
    /** @param thumbprint upper-case hex */
    readonly includes: (thumbprint: string) => boolean;
    /** Whether a certificate is valid that the EST service issued, of which the stack has only the note in the twin. */
    readonly includesIssued: (issued: IssuedByEst) => boolean;
}

/** An identity without thumbprints is trusted, because the hub's CAs decide. */
export function isTrusted(present: DeviceRecord, trust: TrustedCertificates): boolean {
    const { authentication } = present;
    if (authentication.type !== "selfSigned") {
        return true;
    }
    const { primaryThumbprint, secondaryThumbprint } = authentication.x509Thumbprint;
    const issued = issuedByEst(present).filter(trust.includesIssued);
    return [primaryThumbprint, secondaryThumbprint].every(
        (one = "") =>
            one === "" ||
            trust.includes(one.toUpperCase()) ||
            issued.some(({ thumbprint }) => thumbprint === one.toUpperCase()),
    );
}

/** Whether a hub knows a device by nothing but certificates that the EST service issued and that are valid. */
export function isKnownByIssued(
    present: DeviceRecord,
    includesIssued: TrustedCertificates["includesIssued"],
): boolean {
    const known = thumbprintsOf(present.authentication) ?? [];
    const issued = issuedByEst(present).filter(includesIssued);
    return (
        known.length > 0 &&
        known.every((one) => issued.some(({ thumbprint }) => thumbprint === one.toUpperCase()))
    );
}

/** Notes of the EST service about certificates that have not expired, by trusted CAs of the group and of those that it left. */
export function issuedBy({
    group,
    generations,
    formerGroups = [],
}: Pick<
    CertifiedDevice,
    "group" | "generations" | "formerGroups"
>): TrustedCertificates["includesIssued"] {
    return (issued) => {
        const trusted =
            issued.group === group
                ? generations
                : (formerGroups.find((one) => one.group === issued.group)?.trusted ?? []);
        return (
            Date.parse(issued.notAfter) > Date.now() &&
            (trusted === undefined || trusted.includes(issued.generation))
        );
    };
}

/** How the hub must know a device: by what the EST service issued last, if that is valid, else by what the stack has. */
export function currentOf(
    present: DeviceRecord,
    trust: TrustedCertificates,
): DeviceRecord["authentication"] {
    const [issued] = issuedByEst(present).filter(trust.includesIssued);
    return issued === undefined
        ? trust.present
        : { type: "selfSigned", x509Thumbprint: { primaryThumbprint: issued.thumbprint } };
}

/**
 * Returns the current certificate and former ones of trusted CAs; if its own enrollment decides, only those of the same
 * key. While a new CA awaits its signature, the current certificate may be of a CA that is no longer trusted; then none is
 * valid and the hub's CAs decide.
 */
export function trustedCertificates(device: CertifiedDevice): TrustedCertificates {
    const { sha1Thumbprint, sha256Thumbprint, keyId } = certificateFacts(device.certificate);
    const isGood = (thumbprint: string, generation: number): boolean => {
        const left = device.formerGroups?.find(({ certificates }) =>
            certificates.some((one) => thumbprint.startsWith(one)),
        );
        const trusted = left === undefined ? device.generations : left.trusted;
        return (
            trusted === undefined ||
            trusted.includes(generation) ||
            (generation === 0 && (left === undefined || trusted.length > 0))
        );
    };
    const isPresentGood = isGood(sha256Thumbprint, generationOfIssuer(device.certificate));
    const former = (device.former ?? [])
        .map(readFormer)
        .filter(
            (one) =>
                isGood(one.thumbprint, one.generation) &&
                (!device.isEnrolled || keyId.startsWith(one.keyId)),
        );
    return {
        present: isPresentGood
            ? { type: "selfSigned", x509Thumbprint: { primaryThumbprint: sha256Thumbprint } }
            : { type: "certificateAuthority" },
        includes: (thumbprint) =>
            (isPresentGood && [sha1Thumbprint, sha256Thumbprint].includes(thumbprint)) ||
            former.some((one) => thumbprint.startsWith(one.thumbprint)),
        // A device's own enrollment knows neither the certificate nor its key.
        includesIssued: device.isEnrolled ? () => false : issuedBy(device),
    };
}
