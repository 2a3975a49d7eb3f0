/** Quotes a value as one word of a POSIX shell command, for commands that people copy from messages. */
export function shellWord(value: string): string {
    return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replace(/'/g, "'\\''")}'`;
}

/** A subject as the argument of OpenSSL's `-subj`, which treats `/` and `+` as separators. */
export function subjectWord(
    attributes: readonly (readonly [type: string, value: string])[],
): string {
    return shellWord(
        attributes.map(([type, value]) => `/${type}=${value.replace(/[\\/+]/g, "\\$&")}`).join(""),
    );
}
