import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

export const suffixType = "random:index/randomString:RandomString";

/** The resource that makes the suffix of a name. */
export function suffixName(name: string): string {
    return `${name}-suffix`;
}

export function withSuffix(prefix: string, suffix: string): string {
    return `${prefix}-${suffix}`;
}

/** Appends six random characters, kept in the state, to `prefix`, for names that must be globally unique. */
export function uniqueName(
    name: string,
    prefix: pulumi.Input<string>,
    parent: pulumi.Resource,
): pulumi.Output<string> {
    const suffix = new random.RandomString(
        suffixName(name),
        { length: 6, upper: false, special: false },
        { parent },
    );
    return pulumi.all([prefix, suffix.result]).apply((texts) => withSuffix(...texts));
}
