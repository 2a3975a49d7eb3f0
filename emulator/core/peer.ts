import { X509Certificate } from "crypto";
import { TLSSocket } from "tls";

/** The certificates that a TLS client presented, in the order sent: the leaf comes first. */
export type PeerCertificateChain = readonly X509Certificate[];

const read = new WeakMap<TLSSocket, PeerCertificateChain>();

/**
 * Everything that a client sent. It is read once per socket and kept, since the first reading takes the certificates
 * out of the TLS session. `getPeerCertificate` is not enough: it omits whatever does not link up, which is exactly what
 * a refusal must be able to name.
 */
export function peerCertificates(socket: TLSSocket): PeerCertificateChain {
    let sent = read.get(socket);
    if (sent === undefined) {
        sent = walk(socket.getPeerX509Certificate());
        read.set(socket, sent);
    }
    return sent;
}

function walk(leaf: X509Certificate | undefined): PeerCertificateChain {
    const sent: X509Certificate[] = [];
    for (let next = leaf; next !== undefined; next = next.issuerCertificate) {
        sent.push(next);
    }
    return sent;
}
