import { loadSettings } from "./stacks/config";
import { createFleet } from "./stacks/fleet";
import { announceOfflineSteps } from "./stacks/guidance";
import { stackOutputs } from "./stacks/outputs";
import { createPlatform, ownBase } from "./stacks/platform";

export = async () => {
    const settings = loadSettings();
    const platform = await createPlatform(settings);
    const fleet = createFleet(settings, ownBase(platform));
    announceOfflineSteps(settings, platform);
    return stackOutputs(settings, platform, fleet);
};
