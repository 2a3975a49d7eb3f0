import * as pulumi from "@pulumi/pulumi";

/**
 * An error that ends the program; the CLI prints its message alone. It has no stack: the engine would format that first,
 * and Node.js 20 loops over Pulumi's own frames in it until its memory ends (util.inspect with colours, for paths such as
 * `node_modules/@pulumi/output.ts`).
 */
export function userError(message: string): pulumi.RunError {
    const error = new pulumi.RunError(message);
    error.stack = undefined;
    return error;
}
