import { AddressInfo } from "net";
import * as tls from "tls";
import { selfSigned } from "./pki";

/** What a server that demands a client certificate found. */
export interface Judgement {
    /** Common name of the client; undefined when it was refused. */
    readonly client: string | undefined;
    /** Why it was refused. */
    readonly error: string | undefined;
}

/** A TLS handshake of Node with Node: the server trusts `root` alone, and what else it needs the client sends. */
export async function clientHandshake(
    root: string,
    client: { readonly chain: string; readonly key: string },
): Promise<Judgement> {
    const own = await selfSigned({ commonName: "localhost", extendedKeyUsage: ["serverAuth"] });
    const server = tls.createServer({
        cert: own.certificate,
        key: own.key,
        ca: root,
        requestCert: true,
        rejectUnauthorized: true,
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const judged = new Promise<Judgement>((resolve) => {
        server.once("secureConnection", (socket) => {
            const { CN } = socket.getPeerCertificate().subject;
            resolve({ client: String(CN), error: undefined });
        });
        server.once("tlsClientError", ({ message }) =>
            resolve({ client: undefined, error: message }),
        );
    });
    const socket = tls.connect({
        host: "127.0.0.1",
        port: (server.address() as AddressInfo).port,
        servername: "localhost",
        ca: own.certificate,
        cert: client.chain,
        key: client.key,
    });
    // With TLS 1.3 a refused client learns of it only after its handshake; the server's word counts.
    socket.on("error", () => undefined);
    const judgement = await judged;
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    return judgement;
}
