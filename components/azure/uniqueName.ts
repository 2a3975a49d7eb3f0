import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** `prefix` and six random characters, for names that must be unique in the world; kept in the state. */
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
