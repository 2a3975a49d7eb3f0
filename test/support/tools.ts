import { existsSync, readFileSync } from "fs";
import * as path from "path";
import { skip } from "./skip";

const local = path.resolve(__dirname, "../../.local");

/** The engine that the set-up found (`.local/toolchain.json`). */
export interface Toolchain {
    /** Path of the `pulumi` to run. */
    readonly cli: string;
    readonly version: string;
    readonly source: string;
    /** To be PULUMI_HOME: it holds the plugins. */
    readonly pulumiHome: string;
}

/** The Pulumi CLI and its plugins; without one the test (or, from a hook, its suite) is skipped. */
export function requirePulumi(context: Mocha.Context): Toolchain {
    const file = path.join(local, "toolchain.json");
    if (!existsSync(file)) {
        throw new Error("`npm run setup` has not been run");
    }
    const toolchain = JSON.parse(readFileSync(file, "utf8")) as Toolchain | { cli: null };
    if (toolchain.cli === null) {
        return skip(context, {
            lacks: "Pulumi CLI",
            why: "no source had one, see `npm run setup`",
        });
    }
    return toolchain;
}

/** The path of `az` as `npm test` found it (AZURE_CLI); without one the test or suite is skipped. */
export function requireAzureCli(context: Mocha.Context): string {
    const az = process.env.AZURE_CLI ?? path.join(local, "azure-cli-venv", "bin", "az");
    if (!existsSync(az)) {
        return skip(context, { lacks: "Azure CLI", why: "see what `scripts/azure-cli` says" });
    }
    return az;
}
