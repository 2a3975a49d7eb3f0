import { readFileSync, writeFileSync } from "fs";
import * as pulumi from "@pulumi/pulumi";
import type { Platform } from "./platform";
import { PreviousState } from "./previousState";
import { PlatformReference, platformReferenceOutput } from "./shards";
import { knownValue } from "../components/inputs/knownValue";

/**
 * Environment variable with a file name, set by `npm run fleet -- preview`. The preview of the hub's stack writes to the
 * file which values it would pass to its fleet stacks differently from today, and their previews read it.
 */
export const plannedVariable = "IOT_X509_PLANNED";

/** What an `up` of the hub's stack would change for its fleet stacks. */
export interface Planned {
    /** The hub is replaced. */
    readonly isHubNew: boolean;
    /** Groups that get a different signing CA. */
    readonly groups: readonly string[];
}

const nothing: Planned = { isHubNew: false, groups: [] };

/** Used in a preview: an output that is still unknown is one that `up` changes. */
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

/** What the preview of the hub's stack reported; nothing in an `up`, in which the stack's outputs are up to date. */
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
