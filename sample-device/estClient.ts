import "reflect-metadata";
import { X509Certificate } from "crypto";
import * as https from "https";
import * as x509 from "@peculiar/x509";
import { inWords } from "./connectionProblem";
import { estReason } from "./estReason";
import type { Credentials } from "./credentialFiles";

const patienceMilliseconds = 30_000;
const largestAnswer = 64 * 1024;

/** An EST service (RFC 7030) and what this device asks of it. */
export interface EstService {
    /** `https://HOST:PORT`. */
    readonly url: string;
    /** Label of its path: the group of the device. */
    readonly group: string;
    /** PEM of the CA that the service's certificate is trusted by; undefined: the CAs that Node.js trusts. */
    readonly caPem: string | undefined;
}

/** How the device shows who it is: by a certificate, or by a secret that it may use once. */
export type Proof = Credentials | { readonly user: string; readonly password: string };

/** A certificate was not issued. The message is in plain words and holds no secret. */
export class EstProblem extends Error {
    /**
     * @param retryAfter seconds, as the service says; undefined: it does not say
     * @param isLasting whether only a person can change it
     */
    constructor(
        message: string,
        readonly retryAfter: number | undefined,
        readonly isLasting: boolean,
    ) {
        super(message);
    }
}

/**
 * Asks for a certificate (RFC 7030, 4.2) and for the CAs above it (4.1).
 *
 * @param request PKCS#10, DER
 * @param isRenewal whether `proof` is the certificate that is to be renewed
 * @returns PEM, leaf first, then its intermediate
 * @throws EstProblem
 */
export async function enroll(
    service: EstService,
    proof: Proof,
    request: Buffer,
    isRenewal: boolean,
): Promise<string> {
    const operation = isRenewal ? "simplereenroll" : "simpleenroll";
    const body = `${request.toString("base64").replace(/.{64}/g, "$&\n")}\n`;
    const leaves = certificatesIn(await ask(service, operation, proof, body));
    if (leaves.length !== 1) {
        throw broken(service, `${leaves.length} certificates instead of one`);
    }
    const [leaf] = leaves;
    const issuers = certificatesIn(await ask(service, "cacerts", undefined, undefined));
    const issuer = issuers.find((one) => leaf.checkIssued(one) && leaf.verify(one.publicKey));
    if (issuer === undefined) {
        throw broken(service, "a certificate that none of its CAs has signed");
    }
    const isRoot = issuer.checkIssued(issuer);
    return [leaf, ...(isRoot ? [] : [issuer])].map((one) => one.toString()).join("");

    /** Certs-only PKCS#7 in base64 (RFC 8951, 3.2). */
    function certificatesIn(answer: string): X509Certificate[] {
        try {
            const found = new x509.X509Certificates();
            found.import(Buffer.from(answer, "base64"));
            return [...found].map((one) => new X509Certificate(Buffer.from(one.rawData)));
        } catch {
            throw broken(service, "something else than certificates");
        }
    }
}

function broken({ url }: EstService, what: string): EstProblem {
    return new EstProblem(`the EST service ${url} sent ${what}`, undefined, false);
}

/** @throws EstProblem unless the answer is 200 */
function ask(
    { url, group, caPem }: EstService,
    operation: string,
    proof: Proof | undefined,
    body: string | undefined,
): Promise<string> {
    const address = new URL(`/.well-known/est/${encodeURIComponent(group)}/${operation}`, url);
    const { hostname, port } = address;
    const where = `${hostname}, port ${port === "" ? "443" : port}`;
    return new Promise((resolve, reject) => {
        const fail = (error: NodeJS.ErrnoException): void =>
            reject(new EstProblem(inWords(where, error, distrust), undefined, false));
        const request = https.request(
            address,
            {
                method: body === undefined ? "GET" : "POST",
                // A connection shows one certificate: it is not kept for another.
                agent: false,
                ...(caPem === undefined ? {} : { ca: caPem }),
                ...(proof !== undefined && "chainPem" in proof
                    ? { cert: proof.chainPem, key: proof.keyPem }
                    : {}),
                ...(proof !== undefined && "user" in proof
                    ? { auth: `${proof.user}:${proof.password}` }
                    : {}),
                headers:
                    body === undefined
                        ? {}
                        : {
                              "Content-Type": "application/pkcs10",
                              "Content-Length": Buffer.byteLength(body),
                          },
            },
            (answer) => {
                const parts: Buffer[] = [];
                let bytes = 0;
                answer.on("data", (part: Buffer) => {
                    bytes += part.length;
                    if (bytes > largestAnswer) {
                        request.destroy(new Error(`sent more than ${largestAnswer} bytes`));
                        return;
                    }
                    parts.push(part);
                });
                answer.once("error", fail);
                answer.once("end", () => {
                    clearTimeout(timer);
                    const text = Buffer.concat(parts).toString("latin1");
                    const status = answer.statusCode ?? 0;
                    if (status === 200) {
                        resolve(text);
                        return;
                    }
                    const retryAfter = secondsOf(answer.headers["retry-after"]);
                    const isLasting =
                        status >= 400 &&
                        status < 500 &&
                        ![408, 429].includes(status) &&
                        retryAfter === undefined;
                    reject(new EstProblem(estReason(status, text, group), retryAfter, isLasting));
                });
            },
        );
        const timer = setTimeout(
            () => request.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })),
            patienceMilliseconds,
        );
        request.once("error", (error) => {
            clearTimeout(timer);
            fail(error);
        });
        request.end(body);
    });
}

const distrust =
    "this device does not trust its certificate: name the CA that signed it in --est-ca";

/** Seconds, or a date (RFC 9110, 10.2.3). */
function secondsOf(retryAfter: string | undefined): number | undefined {
    if (retryAfter === undefined) {
        return undefined;
    }
    const seconds = /^\d+$/.test(retryAfter)
        ? Number(retryAfter)
        : Math.ceil((Date.parse(retryAfter) - Date.now()) / 1000);
    return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
