import { X509Certificate } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import { VerifiedCertificate } from "../components/caCertificates/verifiedCertificate";
import { Authorities, Intermediate } from "./authorities";
import { PreviousState } from "./previousState";
import { userError } from "./userError";
import { Settings } from "./settings";

/** A service that CAs are uploaded to: a hub or a provisioning service. */
export interface TrustTarget {
    /** ARM resource ID. */
    readonly id: pulumi.Output<string>;
    readonly ready: pulumi.Resource[];
    /** Appended to the resource names, so that two services can trust the same CA. */
    readonly suffix: string;
    /** PEM of an offline root's signed proof of possession for this service. */
    readonly rootProof?: string;
    /** Intermediates that stay trusted until an offline root is proven, so that their devices can still connect. */
    readonly isKeptUntilProof?: (intermediate: string) => boolean;
}

/** Type of the resources for CAs on a service. */
export const trustType = "pulumi-nodejs:dynamic/iothub:VerifiedCertificate";

/**
 * Which intermediates the hub still trusts after trust was moved to an offline root whose proof of possession is pending.
 * What the proof is for is known from the run that issued the verification code.
 */
export function keptUntilProof(
    { pki }: Settings,
    previous: PreviousState,
): (intermediate: string) => boolean {
    const { root, trust } = pki;
    if (trust !== "root" || root.keys !== "offline") {
        return () => false;
    }
    const shown = previous.outputs["trusted"] as
        { readonly root?: { isVerified?: boolean; verificationCode?: string } } | undefined;
    const code = shown?.root?.verificationCode;
    const isAnswered =
        root.proofPem !== undefined &&
        code !== undefined &&
        new X509Certificate(root.proofPem).subject.includes(`CN=${code}`);
    const isProven = shown?.root?.isVerified === true || isAnswered;
    return (name) => !isProven && previous.find(trustType, name) !== undefined;
}

/**
 * A hub that trusts a root would lose it while the proof of an offline root is pending: no device could connect until then.
 *
 * @throws RunError that says how to switch without a gap
 */
export function refuseUnprovenRoot({ pki }: Settings, previous: PreviousState): void {
    const { root, trust } = pki;
    if (trust !== "root" || root.certificatePem === undefined) {
        return;
    }
    const shown = previous.outputs["certificateAuthorities"] as
        Readonly<Record<string, { readonly sha256Thumbprint?: string }>> | undefined;
    const trusted = [...previous.all(trustType).keys()].filter((name) =>
        /^root(-\d+)?$/.test(name),
    );
    const known = trusted.map((name) => shown?.[name]?.sha256Thumbprint);
    const wanted = new X509Certificate(root.certificatePem).fingerprint256.replace(/:/g, "");
    if (trusted.length > 0 && !known.includes(wanted)) {
        throw userError(
            `the hub trusts the root "${trusted.join('", "')}", and would trust no device until the offline root of ` +
                `pki.root.certificate has signed its proof of possession. Nothing was changed. Without a gap: set ` +
                `pki.trust to intermediates and run "pulumi up"; then change the root, sign with it, and restore pki.trust.`,
        );
    }
}

/**
 * Uploads the trusted CAs to a service, each with its proof of possession: the root, or the wanted intermediates.
 *
 * They are not protected, not even in production: removing one is how a group is cut off, and that must not need a second
 * step.
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
    const isRootTrusted = settings.pki.trust === "root";
    const intermediates = authorities.intermediates.filter(
        (one) => isWanted(one) && (!isRootTrusted || target.isKeptUntilProof?.(one.name)),
    );
    const roots = isRootTrusted ? authorities.roots : [];
    return new Map([
        ...roots.map(
            ({ name, certificate, privateKey }) =>
                [name, trust(name, certificate, privateKey, target.rootProof)] as const,
        ),
        ...intermediates.map(
            ({ name, certificate, privateKey }) =>
                [name, trust(name, certificate, privateKey)] as const,
        ),
    ]);
}
