import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { Refusal } from "./refusal";

/** What an EST server and its clients send each other. Source: RFC 7030, 4; base64 as RFC 8951 has it. */

/** The DER in a request's body: base64 with or without line breaks, whatever Content-Transfer-Encoding says. */
export function decodeBody(body: Buffer): Buffer {
    const text = body.toString("latin1").replace(/[\s]/g, "");
    if (text === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 === 1) {
        throw new Refusal("badRequest", "the body is not base64");
    }
    return Buffer.from(text, "base64");
}

/**
 * Base64 in one line that ends: strongSwan 5.9.8 cannot read line breaks within it, and aziot puts the body between PEM lines
 * as it is, of which OpenSSL wants the last to begin a line.
 */
function encodeBody(der: Uint8Array): string {
    return `${Buffer.from(der).toString("base64")}\n`;
}

/** Certificates as a certs-only PKCS#7 (RFC 7030, 4.1.3), in this order. */
export function certsOnly(pems: readonly string[]): string {
    const certificates = new x509.X509Certificates(
        pems.map((pem) => new x509.X509Certificate(pem)),
    );
    return encodeBody(new Uint8Array(certificates.export("raw")));
}

/**
 * `CsrAttrs` without an attribute (RFC 7030, 4.5.2; an empty SEQUENCE): subject and extensions are the group's, whatever a
 * request asks for.
 */
export const noCsrAttributes = encodeBody(Uint8Array.of(0x30, 0x00));
