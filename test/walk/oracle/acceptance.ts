import { X509Certificate } from "crypto";
import { EffectiveDevice } from "../model/effective";
import { CaDump } from "../real/dump";
import { Credential } from "../real/field";

/** Who is let in, by the rules of the services (Azure docs: authenticate-authorize-x509), judged with Node's X.509. */

function certificatesIn(pem: string): X509Certificate[] {
    const texts = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    return texts.map((text) => new X509Certificate(text));
}

function isValidAt({ validFrom, validTo }: X509Certificate, now: number): boolean {
    return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}

/** Whether a chain leads, by what was sent, to a CA that is trusted. */
export function isTrusted({ chain }: Credential, trusted: readonly string[], now: number): boolean {
    const anchors = trusted.flatMap(certificatesIn).filter((one) => isValidAt(one, now));
    const [leaf, ...sent] = certificatesIn(chain);
    const extend = (one: X509Certificate, rest: readonly X509Certificate[]): boolean =>
        isValidAt(one, now) &&
        (anchors.some((ca) => isIssuer(ca, one)) ||
            rest.some(
                (ca) =>
                    isIssuer(ca, one) &&
                    extend(
                        ca,
                        rest.filter((other) => other !== ca),
                    ),
            ));
    return leaf !== undefined && extend(leaf, sent);
}

function isIssuer(ca: X509Certificate, one: X509Certificate): boolean {
    return one.checkIssued(ca) && one.verify(ca.publicKey);
}

/** Whether the hub must let a listed device in. */
export function mustConnect(
    device: EffectiveDevice | undefined,
    credential: Credential,
    cas: readonly CaDump[],
    thumbprints: readonly string[],
    now: number,
): boolean {
    if (device === undefined || device.status === "disabled" || device.group?.blocked) {
        return false;
    }
    if (device.kind === "thumbprint") {
        const { fingerprint, fingerprint256 } = credential.leaf;
        const own = [fingerprint, fingerprint256].map((one) => one.replace(/:/g, ""));
        return own.some((one) => thumbprints.includes(one));
    }
    const trusted = cas.filter(({ isVerified }) => isVerified).map(({ pem }) => pem);
    return isTrusted(credential, trusted, now);
}
