import { connect } from "tls";
import type { Credentials } from "./credentialFiles";

const mqttPort = 8883;
const patienceMilliseconds = 10_000;

/** Descriptions of Node.js error codes (libuv and OpenSSL); each applies to the host. */
const words: Readonly<Record<string, string>> = {
    ENOTFOUND: "DNS does not know its name: check the spelling and this device's network",
    EAI_AGAIN: "DNS does not answer: check this device's network",
    ECONNREFUSED: "nothing listens on this port",
    ETIMEDOUT: "it does not answer: check whether a firewall blocks the port",
    EHOSTUNREACH: "no route to it: check this device's network",
    ENETUNREACH: "no route to it: check this device's network",
    ECONNRESET: "it closed the connection during the TLS handshake",
    ERR_TLS_CERT_ALTNAME_INVALID: "it presents the certificate of another host",
    CERT_HAS_EXPIRED: "its certificate has expired, or this device's clock is wrong",
    CERT_NOT_YET_VALID: "its certificate is not valid yet: check this device's clock",
};

const untrusted = [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
];

/**
 * Explains why a TLS connection with the device's certificate fails; undefined when it succeeds. The SDK reports every
 * failure as "not authorized".
 *
 * @param hostName may end with `:PORT`; default 8883
 */
export function connectionProblem(
    hostName: string,
    { chainPem, keyPem }: Credentials,
): Promise<string | undefined> {
    const [host, port = String(mqttPort)] = hostName.split(":");
    const where = `${host}, port ${port}`;
    return new Promise((resolve) => {
        const fail = (error: NodeJS.ErrnoException): void => resolve(inWords(where, error));
        try {
            const socket = connect(
                { host, port: Number(port), servername: host, cert: chainPem, key: keyPem },
                () => {
                    socket.destroy();
                    resolve(undefined);
                },
            );
            socket.once("error", fail);
            socket.setTimeout(patienceMilliseconds, () => {
                socket.destroy();
                fail(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" }));
            });
        } catch (error) {
            fail(error as NodeJS.ErrnoException);
        }
    });
}

const distrustOfAzure =
    "this device does not trust its certificate: Azure's root (DigiCert Global Root G2) is missing here, or " +
    "a proxy replaces the certificate (name its CA in NODE_EXTRA_CA_CERTS)";

/**
 * Explains why a connection failed.
 *
 * @param distrust what to say when the host's certificate is not trusted
 */
export function inWords(
    where: string,
    error: NodeJS.ErrnoException,
    distrust = distrustOfAzure,
): string {
    const code = error.code ?? "";
    if (code.includes("KEY_VALUES_MISMATCH")) {
        return "the private key does not belong to the first certificate of the file";
    }
    const why = untrusted.includes(code) ? distrust : words[code];
    return `${where}: ${why ?? error.message}`;
}
