/** How a finding bears on a first `up`. */
export type Severity =
    /** As it should be. */
    | "ok"
    /** It works, and deserves a look. */
    | "warning"
    /** `up` would fail on it. */
    | "error"
    /** It could not be looked at, so nothing is known. */
    | "unchecked";

/** One thing that was looked at. */
export interface Finding {
    readonly severity: Severity;
    /** What is so, in one sentence without a full stop. */
    readonly text: string;
    /** What to do about it; everything but "ok" has one. */
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
