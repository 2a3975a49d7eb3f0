import { Fleet } from "../fleet/fleet";
import { FleetOutcome } from "../fleet/fleetOutcome";
import { CliError } from "../fleet/pulumiCli";
import { outcomeLines } from "../fleet/report";
import { PolicyPack } from "../fleet/stackRun";
import { StackFileError } from "../stackFiles/planConfig";
import { Previewed } from "./buildDiff";
import { AskedHub } from "./lastActivity";
import { RawStep, stepOfEvent } from "./step";

export interface EnginePreviewOptions {
    /** Folder of Pulumi.yaml. */
    readonly folder: string;
    /** The stack of the hub. */
    readonly stack: string;
    readonly refresh: boolean;
    /** URNs of resources to leave out, with wildcards. */
    readonly exclude?: string;
    readonly policyPack?: PolicyPack;
    readonly say: (line: string) => void;
    /** Receives the fleet before anything runs, so that the caller can stop it. */
    readonly onOpen: (fleet: Fleet) => void;
}

/** An engine's preview, and the hub that it is about. */
export interface EnginePreviewed extends Previewed {
    /** Undefined before the first deployment. */
    readonly hub: AskedHub | undefined;
}

/**
 * The engine's own preview of the hub's stack and of all its fleet stacks.
 *
 * @throws CliError if the engine refuses it; StackFileError if states must be put in order first
 */
export async function enginePreview(options: EnginePreviewOptions): Promise<EnginePreviewed> {
    const steps: RawStep[] = [];
    const { folder, stack, refresh, exclude, policyPack, say, onOpen } = options;
    const fleet = await Fleet.open({
        folder,
        stack,
        refresh,
        exclude,
        policyPack,
        say,
        onEvent: (event) => {
            const step = stepOfEvent(event);
            if (step !== undefined) {
                steps.push(step);
            }
        },
    });
    onOpen(fleet);
    try {
        const present = await fleet.read();
        const outcome = await fleet.previewOf(present);
        refuseUnfinished(outcome);
        const { wanted, resources, previous } = present.stacks;
        const hub = previous.outputs.hub as Pick<AskedHub, "id" | "hostName"> | undefined;
        const { sku, units } = present.settings.hub;
        return {
            stack: fleet.platform,
            steps,
            resources,
            settings: present.settings,
            encrypted: present.encrypted,
            violations: outcome.stacks.flatMap(({ violations = [] }) => violations),
            hub: hub && { ...hub, sku, units, native: present.native },
            toCome: wanted.reduce((sum, { exists, devices }) => sum + (exists ? 0 : devices), 0),
        };
    } finally {
        fleet.close();
    }
}

function refuseUnfinished(outcome: FleetOutcome): void {
    if (outcome.awaited !== undefined) {
        throw new StackFileError(outcomeLines("preview", outcome, 0).join("\n"));
    }
    const failed = outcome.stacks.filter(({ result }) => result !== "done");
    if (failed.length > 0) {
        const causes = failed.map(
            ({ stack, result, details }) =>
                `the preview of ${stack} ${result === "failed" ? "failed" : `was ${result}`}: ${details.join("\n")}`,
        );
        throw new CliError(causes.join("\n"));
    }
}
