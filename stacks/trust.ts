import * as pulumi from "@pulumi/pulumi";
import { VerifiedCertificate } from "../components/iothub/verifiedCertificate";
import { Authorities, Intermediate } from "./authorities";
import { Settings } from "./settings";

/** A service that CAs are uploaded to: a hub or a provisioning service. */
export interface TrustTarget {
    /** ARM resource ID. */
    readonly id: pulumi.Output<string>;
    readonly ready: pulumi.Resource[];
    /** Added to the names of the resources, so that two services can trust one CA. */
    readonly suffix: string;
    /** PEM of an offline root's signed proof of possession for this service. */
    readonly rootProof?: string;
}

/**
 * Puts the trusted CAs on a service, each with its proof of possession: the root, or the wanted intermediates.
 *
 * They are not protected, not even in production: taking one away is how a group is cut off, and that must not need a
 * second step.
 */
export function createTrust(
    settings: Settings,
    target: TrustTarget,
    authorities: Authorities,
    isWanted: (intermediate: Intermediate) => boolean,
): ReadonlyMap<string, VerifiedCertificate> {
    const trust = (
        name: string,
        certificate: pulumi.Output<string>,
        key: pulumi.Output<string> | undefined,
        proof?: string,
    ) =>
        new VerifiedCertificate(
            `${name}${target.suffix}`,
            { targetId: target.id, name, certificate, key, proof },
            { dependsOn: target.ready },
        );
    if (settings.pki.trust === "root") {
        return new Map(
            authorities.roots.map(({ name, certificate, privateKey }) => [
                name,
                trust(name, certificate, privateKey, target.rootProof),
            ]),
        );
    }
    return new Map(
        authorities.intermediates
            .filter(isWanted)
            .map(({ name, certificate, privateKey }) => [
                name,
                trust(name, certificate, privateKey),
            ]),
    );
}
