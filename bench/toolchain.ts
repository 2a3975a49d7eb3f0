import { execFileSync } from "child_process";
import { readFileSync } from "fs";
import * as path from "path";

/** Folder of the repository. */
export const repository = path.resolve(__dirname, "..");

/** The engine that the set-up found. */
export interface Toolchain {
    /** Path of the Pulumi CLI. */
    readonly cli: string;
    readonly version: string;
    readonly pulumiHome: string;
}

/** @throws Error when there is no Pulumi CLI */
export function toolchain(): Toolchain {
    const file = path.join(repository, ".local/toolchain.json");
    const found = JSON.parse(readFileSync(file, "utf8")) as Toolchain | { cli: null };
    if (found.cli === null) {
        throw new Error("bench: there is no Pulumi CLI; see what `npm run setup` says");
    }
    return found;
}

/** Path of `az`, installed when there is none; asked for before any emulator's proxy is set. */
export function azureCli(): string {
    const script = path.join(repository, "scripts/azure-cli");
    return execFileSync(script, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}
