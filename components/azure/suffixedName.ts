/** Type of the resource that makes the suffix of a name, in the state. */
export const suffixType = "random:index/randomString:RandomString";

/** The resource that makes the suffix of a name. */
export function suffixName(name: string): string {
    return `${name}-suffix`;
}

export function withSuffix(prefix: string, suffix: string): string {
    return `${prefix}-${suffix}`;
}
