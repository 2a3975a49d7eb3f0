import { X509Certificate } from "crypto";
import { Settings } from "../core/settings";
import { Hub } from "../hub/model";
import {
    anyExtendedKeyUsage,
    CertificateFacts,
    certificateFacts,
    clientAuth,
    issuerFacts,
    sameName,
} from "./certificate";
import { Refusal } from "./refusals";

/** Bounds the work that a client with many certificates of one name can cause. */
const mostSignatureChecks = 64;

interface UploadedCa extends CertificateFacts {
    readonly name: string;
    readonly isVerified: boolean;
}

/** Leaf first, then its issuers as sent, last the uploaded CA. */
type Path = readonly CertificateFacts[];

export interface ChainQuestion {
    readonly hub: Hub;
    readonly deviceId: string;
    /** What the client sent, leaf first. */
    readonly presented: readonly X509Certificate[];
    /** Milliseconds since the epoch. */
    readonly now: number;
    readonly settings: Settings;
}

/**
 * Judges a CA-signed device certificate as IoT Hub does: what the client sent must lead from the leaf to a verified CA of
 * the hub, and the leaf's common name is the device ID (Azure docs: iot-hub-x509ca-overview, authenticate-authorize-x509).
 * There is no revocation check, because IoT Hub has none. Each certificate on the path is judged after RFC 5280 section 6.1.
 *
 * @returns the SHA-256 fingerprint of the uploaded CA that the chain leads to.
 * @throws Refusal
 */
export function judgeChain(question: ChainQuestion): string {
    const { presented, settings, hub, deviceId } = question;
    if (presented.length > settings.maximumChainLength) {
        throw new Refusal(
            "chainTooLong",
            `the device sent ${presented.length} certificates; at most ` +
                `${settings.maximumChainLength} are accepted (setting maximumChainLength)`,
        );
    }
    const leaf = certificateFacts(presented[0]);
    const others = presented.slice(1).map(issuerFacts);
    const search = new PathSearch(hub, others);
    search.climb([leaf]);
    const failures: Refusal[] = [];
    for (const path of search.paths) {
        const failure = pathProblem(path, question);
        if (failure === undefined) {
            return path[path.length - 1].certificate.fingerprint256;
        }
        failures.push(failure);
    }
    throw failures[0] ?? search.deadEnd(deviceId);
}

/** Finds every path from the leaf through what was sent to a verified CA, and remembers the furthest dead end. */
class PathSearch {
    readonly paths: Path[] = [];
    private readonly uploaded: readonly UploadedCa[];
    private unverified: UploadedCa | undefined;
    private furthest: Path = [];
    private checks = 0;

    constructor(
        private readonly hub: Hub,
        private readonly sent: readonly CertificateFacts[],
    ) {
        this.uploaded = [...hub.certificates.values()].map((one) => ({
            ...issuerFacts(one.pem),
            name: one.name,
            isVerified: one.isVerified,
        }));
    }

    climb(path: Path): void {
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
                this.climb([...path, issuer]);
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

    /** Why no path leads to a verified CA, said of the certificate at which the longest one ends. */
    deadEnd(deviceId: string): Refusal {
        const hubName = this.hub.name;
        const last = this.furthest[this.furthest.length - 1];
        const isLeaf = this.furthest.length === 1;
        const what = isLeaf ? "leaf" : `certificate "${last.subject}" that the device sent`;
        if (this.unverified !== undefined) {
            return new Refusal(
                "caNotVerified",
                `the chain leads to CA "${this.unverified.subject}" (certificate ` +
                    `"${this.unverified.name}" of hub ${hubName}), which is not verified; ` +
                    `prove possession of its key`,
            );
        }
        if (isLeaf && sameName(last.subject, last.issuer)) {
            return new Refusal(
                "selfSigned",
                `the leaf "${last.subject}" is self-signed, but device ${deviceId} has ` +
                    `authentication type certificateAuthority; sign it with a CA of hub ` +
                    `${hubName}, or give the device type selfSigned and this thumbprint`,
            );
        }
        if (this.uploaded.length === 0) {
            return new Refusal(
                "noCaUploaded",
                `hub ${hubName} has no CA certificate; upload and verify ` +
                    `"${last.issuer}" or a CA above it`,
            );
        }
        const namesake = [...this.uploaded, ...this.sent].find(
            (one) => one !== last && sameName(one.subject, last.issuer),
        );
        if (namesake !== undefined) {
            return new Refusal(
                "issuerKeyMismatch",
                `the ${what} names "${last.issuer}" as its issuer, but the key of the certificate of ` +
                    `that name (${fingerprint(namesake)}) did not sign it; another CA with the same ` +
                    `name did`,
            );
        }
        if (sameName(last.subject, last.issuer)) {
            return new Refusal(
                "issuerNotUploaded",
                `the chain ends at the self-signed "${last.subject}", which is not an uploaded CA ` +
                    `of hub ${hubName}; upload and verify it or an intermediate below it`,
            );
        }
        return new Refusal(
            isLeaf ? "issuerNotSent" : "issuerNotUploaded",
            `${isLeaf ? "leaf's issuer" : `issuer of the ${what},`} "${last.issuer}"` +
                `${isLeaf ? "" : ","} was not sent and is not an uploaded CA of hub ${hubName}; ` +
                `send the intermediate after the leaf or upload and verify it`,
        );
    }
}

function pathProblem(path: Path, question: ChainQuestion): Refusal | undefined {
    const { deviceId, settings, now } = question;
    for (const [depth, one] of path.entries()) {
        const role = depth === 0 ? "leaf" : depth === path.length - 1 ? "ca" : "intermediate";
        const problem =
            dateProblem(one, role, now) ??
            (depth === 0 ? undefined : issuerProblem(path, depth, settings)) ??
            keyProblem(one, settings);
        if (problem !== undefined) {
            return problem;
        }
    }
    return leafProblem(path[0], deviceId, settings);
}

/** Dates of one certificate; `role` says what to call it. */
export function dateProblem(
    one: CertificateFacts,
    role: "leaf" | "intermediate" | "ca",
    now: number,
): Refusal | undefined {
    const called = `${role === "ca" ? "CA" : role} "${one.subject}"`;
    if (now > one.notAfter) {
        return new Refusal(
            `${role}Expired`,
            `the ${called} expired at ${new Date(one.notAfter).toISOString()}; renew it`,
        );
    }
    if (now < one.notBefore) {
        return new Refusal(
            `${role}NotYetValid`,
            `the ${called} is valid from ${new Date(one.notBefore).toISOString()} only; check the ` +
                `clock of the machine that issued it`,
        );
    }
    return undefined;
}

function issuerProblem(path: Path, depth: number, settings: Settings): Refusal | undefined {
    const issuer = path[depth];
    if (issuer.version < 3) {
        return new Refusal(
            "issuerIsVersion1",
            `"${issuer.subject}" is an X.509 version 1 certificate without extensions and so no ` +
                `usable CA; issue it again with basicConstraints CA:TRUE and keyUsage keyCertSign`,
        );
    }
    if (!issuer.isCa) {
        return new Refusal(
            "issuerIsNotCa",
            `"${issuer.subject}" signed a certificate but lacks basicConstraints CA:TRUE; issue it ` +
                `again as a CA`,
        );
    }
    if (!issuer.maySignCertificates) {
        return new Refusal(
            "issuerMayNotSign",
            `"${issuer.subject}" has a keyUsage without keyCertSign; issue it again with it`,
        );
    }
    if (!path[depth - 1].certificate.checkIssued(issuer.certificate)) {
        return new Refusal(
            "issuerDoesNotFit",
            `"${issuer.subject}" is not the issuer that "${path[depth - 1].subject}" names: its ` +
                `authority key identifier or serial number differs`,
        );
    }
    // RFC 5280 4.2.1.9: self-issued certificates do not count, and neither does the leaf.
    const below = path.slice(1, depth).filter((one) => !sameName(one.subject, one.issuer)).length;
    if (settings.checkPathLength && issuer.pathLength !== undefined && below > issuer.pathLength) {
        return new Refusal(
            "pathLengthExceeded",
            `"${issuer.subject}" allows ${issuer.pathLength} CA certificates below it ` +
                `(pathLenConstraint), the chain has ${below} (setting checkPathLength)`,
        );
    }
    return undefined;
}

function keyProblem(one: CertificateFacts, settings: Settings): Refusal | undefined {
    if (one.rsaBits !== undefined && one.rsaBits < settings.minimumRsaBits) {
        return new Refusal(
            "weakKey",
            `the RSA key of "${one.subject}" has ${one.rsaBits} bits; at least ` +
                `${settings.minimumRsaBits} are wanted (setting minimumRsaBits)`,
        );
    }
    return undefined;
}

function leafProblem(
    leaf: CertificateFacts,
    deviceId: string,
    settings: Settings,
): Refusal | undefined {
    const usages = leaf.extendedKeyUsages;
    const forClients = usages?.some((one) => one === clientAuth || one === anyExtendedKeyUsage);
    if (settings.checkExtendedKeyUsage && forClients === false) {
        return new Refusal(
            "clientAuthMissing",
            `the extendedKeyUsage of the leaf lacks clientAuth (${clientAuth}); issue it with ` +
                `clientAuth or without the extension (setting checkExtendedKeyUsage)`,
        );
    }
    if (!leaf.commonNames.includes(deviceId)) {
        const found = leaf.commonNames.map((name) => `"${name}"`).join(", ") || "none";
        return new Refusal(
            "commonNameMismatch",
            `the leaf's common name must equal the device ID "${deviceId}", letter case included; ` +
                `found ${found}`,
        );
    }
    return undefined;
}

function fingerprint(one: CertificateFacts): string {
    return `SHA-1 ${one.certificate.fingerprint.split(":").join("")}`;
}
