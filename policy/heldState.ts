import { execFileSync } from "child_process";
import * as path from "path";
import { HeldResource } from "./rules/changes";

const largestState = 1024 * 1024 * 1024;

/**
 * What the stack holds before the run, as its own CLI exports it, secrets encrypted.
 *
 * @param urn of any resource of the stack: the engine tells a pack neither stack nor project in another way
 * @param organization whose stack it is; in a backend of one's own it is called `organization`
 * @throws Error when the CLI on PATH cannot read it: then nobody knows what would be deleted
 */
export function heldResources(urn: string, organization: string): HeldResource[] {
    const [, stackName, project] = /^urn:pulumi:(.+?)::(.+?)::/.exec(urn) ?? [];
    const stack = `${organization}/${project}/${stackName}`;
    let text: string;
    try {
        text = execFileSync("pulumi", ["stack", "export", "--stack", stack, "--non-interactive"], {
            env: { ...process.env, PATH: withoutDownloader(process.env.PATH) },
            encoding: "utf8",
            maxBuffer: largestState,
            stdio: ["ignore", "pipe", "pipe"],
        });
    } catch (error) {
        const { stderr, message } = error as { stderr?: string; message: string };
        throw new Error(
            `the state of ${stack} cannot be read, so nothing tells what a run would delete: ${stderr || message} — put the ` +
                "Pulumi CLI on PATH, logged in as the run is",
        );
    }
    const { deployment } = JSON.parse(text) as {
        readonly deployment?: { readonly resources?: HeldResource[] };
    };
    return deployment?.resources ?? [];
}

/** npm puts packages' programs ahead, and its package `pulumi` downloads the CLI. */
function withoutDownloader(folders = ""): string {
    return folders
        .split(path.delimiter)
        .filter((folder) => !folder.endsWith(path.join("node_modules", ".bin")))
        .join(path.delimiter);
}
