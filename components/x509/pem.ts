import { childrenOf, DerKind, elementAt, kindOf, tags } from "./der";
import { decodeText, named } from "../text/decode";
import { otherFile } from "../text/otherFile";

/**
 * A rule that a file or its content breaks. `value` describes what was found and never contains key material.
 */
export interface Finding {
    readonly value: string;
    readonly rule: string;
    readonly remedy: string;
}

/** The result of checking an input: its facts, unless a finding prevents them, and every finding. */
export interface Inspection<T> {
    readonly facts: T | undefined;
    readonly findings: readonly Finding[];
    /** Findings that prevent nothing. */
    readonly warnings?: readonly Finding[];
}

/** The two kinds of PEM file that users supply (labels of RFC 7468, sections 5 and 7). */
export type PemLabel = "CERTIFICATE" | "CERTIFICATE REQUEST";

interface Wanted {
    readonly kind: DerKind;
    readonly name: string;
    /** Command that keeps the first block of a file. */
    readonly first: string;
    readonly make: string;
    /** Command that exports one from a Java keystore. */
    readonly export: string;
}

const wanted: Record<PemLabel, Wanted> = {
    CERTIFICATE: {
        kind: "certificate",
        name: "certificate",
        first: "openssl x509 -in FILE -out ONE.pem",
        make: "use the certificate that the CA issued for it, the file that starts with -----BEGIN CERTIFICATE-----",
        export: "keytool -exportcert -rfc -keystore FILE -alias ALIAS -file FILE.pem",
    },
    "CERTIFICATE REQUEST": {
        kind: "request",
        name: "certificate signing request",
        first: "openssl req -in FILE -out ONE.csr",
        make: "use the file that starts with -----BEGIN CERTIFICATE REQUEST-----: openssl req -new -key DEVICE.key -subj /CN=DEVICE-ID -out FILE",
        export: "keytool -certreq -keystore FILE -alias ALIAS -dname CN=DEVICE-ID -file FILE.csr",
    },
};

const kindNames: Record<Exclude<DerKind, "privateKey" | "pkcs12">, string> = {
    certificate: "a certificate",
    request: "a certificate signing request",
    publicKey: "a public key",
    pkcs7: "a PKCS#7 container",
    revocationList: "a revocation list",
};

const block = /-----BEGIN ([^\r\n-]+)-----([\s\S]*?)-----END ([^\r\n-]+)-----/g;

/** Whether a text contains a private key, encrypted or not, in any of the usual forms: such a text is never shown. */
export function holdsPrivateKey(text: string): boolean {
    return (
        /BEGIN\s+(?:[A-Z0-9]+\s+)*PRIVATE\s+KEY|PuTTY-User-Key-File-|<RSAKeyValue>/i.test(text) ||
        (/"kty"/.test(text) && /"[dk]"\s*:/.test(text)) ||
        text.split(/-----[^-]*-----/).some((part) => isPrivate(Buffer.from(part, "base64"))) ||
        holdsEncodedPem(text)
    );
}

/** Base64 of a PEM text, as in Kubernetes secrets. */
function holdsEncodedPem(text: string): boolean {
    return /^\s*LS0tLS1CRUdJTi/.test(text) && holdsPrivateKey(fromBase64(text).toString("latin1"));
}

/** In its binary form or as base64. */
function isPkcs12(content: Buffer | string, text: string): boolean {
    const bytes = typeof content === "string" ? undefined : kindOf(content);
    return bytes === "pkcs12" || kindOf(fromBase64(bareBase64(text))) === "pkcs12";
}

/** Anything shorter than a key may be a word that happens to be base64 of such a beginning. */
function isPrivate(der: Buffer): boolean {
    const kind = der.length < 20 ? undefined : kindOf(der);
    return kind === "privateKey" || kind === "pkcs12";
}

/**
 * The DER of the single certificate or request that a file should contain: PEM under any of its labels, with text around
 * it (RFC 7468, 2) as in `openssl x509 -text` and PKCS#12 exports, base64 without its first and last line, or the binary
 * form itself. Anything after the structure is ignored, as in OpenSSL's TRUSTED CERTIFICATE.
 *
 * @param content the file's bytes, or its text
 * @param label what the file should contain
 */
export function singlePemBlock(content: Buffer | string, label: PemLabel): Inspection<Buffer> {
    const { name } = wanted[label];
    const text =
        typeof content === "string"
            ? content
            : (decodeText(content).text ?? content.toString("latin1"));
    if (isPkcs12(content, text)) {
        return fault(
            "a PKCS#12 file (not shown)",
            `a ${name} file must not be a PKCS#12 file, which can contain a private key`,
            label === "CERTIFICATE"
                ? "extract the certificate: openssl pkcs12 -in FILE -nokeys -out FILE.pem; if FILE has the key, remove FILE from " +
                      "version control and generate a new key: this one is no longer secret"
                : wanted[label].make,
        );
    }
    if (holdsPrivateKey(text) || (typeof content !== "string" && isPrivate(content))) {
        return fault(
            "a file with a private key (not shown)",
            `a ${name} file must not contain a private key`,
            "remove the key from the file and from version control, and generate a new key: this one is no longer secret",
        );
    }
    if (typeof content !== "string" && kindOf(content) !== undefined) {
        return structure(content, label, "-inform DER ");
    }
    const blocks = [...text.matchAll(block)];
    if (blocks.length === 0) {
        return withoutBlock(text, label);
    }
    if (blocks.length > 1) {
        return fault(
            `${blocks.length} PEM blocks`,
            `must be one ${name}, not a chain or a bundle`,
            `keep the intended block and delete the others; to extract the first one: ${wanted[label].first}`,
        );
    }
    const [, begin, body, end] = blocks[0];
    if (begin !== end) {
        return fault(
            `a PEM block that begins as "${begin}" and ends as "${end}"`,
            "the block's first and last line must have the same label",
            "copy the file again, from the first line to the last",
        );
    }
    if (begin.startsWith("PGP ")) {
        return fault("a block of PGP", `must be one ${name} in PEM or DER`, wanted[label].make);
    }
    const damage = damageIn(body);
    return damage === undefined
        ? structure(fromBase64(body), label, "", begin)
        : fault(
              `a damaged PEM block${damage}`,
              "the block must be complete base64",
              damageRemedy(body),
          );
}

/** The structure at the start of the bytes, if it is the wanted one. */
function structure(
    bytes: Buffer,
    label: PemLabel,
    form: "" | "-inform DER ",
    pemLabel?: string,
): Inspection<Buffer> {
    const { kind, name, make } = wanted[label];
    const outer = elementAt(bytes, 0);
    const found = kindOf(bytes);
    if (outer !== undefined && found !== undefined && outer.end > bytes.length) {
        return fault(
            `${bytes.length} of ${outer.end} bytes`,
            "the structure must be complete",
            "copy the file again as binary; its end is missing, or bytes were lost in a text transfer",
        );
    }
    if (outer !== undefined && found === kind) {
        return { facts: bytes.subarray(0, outer.end), findings: [] };
    }
    if (found === undefined || found === "privateKey" || found === "pkcs12") {
        const shown = pemLabel === undefined || pemLabel in wanted ? "" : ` (label ${pemLabel})`;
        return fault(
            `a block that is not ${kind === "request" ? "a PKCS#10" : "an X.509"} structure${shown}`,
            `must be a ${name} (${kind === "request" ? "PKCS#10" : "X.509"})`,
            kind === "request"
                ? "create it again with: openssl req -new -key DEVICE.key -subj /CN=DEVICE-ID -out FILE"
                : "copy the certificate again; inspect it with: openssl x509 -in FILE -text",
        );
    }
    const remedy =
        found === "pkcs7" && kind === "certificate"
            ? `extract the certificates and keep the intended one: openssl pkcs7 ${form}-in FILE -print_certs -out FILE.pem`
            : make;
    return fault(kindNames[found], `must be one ${name} in PEM or DER`, remedy);
}

/** Why a text has no PEM block, judging by what common tools do to one; bare base64 is decoded. */
function withoutBlock(text: string, label: PemLabel): Inspection<Buffer> {
    const rule = `must be one ${wanted[label].name} in PEM or DER`;
    const again = "copy the file again, from the first line to the last";
    const other = otherKind(text, label);
    if (other !== undefined) {
        return fault(other.value, rule, other.remedy);
    }
    const bare = text.trim();
    const bytes = fromBase64(bareBase64(text));
    if (kindOf(bytes) !== undefined) {
        return structure(bytes, label, "");
    }
    if (bytes.toString("latin1").startsWith("-----BEGIN ")) {
        return fault("base64 of a PEM file", rule, "run: base64 -d FILE > FILE.pem");
    }
    const cut = /-----BEGIN ([^\r\n-]+)-----/.exec(text)?.[1];
    if (cut !== undefined) {
        return fault(
            `no complete PEM block: the line -----END ${cut}----- is missing`,
            rule,
            again,
        );
    }
    const start = /^.*\bBEGIN [A-Z0-9 ]+.*$/im.exec(text)?.[0];
    if (start !== undefined) {
        const odd = /[^\x20-\x7e\r\n]/u.exec(start)?.[0];
        return fault(
            odd === undefined
                ? "no PEM block: the first line must be five hyphens, BEGIN, the label and five hyphens, in capitals"
                : `no PEM block: ${named(odd)} in its first line`,
            rule,
            `write -----BEGIN ${label}----- and -----END ${label}----- with ASCII hyphens, or copy the file itself instead of its text`,
        );
    }
    return fault(
        bare === "" ? "no PEM block: the file is empty" : "no PEM block",
        rule,
        `use a file with one complete -----BEGIN ${label}----- block`,
    );
}

/** A text that is nothing but base64; empty for any other text. */
function bareBase64(text: string): string {
    const bare = text.trim();
    return /^[A-Za-z0-9+/\s]+={0,2}$/.test(bare) ? bare : "";
}

/** Other key formats, and files often found in place of one with a block. */
function otherKind(
    text: string,
    label: PemLabel,
): { readonly value: string; readonly remedy: string } | undefined {
    const { make, export: command } = wanted[label];
    if (/^(?:ssh-|ecdsa-sha2-|sk-)\S+ AAAA|BEGIN SSH2 PUBLIC KEY/m.test(text)) {
        return { value: "an SSH public key", remedy: make };
    }
    if (/^\s*\{[^]*"(?:kty|ciphertext)"\s*:/.test(text)) {
        return { value: "a JSON Web Key", remedy: make };
    }
    return /^(?:\xfe\xed\xfe\xed|\xce\xce\xce\xce)/.test(text)
        ? { value: "a Java keystore (not shown)", remedy: `export it: ${command}` }
        : otherFile(text);
}

/** What is wrong with a block's base64, in words that follow "a damaged PEM block"; undefined if nothing is. */
function damageIn(body: string): string | undefined {
    const base64 = body.replace(/\s+/g, "");
    if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
        return undefined;
    }
    const odd = /[^A-Za-z0-9+/=\s]|=(?!=?\s*$)/u.exec(body);
    if (odd === null) {
        return "";
    }
    const line = body.slice(0, odd.index).split(/\r\n?|\n/).length;
    return `: ${named(odd[0])} in line ${line} of it`;
}

function damageRemedy(body: string): string {
    return body.includes("\\n")
        ? 'the line breaks are written as \\n; turn them into line breaks: printf "%b" "$(cat FILE)" > FILE.pem'
        : "copy the file again; a character is missing or was changed";
}

function fromBase64(text: string): Buffer {
    return Buffer.from(text, "base64");
}

/** The PEM that OpenSSL writes for a structure: lines of 64 characters and line feeds (RFC 7468, 2). */
export function toPem(der: Buffer, label: PemLabel): string {
    const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
    return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * The first element of a SEQUENCE, header included: for a CertificationRequest, the CertificationRequestInfo exactly as it
 * was signed. The structure must have been parsed before.
 */
export function firstElement(der: Buffer): Buffer {
    const outer = elementAt(der, 0);
    const first = outer && outer.tag === tags.sequence ? childrenOf(der, outer)[0] : undefined;
    return first ? der.subarray(first.begin, first.end) : Buffer.alloc(0);
}

function fault(value: string, rule: string, remedy: string): Inspection<never> {
    return { facts: undefined, findings: [{ value, rule, remedy }] };
}
