/** A file's text, or why its bytes are not text, e.g. `byte 0xFC in line 2, which is not UTF-8`. */
export type Decoded =
    | { readonly text: string; readonly problem?: undefined }
    | { readonly text: undefined; readonly problem: string };

/**
 * Decodes what editors, shells and spreadsheets write: UTF-8 with or without a byte order mark, and UTF-16 in either
 * byte order (PowerShell's `>`, Excel's "Unicode Text"), with a mark or without.
 */
export function decodeText(content: Buffer): Decoded {
    const encoding = utf16Order(content) ?? "utf-8";
    try {
        return { text: new TextDecoder(encoding, { fatal: true }).decode(content) };
    } catch {
        return {
            text: undefined,
            problem: encoding === "utf-8" ? badByte(content) : "truncated UTF-16",
        };
    }
}

/** By the byte order mark or, without one, by the zero byte that every ASCII character has in UTF-16. */
function utf16Order(content: Buffer): "utf-16le" | "utf-16be" | undefined {
    if (content.length < 2) {
        return undefined;
    }
    switch (content.readUInt16BE(0)) {
        case 0xfffe:
            return "utf-16le";
        case 0xfeff:
            return "utf-16be";
    }
    const head = content.subarray(0, 64);
    const isZeroAt = (parity: number): boolean =>
        head.every((byte, index) => index % 2 !== parity || byte === 0);
    if (isZeroAt(0) === isZeroAt(1)) {
        return undefined;
    }
    return isZeroAt(1) ? "utf-16le" : "utf-16be";
}

function badByte(content: Buffer): string {
    // Node.js writes U+FFFD, which is three bytes long, in place of what it cannot decode.
    const again = Buffer.from(content.toString("utf8"), "utf8");
    const at = content.findIndex((byte, index) => byte !== again[index]);
    const line = content.subarray(0, at).toString("latin1").split("\n").length;
    const byte = content[at].toString(16).toUpperCase().padStart(2, "0");
    return `byte 0x${byte} in line ${line}, which is not valid UTF-8`;
}

/** Invisible characters, and those that look like a space. */
const invisible =
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u115f\u1160\u2800\u3164\uffa0]|(?! )\p{Zs}/gu;

/** A word of Latin letters that contains Greek or Cyrillic ones: many look the same. */
const mixedWord = /(?=\S*[A-Za-z])\S*[\p{Script=Greek}\p{Script=Cyrillic}]\S*/gu;

/** The text, with every character that a reader cannot see or would mistake for another escaped, e.g. `\u200b`. */
export function visible(text: string): string {
    return text
        .replace(mixedWord, (word) =>
            word.replace(/[\p{Script=Greek}\p{Script=Cyrillic}]/gu, escaped),
        )
        .replace(invisible, escaped);
}

function escaped(character: string): string {
    return character
        .split("")
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
        .join("");
}

/** A character and its number, for messages: `"–" (U+2013)`. */
export function named(character: string): string {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return visible(character) === character ? `"${character}" (U+${code})` : `U+${code}`;
}
