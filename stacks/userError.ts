import * as pulumi from "@pulumi/pulumi";

/**
 * An error that ends the program; the CLI prints only its message. It has no stack trace, because the engine would format
 * it first, and Node.js 20 loops over Pulumi's own frames in it until it runs out of memory (util.inspect with colours, for
 * paths such as `node_modules/@pulumi/output.ts`).
 */
export function userError(message: string): pulumi.RunError {
    const error = new pulumi.RunError(message);
    error.stack = undefined;
    return error;
}
