import * as pulumi from "@pulumi/pulumi";

/** Undefined for a value that a preview does not know. */
export async function knownValue<T>(output: pulumi.Output<T>): Promise<T | undefined> {
    const { isKnown } = output as unknown as { readonly isKnown: Promise<boolean> };
    return (await isKnown)
        ? new Promise((resolve) => output.apply((value) => resolve(value as T)))
        : undefined;
}
