import { execFileSync } from "child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "fs";
import * as path from "path";

const version = "3.28.0";

/**
 * A PULUMI_HOME with the official azure-native plugin instead of the emulator's stand-in; the other plugins are those of
 * `pulumiHome`. Downloads some hundreds of MB the first time.
 */
export function officialPlugin(pulumiHome: string): string {
    const home = `${pulumiHome}-official`;
    const plugins = path.join(home, "plugins");
    mkdirSync(plugins, { recursive: true });
    for (const name of readdirSync(path.join(pulumiHome, "plugins"))) {
        if (!name.startsWith("resource-azure-native") && !existsSync(path.join(plugins, name))) {
            symlinkSync(path.join(pulumiHome, "plugins", name), path.join(plugins, name));
        }
    }
    if (!existsSync(path.join(plugins, `resource-azure-native-v${version}`))) {
        execFileSync("pulumi", ["plugin", "install", "resource", "azure-native", version], {
            stdio: "inherit",
            env: { ...process.env, PULUMI_HOME: home },
        });
    }
    return home;
}
