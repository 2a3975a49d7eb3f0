import { leanRuntime } from "./components/dynamic/leanRuntime";
import { loadSettings } from "./stacks/config";
import { createFleet } from "./stacks/fleet";
import { createFleetStack } from "./stacks/fleetStack";
import { announceOfflineSteps } from "./stacks/guidance";
import { refuseToMakeAnew } from "./stacks/handover";
import { stackOutputs } from "./stacks/outputs";
import { createPlatform, ownBase } from "./stacks/platform";

leanRuntime();

export = async () => {
    const settings = loadSettings();
    if (settings.shard !== undefined) {
        return createFleetStack(settings, settings.shard);
    }
    await refuseToMakeAnew(settings);
    const platform = await createPlatform(settings);
    const fleet = createFleet(settings, ownBase(platform));
    announceOfflineSteps(settings, platform);
    return stackOutputs(settings, platform, fleet);
};
