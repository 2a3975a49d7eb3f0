import * as pulumi from "@pulumi/pulumi";
import { paceVariable } from "../components/iothub/pace";
import { createFleet } from "./fleet";
import { handedOver } from "./handover";
import { fleetOutputs } from "./outputs";
import { refusal } from "./refusal";
import { Settings, Shard } from "./settings";

/** Declares the devices of one shard. The hub and the CAs are another stack's. */
export function createFleetStack(settings: Settings, shard: Shard): pulumi.Inputs {
    if (!pulumi.runtime.isDryRun() && process.env[paceVariable] === undefined) {
        throw refusal(
            `${pulumi.getStack()} holds a part of the fleet of ${shard.of}; deployed alone, it could delete devices that ` +
                `moved to another part: run "npm run fleet -- up --stack ${shard.of}"`,
        );
    }
    const base = handedOver(settings, shard);
    return fleetOutputs(settings, createFleet(settings, base), base.hub.hostName);
}
