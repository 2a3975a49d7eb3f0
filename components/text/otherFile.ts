/** What a file is instead of the expected text, and how to get the text. */
export interface OtherFile {
    readonly value: string;
    readonly remedy: string;
}

/** Identified by the beginning of the file. */
const kinds: readonly (readonly [beginning: RegExp, OtherFile])[] = [
    [/^\x1f\x8b/, { value: "a gzip file", remedy: "unpack it: gunzip -c < FILE > UNPACKED" }],
    [/^PK\x03\x04/, { value: "a ZIP archive", remedy: "unpack it, and use the file in it" }],
    [
        /^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/,
        {
            value: "an Office document (XLS or DOC)",
            remedy: "save it as text (Excel: CSV UTF-8)",
        },
    ],
    [
        /^version https:\/\/git-lfs\.github\.com\//,
        { value: "a pointer of Git LFS", remedy: "get the file itself: git lfs pull" },
    ],
    [
        /^\s*<(?:!doctype\s+html|html)\b/i,
        {
            value: "an HTML page",
            remedy: "get the file again; a sign-in or error page was saved in its place",
        },
    ],
];

/**
 * Recognizes files that are often found in place of a text file.
 *
 * @param text the file's text, or its bytes as Latin-1
 */
export function otherFile(text: string): OtherFile | undefined {
    return kinds.find(([beginning]) => beginning.test(text))?.[1];
}
