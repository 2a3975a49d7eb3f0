/** What a finding means for a first `up`. */
export type Severity =
    /** No problem. */
    | "ok"
    /** Works, but deserves a look. */
    | "warning"
    /** `up` would fail. */
    | "error"
    /** Could not be checked, so nothing is known. */
    | "unchecked";

/** The result of checking one thing. */
export interface Finding {
    readonly severity: Severity;
    /** The fact, in one sentence without a full stop. */
    readonly text: string;
    /** What to do about it; present for all severities except "ok". */
    readonly remedy?: string;
}

export function ok(text: string): Finding {
    return { severity: "ok", text };
}

export function warning(text: string, remedy: string): Finding {
    return { severity: "warning", text, remedy };
}

export function error(text: string, remedy: string): Finding {
    return { severity: "error", text, remedy };
}

export function unchecked(text: string, remedy: string): Finding {
    return { severity: "unchecked", text, remedy };
}
