import { turnOffRuntimeDiagnostics } from "./components/dynamic/runtimeDiagnostics";
import { createAlertRules } from "./stacks/alerts";
import { announceCaEnds } from "./stacks/caEnds";
import { announceCutOff, refuseToCutOff } from "./stacks/cutOff";
import { loadSettings } from "./stacks/config";
import { createFleet } from "./stacks/fleet";
import { createFleetStack } from "./stacks/fleetStack";
import { announceOfflineSteps } from "./stacks/offlineInstructions";
import { lastOutputs, refuseFleetStackAlone, refuseToMakeAnew } from "./stacks/platformReference";
import { stackOutputs } from "./stacks/outputs";
import { tellPlanned } from "./stacks/planned";
import { createPlatform, ownBase } from "./stacks/platform";
import { readOutputsOf, readPreviousState } from "./stacks/previousState";
import { signIn } from "./stacks/signIn";

turnOffRuntimeDiagnostics();

export = async () => {
    const last = await lastOutputs();
    refuseFleetStackAlone(last);
    const settings = loadSettings();
    const previous = await readPreviousState();
    if (settings.shard !== undefined) {
        const platform = await readOutputsOf(settings.shard.of);
        return createFleetStack(settings, settings.shard, platform, previous);
    }
    refuseToMakeAnew(settings, last);
    refuseToCutOff(settings, previous);
    announceCutOff(settings, previous);
    const platform = await createPlatform(settings, await signIn(), previous);
    await tellPlanned(platform, previous);
    const fleet = createFleet(settings, ownBase(platform, previous));
    createAlertRules(settings, platform.alerts, platform.authorities, fleet);
    announceOfflineSteps(settings, platform);
    announceCaEnds(settings, platform.authorities);
    return stackOutputs(settings, platform, fleet);
};
