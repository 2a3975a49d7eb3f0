import { createPrivateKey, createPublicKey, X509Certificate } from "crypto";

/** The credentials that a device presents, in PEM. */
export interface DeviceCredentials {
    readonly deviceId: string;
    /** The leaf and its intermediates, leaf first. */
    readonly chainPem: string;
    readonly keyPem: string;
}

/**
 * Explains what is wrong with a device's credentials as far as the device itself can see. Over MQTT the hub says only
 * "not authorized", so it helps if a device checks its own certificate first.
 */
export function visibleProblems(credentials: DeviceCredentials, now = new Date()): string[] {
    const blocks = credentials.chainPem.match(
        /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
    );
    if (blocks === null) {
        return ["The certificate file contains no PEM certificate."];
    }
    const chain = blocks.map((block) => new X509Certificate(block));
    const [leaf] = chain;
    const problems: string[] = [];
    const commonName = nameOf(leaf);
    if (commonName !== credentials.deviceId) {
        problems.push(
            `The first certificate is for "${commonName}", not for device "${credentials.deviceId}". ` +
                "The device's certificate must come first, followed by its issuers.",
        );
    }
    if (!isKeyOf(credentials.keyPem, leaf)) {
        problems.push("The private key does not belong to the first certificate.");
    }
    for (const certificate of chain) {
        const name = certificate.subject.split("\n").join(", ");
        if (new Date(certificate.validTo) < now) {
            problems.push(`The certificate of "${name}" expired on ${certificate.validTo}.`);
        }
        if (new Date(certificate.validFrom) > now) {
            problems.push(
                `The certificate of "${name}" is valid from ${certificate.validFrom}: check this device's clock.`,
            );
        }
    }
    chain.slice(1).forEach((issuer, index) => {
        if (!chain[index].checkIssued(issuer) || !chain[index].verify(issuer.publicKey)) {
            problems.push(`Certificate ${index + 2} of the file did not sign the one before it.`);
        }
    });
    return problems;
}

/** Causes that are visible only on the hub, in the order in which to check them. */
export const hubSideReasons: readonly string[] = [
    "the device does not exist on this hub, or is disabled",
    "its identity has an authentication type other than X.509 CA (or another thumbprint)",
    "the CA that signed it is not on the hub, or its possession is not proven",
    "the intermediate between the device and the hub's CA was not sent: add it after the leaf in the certificate file",
    "the host name belongs to another hub",
    "the provisioning service created the device's identity for an earlier certificate: register again (--id-scope)",
];

/** The common name of the first certificate; empty when it has none. */
export function commonNameOf(chainPem: string): string {
    return nameOf(new X509Certificate(chainPem)) ?? "";
}

function nameOf(certificate: X509Certificate): string | undefined {
    return /^CN=(.*)$/m.exec(certificate.subject)?.[1];
}

/** Whether a certificate was issued for this key. */
export function isKeyOf(keyPem: string, certificate: X509Certificate): boolean {
    const spki = { type: "spki", format: "der" } as const;
    const ours = createPublicKey(createPrivateKey(keyPem)).export(spki);
    return ours.equals(certificate.publicKey.export(spki));
}
