/**
 * A value as one word of a POSIX shell, for commands that people paste: as it is when nothing in it means anything to a
 * shell, otherwise in single quotes (POSIX.1-2017, Shell Command Language, 2.2.2).
 */
export function shellWord(value: string): string {
    return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replace(/'/g, "'\\''")}'`;
}

/**
 * A subject for `openssl req -subj`, quoted: in a value, a slash, a plus sign and a backslash need a backslash before them
 * (openssl-req(1), -subj).
 *
 * @param attributes e.g. `{ O: "Contoso", CN: "pump-1" }`
 */
export function subjectWord(attributes: Readonly<Record<string, string>>): string {
    const parts = Object.entries(attributes).map(
        ([name, value]) => `/${name}=${value.replace(/[\\/+]/g, "\\$&")}`,
    );
    return shellWord(parts.join(""));
}
