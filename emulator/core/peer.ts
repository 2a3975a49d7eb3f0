import { X509Certificate } from "crypto";
import { DetailedPeerCertificate, TLSSocket } from "tls";

/** The certificates that a TLS client presented, leaf first, then each one's issuer as far as it was sent. */
export type PeerCertificateChain = readonly X509Certificate[];

/** Reads what a client presented. Node orders what follows the leaf by issuer, whatever order it was sent in. */
export function peerCertificates(socket: TLSSocket): PeerCertificateChain {
    const chain: X509Certificate[] = [];
    const seen = new Set<string>();
    let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
    while (next?.raw !== undefined && !seen.has(next.fingerprint256)) {
        seen.add(next.fingerprint256);
        chain.push(new X509Certificate(next.raw));
        next = next.issuerCertificate;
    }
    return chain;
}
