import * as pulumi from "@pulumi/pulumi";

/** Resolves to undefined if a preview does not know the value. */
export async function knownValue<T>(output: pulumi.Output<T>): Promise<T | undefined> {
    const { isKnown } = output as unknown as { readonly isKnown: Promise<boolean> };
    return (await isKnown)
        ? new Promise((resolve) => output.apply((value) => resolve(value as T)))
        : undefined;
}
