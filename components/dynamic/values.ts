/** What the engine sends in a preview for a value of any type that it does not know yet. */
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isUnknown(value: unknown): boolean {
    return value === unknownText;
}

/** The same marker, for a computed input that depends on an unknown one. */
export const unknownValue = unknownText;

/** Outputs as the engine accepts them: without `undefined`. */
export function toState<T extends object>(values: T): T {
    const entries = Object.entries(values).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries) as T;
}

/** Which of the named properties differ; a value not known yet counts as different. */
export function changedKeys<T extends object>(
    olds: T,
    news: T,
    keys: readonly (keyof T & string)[],
): string[] {
    return keys.filter((key) => isUnknown(news[key]) || !isEqual(olds[key], news[key]));
}

function isEqual(one: unknown, other: unknown): boolean {
    return stableJson(one ?? null) === stableJson(other ?? null);
}

/** The value of a mapping whose keys are users' names; ignores inherited members such as `constructor`. */
export function own<T>(mapping: Readonly<Record<string, T>>, key: string): T | undefined {
    return Object.hasOwn(mapping, key) ? mapping[key] : undefined;
}

/** JSON with sorted keys, so that equal values give equal texts. */
export function stableJson(value: unknown): string {
    return JSON.stringify(value, (_, inner: unknown) =>
        typeof inner === "object" && inner !== null && !Array.isArray(inner)
            ? Object.fromEntries(
                  Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
              )
            : inner,
    );
}

/** IDs as a provisioning service compares them: ignoring case. */
export function idSet(ids: readonly string[] = []): ReadonlySet<string> {
    return new Set(ids.map((id) => id.toLowerCase()));
}
