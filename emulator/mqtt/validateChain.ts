import { X509Certificate } from "crypto";
import { Settings } from "../core/settings";
import { Hub } from "../hub/model";
import { CertificateFacts, certificateFacts, issuerFacts } from "../x509/certificate";
import { pathProblem } from "../x509/pathValidation";
import { PathSearch } from "../x509/pathBuilding";
import { Refusal } from "../x509/refusals";

export interface ChainQuestion {
    readonly hub: Hub;
    readonly deviceId: string;
    /** The certificates that the client sent, leaf first. */
    readonly presented: readonly X509Certificate[];
    /** Milliseconds since the epoch. */
    readonly now: number;
    readonly settings: Settings;
}

/**
 * Validates a CA-signed device certificate as IoT Hub does: the chain that the client sent must lead from the leaf to a
 * verified CA of the hub, and the leaf's common name must be the device ID (Azure docs: iot-hub-x509ca-overview,
 * authenticate-authorize-x509). There is no revocation check, because IoT Hub has none. Each certificate on the path is
 * validated according to RFC 5280 section 6.1.
 *
 * @returns the SHA-256 fingerprint of the uploaded CA that the chain leads to
 * @throws Refusal
 */
export function validateChain(question: ChainQuestion): string {
    const { presented, settings, hub, deviceId, now } = question;
    if (presented.length > settings.maximumChainLength) {
        throw new Refusal(
            "chainTooLong",
            `the device sent ${presented.length} certificates; at most ` +
                `${settings.maximumChainLength} are accepted (setting maximumChainLength)`,
        );
    }
    const leaf = certificateFacts(presented[0]);
    const others = presented.slice(1).map(issuerFacts);
    const search = new PathSearch(
        { label: `hub ${hub.name}`, certificates: hub.certificates },
        others,
    );
    search.extend([leaf]);
    const failures: Refusal[] = [];
    for (const path of search.paths) {
        const failure = pathProblem(path, now, settings) ?? nameProblem(leaf, deviceId);
        if (failure === undefined) {
            return path[path.length - 1].certificate.fingerprint256;
        }
        failures.push(failure);
    }
    throw (
        failures[0] ??
        search.deadEnd(
            `but device ${deviceId} has authentication type certificateAuthority; sign it with a CA of ` +
                `hub ${hub.name}, or give the device type selfSigned and this thumbprint`,
        )
    );
}

function nameProblem(leaf: CertificateFacts, deviceId: string): Refusal | undefined {
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
