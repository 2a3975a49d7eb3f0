import * as pulumi from "@pulumi/pulumi";
import { rateLimitServerVariable } from "../components/dynamic/runVariables";
import { shellWord } from "../components/text/shellWords";
import { createAlertRules } from "./alerts";
import { createFleet } from "./fleet";
import { handedOver } from "./platformReference";
import { fleetOutputs } from "./outputs";
import { Outputs, PreviousState } from "./previousState";
import { userError } from "./userError";
import { Settings, Shard } from "./settings";
import { platformOutput } from "./shards";

/** The hub's stack alerts about the CAs. */
const noAuthorities = { roots: [], intermediates: [] };

/**
 * Declares the devices of one shard. The hub and the CAs belong to another stack.
 *
 * @param platform the outputs of that stack, if it exists
 * @param previous the state of the fleet stack
 */
export function createFleetStack(
    settings: Settings,
    shard: Shard,
    platform: Outputs = {},
    previous = PreviousState.none,
): pulumi.Inputs {
    if (!pulumi.runtime.isDryRun() && process.env[rateLimitServerVariable] === undefined) {
        throw userError(
            `${pulumi.getStack()} is a fleet stack of ${shard.of}; deployed alone, it could delete devices that ` +
                `moved to another one: run "npm run fleet -- up --stack ${shellWord(shard.of)}"`,
        );
    }
    const base = handedOver(settings, shard, platform, previous);
    const fleet = createFleet(settings, base);
    createAlertRules(settings, base.alerts, noAuthorities, fleet);
    return {
        [platformOutput]: shard.of,
        ...fleetOutputs(settings, fleet, base.hub.hostName),
    };
}
