import { writeFileSync } from "fs";
import * as path from "path";
import { Command, runMeasured } from "../measure/processGroup";
import { Site } from "../measure/site";
import { azureCli, repository } from "../toolchain";
import { Contender, Prepared, Request } from "../measure/contender";
import { openTestEnvironment } from "./testEnvironment";

const login =
    'az login --service-principal --username "$ARM_CLIENT_ID" --password="$ARM_CLIENT_SECRET" --tenant "$ARM_TENANT_ID"';

async function prepare(site: Site, { key }: Request): Promise<Prepared> {
    const az = azureCli();
    const { folder, hostName } = await openTestEnvironment(site);
    const script = path.join(repository, "bench/tutorial/devices.sh");
    const ids = path.join(folder, "ids");
    const environment = {
        ...site.environment,
        PATH: `${path.dirname(az)}:${site.environment.PATH}`,
        AZURE_CONFIG_DIR: path.join(folder, ".azure"),
        AZURE_CORE_COLLECT_TELEMETRY: "no",
        AZURE_CORE_ONLY_SHOW_ERRORS: "yes",
        AZURE_CORE_SURVEY_MESSAGE: "no",
        AZURE_EXTENSION_USE_DYNAMIC_INSTALL: "no",
    };
    const bash = (text: string): Command => ({
        file: "bash",
        args: ["-euo", "pipefail", "-c", text, "bash", script, hostName, key, ids],
        cwd: folder,
        environment,
    });
    await runMeasured(bash(login));
    return {
        list: (devices) => writeFileSync(ids, devices.map((id) => `${id}\n`).join("")),
        command: (operation) =>
            operation === "up" || operation === "addOne"
                ? bash('exec bash "$1" "$2" "$3" <"$4"')
                : undefined,
        stateBytes: () => undefined,
        close: () => undefined,
    };
}

/** The tutorial's commands, by bash. */
export const tutorial: Contender = { name: "tutorial", prepare };
