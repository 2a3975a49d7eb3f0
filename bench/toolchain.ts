import { execFileSync } from "child_process";
import * as path from "path";
import { Engine, readToolchain, repository } from "../scripts/lib/toolchain";

export { repository };

/** @throws Error when there is no Pulumi CLI */
export function toolchain(): Engine {
    const found = readToolchain();
    if (found.cli === null) {
        throw new Error("bench: there is no Pulumi CLI; see the output of `npm run setup`");
    }
    return found;
}

/** Path of `az`, installed when there is none; asked for before any emulator's proxy is set. */
export function azureCli(): string {
    const script = path.join(repository, "scripts/azure-cli.sh");
    return execFileSync(script, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}
