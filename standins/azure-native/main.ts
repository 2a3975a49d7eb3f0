import { serve } from "../frame/plugin";
import { engineThatRuns, officialVersion, standInsIn } from "../frame/standIns";
import { connect } from "./connect";
import { AzureNativeProvider } from "./provider";
import { resourceSpecs } from "./resourceSpecs";

const name = "azure-native";

serve(
    name,
    async (settings, log) => {
        const connection = await connect(settings, log.warn);
        await log.info(engineThatRuns() ?? whichRun());
        return new AzureNativeProvider(connection);
    },
    resourceSpecs(),
);

/** One line on behalf of all plug-ins of the run; this plug-in prints it, because every program has it. */
function whichRun(): string {
    const self = `${name} ${officialVersion(name)}`;
    const all = [...new Set([self, ...standInsIn()])];
    const last = all.slice(-2).join(" and ");
    const names = [...all.slice(0, -2), last].join(", ");
    return all.length === 1
        ? `${names}: the emulator's stand-in runs, not the official plugin.`
        : `${names}: the emulator's stand-ins run, not the official plugins.`;
}
