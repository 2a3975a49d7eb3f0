import * as x509 from "@peculiar/x509";
import { Values } from "../frame/values";

/** Members of a subject and the corresponding attribute types, in the order of Go's `pkix.Name.ToRDNSequence`. */
const attributes = [
    ["country", "C"],
    ["organization", "O"],
    ["commonName", "CN"],
] as const;

/** Go's `encoding/asn1`, `isPrintable`: narrower than ASCII, and here without `*` and `&`. */
const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/**
 * A name as Go encodes it: PrintableString where it can represent the text, otherwise UTF8String; empty texts are
 * omitted.
 */
export function nameOf(subject: Values | undefined): x509.Name {
    const given = attributes
        .map(([member, type]) => ({ type, text: subject?.[member] }))
        .filter((one): one is { type: "C" | "O" | "CN"; text: string } => Boolean(one.text));
    return new x509.Name(
        given.map(({ type, text }) => ({
            [type]: [printable.test(text) ? { printableString: text } : { utf8String: text }],
        })),
    );
}

/** A request's name, re-encoded as Go does when it issues the certificate. @throws for an unknown attribute */
export function encodedAnew(name: x509.Name): x509.Name {
    const subject: Values = {};
    for (const [type, [text]] of name.toJSON().flatMap((set) => Object.entries(set))) {
        const member = attributes.find(([, known]) => known === type)?.[0];
        if (member === undefined || member in subject) {
            throw new Error(
                `the request's subject holds ${type}, which the tls stand-in does not know; it knows ` +
                    `${attributes.map(([, known]) => known).join(", ")}, once each`,
            );
        }
        subject[member] = text;
    }
    return nameOf(subject);
}
