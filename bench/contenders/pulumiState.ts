import { readdirSync, readFileSync } from "fs";
import * as path from "path";

export interface StateResource {
    readonly type: string;
    readonly id?: string;
    readonly outputs?: Readonly<Record<string, unknown>>;
}

interface StateFile {
    readonly checkpoint: {
        readonly latest?: { readonly resources?: readonly StateResource[] };
    };
}

/** The states of all stacks of a file backend. */
function readStates(folder: string, project: string): StateFile[] {
    const stacks = path.join(folder, ".pulumi/stacks", project);
    return readdirSync(stacks)
        .filter((name) => name.endsWith(".json"))
        .map((name) => JSON.parse(readFileSync(path.join(stacks, name), "utf8")) as StateFile);
}

/** Bytes of all states in a file backend, as JSON without blanks: what `pulumi stack export` gives, and what is uploaded. */
export function stateBytes(folder: string, project: string): number {
    const states = readStates(folder, project);
    return states
        .map(({ checkpoint }) => Buffer.byteLength(JSON.stringify(checkpoint.latest ?? {})))
        .reduce((sum, bytes) => sum + bytes, 0);
}

export function stateResources(folder: string, project: string): StateResource[] {
    return readStates(folder, project).flatMap(
        ({ checkpoint }) => checkpoint.latest?.resources ?? [],
    );
}
