import { Settings } from "../core/settings";
import { anyExtendedKeyUsage, CertificateFacts, clientAuth, sameName } from "./certificate";
import { Refusal } from "./refusals";

type Role = "leaf" | "intermediate" | "ca";

/** The leaf, then its issuers, ending with the trusted CA. */
export type Path = readonly CertificateFacts[];

/**
 * Validates each certificate of a path with valid signatures according to RFC 5280 section 6.1. There is no revocation
 * check, because neither IoT Hub nor the Device Provisioning Service has one.
 *
 * @param now milliseconds since the epoch
 */
export function pathProblem(path: Path, now: number, settings: Settings): Refusal | undefined {
    for (const [depth, one] of path.entries()) {
        const role: Role = depth === 0 ? "leaf" : depth === path.length - 1 ? "ca" : "intermediate";
        const problem =
            dateProblem(one, role, now) ??
            criticalProblem(one, role, settings) ??
            (depth === 0 ? undefined : issuerProblem(path, depth, settings)) ??
            keyProblem(one, settings);
        if (problem !== undefined) {
            return problem;
        }
    }
    return usageProblem(path[0], settings);
}

/** The problem of a leaf alone, without its issuers. */
export function leafProblem(
    leaf: CertificateFacts,
    now: number,
    settings: Settings,
): Refusal | undefined {
    return (
        dateProblem(leaf, "leaf", now) ??
        criticalProblem(leaf, "leaf", settings) ??
        keyProblem(leaf, settings) ??
        usageProblem(leaf, settings)
    );
}

/** Checks the dates of one certificate; `role` is its name in messages. */
export function dateProblem(one: CertificateFacts, role: Role, now: number): Refusal | undefined {
    const called = nameOf(one, role);
    if (now > one.notAfter) {
        return new Refusal(
            `${role}Expired`,
            `the ${called} expired at ${new Date(one.notAfter).toISOString()}; renew it`,
        );
    }
    if (now < one.notBefore) {
        return new Refusal(
            `${role}NotYetValid`,
            `the ${called} is not valid before ${new Date(one.notBefore).toISOString()}; check the ` +
                `clock of the machine that issued it`,
        );
    }
    return undefined;
}

function nameOf(one: CertificateFacts, role: Role): string {
    return `${role === "ca" ? "CA" : role} "${one.subject}"`;
}

function criticalProblem(
    one: CertificateFacts,
    role: Role,
    settings: Settings,
): Refusal | undefined {
    const [unknown] = one.unknownCriticalExtensions;
    if (settings.checkCriticalExtensions && unknown !== undefined) {
        return new Refusal(
            "criticalExtensionUnknown",
            `the ${nameOf(one, role)} has the critical extension ${unknown}, which the service does not process` +
                `; issue it without the extension, or as not critical (setting checkCriticalExtensions)`,
        );
    }
    return undefined;
}

function issuerProblem(path: Path, depth: number, settings: Settings): Refusal | undefined {
    const issuer = path[depth];
    if (issuer.version < 3) {
        return new Refusal(
            "issuerIsVersion1",
            `"${issuer.subject}" is an X.509 version 1 certificate without extensions, so it is not a ` +
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
            `"${issuer.subject}" has a keyUsage without keyCertSign; issue it again with keyCertSign`,
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
                `${settings.minimumRsaBits} are required (setting minimumRsaBits)`,
        );
    }
    return undefined;
}

function usageProblem(leaf: CertificateFacts, settings: Settings): Refusal | undefined {
    const usages = leaf.extendedKeyUsages;
    const forClients = usages?.some((one) => one === clientAuth || one === anyExtendedKeyUsage);
    if (settings.checkExtendedKeyUsage && forClients === false) {
        return new Refusal(
            "clientAuthMissing",
            `the extendedKeyUsage of the leaf lacks clientAuth (${clientAuth}); issue it with ` +
                `clientAuth or without the extension (setting checkExtendedKeyUsage)`,
        );
    }
    if (settings.checkKeyUsage && !leaf.maySignHandshakes) {
        return new Refusal(
            "digitalSignatureMissing",
            `the keyUsage of the leaf lacks digitalSignature, which TLS clients need; issue ` +
                `it with digitalSignature or without the extension (setting checkKeyUsage)`,
        );
    }
    if (settings.checkLeafIsNoCa && leaf.isCa) {
        return new Refusal(
            "leafIsCa",
            `the leaf "${leaf.subject}" has basicConstraints CA:TRUE; issue it with CA:FALSE ` +
                `(setting checkLeafIsNoCa)`,
        );
    }
    return undefined;
}
