import { execFileSync } from "child_process";
import * as path from "path";
import { HeldResource } from "./rules/changes";

const largestState = 1024 * 1024 * 1024;

/**
 * The resources in the stack's state before the run, as its own CLI exports it, with secrets encrypted.
 *
 * @param urn of any resource of the stack: the engine gives a pack no other way to learn the stack and project
 * @param organization owner of the stack; in a self-managed backend it is called `organization`
 * @throws Error when the CLI on PATH cannot read the state, since deletions would then go unnoticed
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

/** npm puts packages' programs first on PATH, and its package `pulumi` downloads the CLI. */
function withoutDownloader(folders = ""): string {
    return folders
        .split(path.delimiter)
        .filter((folder) => !folder.endsWith(path.join("node_modules", ".bin")))
        .join(path.delimiter);
}
