/**
 * A rule that a file or its content breaks. `value` describes what was found and never holds key material.
 */
export interface Finding {
    readonly value: string;
    readonly rule: string;
    readonly remedy: string;
}

/** What a check of some input gave: its facts unless a finding prevents them, and every finding. */
export interface Inspection<T> {
    readonly facts: T | undefined;
    readonly findings: readonly Finding[];
}

/** The two kinds of PEM file that people hand in (labels of RFC 7468, sections 5 and 7). */
export type PemLabel = "CERTIFICATE" | "CERTIFICATE REQUEST";

interface Kind {
    readonly name: string;
    readonly labels: readonly string[];
    readonly fromDer: string;
}

const kinds: Record<PemLabel, Kind> = {
    CERTIFICATE: {
        name: "certificate",
        labels: ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"],
        fromDer: "openssl x509 -inform DER -in FILE -out FILE.pem",
    },
    "CERTIFICATE REQUEST": {
        name: "certificate signing request",
        labels: ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"],
        fromDer: "openssl req -inform DER -in FILE -out FILE.pem",
    },
};

/** Whether a text holds a private key, encrypted or not: such a text is never shown. */
export function holdsPrivateKey(text: string): boolean {
    return /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text);
}

/**
 * The DER of the single PEM block that a file should hold. Text around the block is allowed, as RFC 7468 section 2
 * has it, so the output of `openssl x509 -text` is accepted.
 *
 * @param content the file's bytes, or its text
 * @param label what the block should be
 */
export function singlePemBlock(content: Buffer | string, label: PemLabel): Inspection<Buffer> {
    const kind = kinds[label];
    const text = typeof content === "string" ? content : content.toString("latin1");
    if (holdsPrivateKey(text)) {
        return fault(
            "a file with a private key (not shown)",
            `a ${kind.name} file never holds a private key`,
            "take the key out of the file and out of version control, and make a new key: this one is no longer secret",
        );
    }
    const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g)];
    if (blocks.length === 0) {
        return isDer(content)
            ? fault("a binary (DER) file", `is one ${kind.name} in PEM`, `run: ${kind.fromDer}`)
            : fault(
                  "no PEM block",
                  `is one ${kind.name} in PEM`,
                  `give a file with one -----BEGIN ${label}----- block that is whole`,
              );
    }
    if (blocks.length > 1) {
        return fault(
            `${blocks.length} PEM blocks`,
            `is one ${kind.name}, not a chain or a bundle`,
            "keep the one block that is meant and delete the others",
        );
    }
    const [, found, body] = blocks[0];
    if (!kind.labels.includes(found)) {
        return fault(
            `a PEM block "${found}"`,
            `is one ${kind.name} in PEM`,
            `give the file that starts with -----BEGIN ${label}-----`,
        );
    }
    const base64 = body.replace(/\s+/g, "");
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
        return fault(
            "a damaged PEM block",
            "the block is whole base64",
            "copy the file again; a character is missing or was changed",
        );
    }
    return { facts: Buffer.from(base64, "base64"), findings: [] };
}

function fault(value: string, rule: string, remedy: string): Inspection<never> {
    return { facts: undefined, findings: [{ value, rule, remedy }] };
}

/** DER of a certificate or a request starts with a SEQUENCE whose length takes two bytes or more. */
function isDer(content: Buffer | string): boolean {
    return typeof content !== "string" && content[0] === 0x30 && (content[1] & 0x80) !== 0;
}
