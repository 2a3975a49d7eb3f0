import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { suffixName, withSuffix } from "./suffixedName";

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
