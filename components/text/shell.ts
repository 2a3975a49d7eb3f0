/**
 * A value as one word of a POSIX shell, for commands that people paste: as it is when nothing in it means anything to a
 * shell, otherwise in single quotes (POSIX.1-2017, Shell Command Language, 2.2.2).
 */
export function shellWord(value: string): string {
    return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replace(/'/g, "'\\''")}'`;
}
