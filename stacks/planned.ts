import { readFileSync, writeFileSync } from "fs";
import * as pulumi from "@pulumi/pulumi";
import type { Platform } from "./platform";
import { PreviousState } from "./previousState";
import { PlatformReference, platformReferenceOutput } from "./shards";
import { knownValue } from "../components/inputs/knownValue";

/**
 * Names a file in which a preview of the hub's stack tells what its fleet stacks would be handed otherwise than today, and
 * where their previews read it; an environment variable that `npm run fleet -- preview` sets.
 */
export const plannedVariable = "IOT_X509_PLANNED";

/** What an `up` of the hub's stack would change for its fleet stacks. */
export interface Planned {
    /** The hub is replaced. */
    readonly isHubNew: boolean;
    /** Groups with another CA to sign. */
    readonly groups: readonly string[];
}

const nothing: Planned = { isHubNew: false, groups: [] };

/** In a preview: an output that is not known yet is one that `up` changes. */
export async function tellPlanned(
    { hub, authorities }: Platform,
    previous: PreviousState,
): Promise<void> {
    const file = process.env[plannedVariable];
    const before = previous.outputs[platformReferenceOutput] as
        Partial<PlatformReference> | undefined;
    if (!pulumi.runtime.isDryRun() || file === undefined || before?.issuers === undefined) {
        return;
    }
    const groups: string[] = [];
    for (const [group, { certificate }] of authorities.issuers) {
        if ((await knownValue(certificate)) !== before.issuers[group]?.certificate) {
            groups.push(group);
        }
    }
    const isHubNew = (await knownValue(hub.hubId)) !== before.hubId;
    writeFileSync(file, JSON.stringify({ isHubNew, groups } satisfies Planned));
}

/** What the preview of the hub's stack told; nothing in an `up`, where the stack has what there is. */
export function readPlanned(): Planned {
    const file = process.env[plannedVariable];
    if (!pulumi.runtime.isDryRun() || file === undefined) {
        return nothing;
    }
    try {
        return JSON.parse(readFileSync(file, "utf8")) as Planned;
    } catch {
        return nothing;
    }
}
