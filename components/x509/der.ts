/** One element of a DER encoding (X.690): its tag and where its content is. In a truncated file, `end` may be too large. */
export interface DerElement {
    readonly tag: number;
    /** Where the element itself begins. */
    readonly begin: number;
    readonly start: number;
    readonly end: number;
}

/** Tags of universal types, with the constructed bit where the type is constructed (X.680, 8.4). */
export const tags = {
    integer: 0x02,
    octetString: 0x04,
    bitString: 0x03,
    oid: 0x06,
    sequence: 0x30,
};

/** The element at an offset; undefined if none can start there. An indefinite length (BER) is taken as all that follows. */
export function elementAt(der: Buffer, offset: number): DerElement | undefined {
    const lengthByte = der[offset + 1];
    if (lengthByte === undefined || lengthByte > 0x84) {
        return undefined;
    }
    if (lengthByte === 0x80) {
        return { tag: der[offset], begin: offset, start: offset + 2, end: der.length };
    }
    const more = lengthByte < 0x80 ? 0 : lengthByte & 0x7f;
    const start = offset + 2 + more;
    if (start > der.length) {
        return undefined;
    }
    const length = more === 0 ? lengthByte : der.readUIntBE(offset + 2, more);
    return { tag: der[offset], begin: offset, start, end: start + length };
}

/** The elements within one, as far as the bytes reach. */
export function childrenOf(der: Buffer, { start, end }: DerElement): DerElement[] {
    const children: DerElement[] = [];
    for (let offset = start; offset < Math.min(end, der.length);) {
        const child = elementAt(der, offset);
        if (child === undefined) {
            break;
        }
        children.push(child);
        offset = child.end;
    }
    return children;
}

/** What a file may hold, judging by its structure alone. */
export type DerKind =
    "certificate" | "request" | "privateKey" | "publicKey" | "pkcs7" | "pkcs12" | "revocationList";

const pkcs7Oid = "2a864886f70d0107";

/** The kind of a structure, judging by its first bytes; undefined: none of the kinds. */
export function kindOf(der: Buffer): DerKind | undefined {
    const outer = elementAt(der, 0);
    if (outer?.tag !== tags.sequence) {
        return undefined;
    }
    const parts = childrenOf(der, outer);
    const [first, second, third] = parts;
    if (first?.tag === tags.integer) {
        return beginsWithNumber(der, first, second);
    }
    if (first?.tag === tags.oid) {
        const oid = der.subarray(first.start, first.end).toString("hex");
        return oid.startsWith(pkcs7Oid) ? "pkcs7" : undefined;
    }
    if (first?.tag !== tags.sequence) {
        return undefined;
    }
    if (second?.tag === tags.octetString) {
        return "privateKey"; // EncryptedPrivateKeyInfo (RFC 5958, 3)
    }
    if (second?.tag === tags.bitString) {
        return "publicKey"; // SubjectPublicKeyInfo (RFC 5280, 4.1)
    }
    return third === undefined || third.tag === tags.bitString
        ? signedKind(childrenOf(der, first))
        : undefined;
}

/**
 * PrivateKeyInfo, RSAPrivateKey, ECPrivateKey and PFX begin with a version of one byte, RSAPublicKey with its modulus
 * (RFC 5958, 8017, 5915, 7292).
 */
function beginsWithNumber(
    der: Buffer,
    first: DerElement,
    second: DerElement | undefined,
): DerKind | undefined {
    if (first.end - first.start > 1) {
        return second?.tag === tags.integer ? "publicKey" : undefined;
    }
    return der[first.start] === 3 ? "pkcs12" : "privateKey";
}

/** What was signed: TBSCertificate, CertificationRequestInfo or TBSCertList (RFC 5280, 2986). */
function signedKind(parts: readonly DerElement[]): DerKind | undefined {
    const shape = parts.map(({ tag }) => tag.toString(16).padStart(2, "0")).join(" ");
    if (/^(?:a0 )?02 30 30 30 30 30/.test(shape)) {
        return "certificate";
    }
    if (/^02 30 30(?: a0)?$/.test(shape)) {
        return "request";
    }
    return /^(?:02 )?30 30 (?:17|18)/.test(shape) ? "revocationList" : undefined;
}
