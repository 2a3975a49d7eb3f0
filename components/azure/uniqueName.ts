import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** Appends six random characters, kept in the state, to `prefix`, for names that must be globally unique. */
export function uniqueName(
    name: string,
    prefix: pulumi.Input<string>,
    parent: pulumi.Resource,
): pulumi.Output<string> {
    const suffix = new random.RandomString(
        `${name}-suffix`,
        { length: 6, upper: false, special: false },
        { parent },
    );
    return pulumi.interpolate`${prefix}-${suffix.result}`;
}
