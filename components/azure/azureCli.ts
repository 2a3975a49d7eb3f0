import { spawnSync } from "child_process";
import { causeAndRemedy } from "./errorWords";

/** The members of `az account show` that the program uses. */
export interface AzureCliAccount {
    /** Subscription ID. */
    readonly id: string;
    readonly tenantId: string;
    /** Name of the cloud, e.g. `AzureCloud`. */
    readonly environmentName: string;
}

/**
 * Returns the account that the Azure CLI is logged in to. Blocks while az runs, because Pulumi's host of dynamic providers
 * does not wait for a provider that is still being configured.
 *
 * @param subscription ID or name; default: the subscription that az has selected
 * @throws Error of one sentence that names the remedy
 */
export function azureCliAccount(subscription: string | undefined): AzureCliAccount {
    const args = ["account", "show", "--output", "json"];
    if (subscription !== undefined) {
        args.push("--subscription", subscription);
    }
    // On Windows az is a script and needs a shell, so the caller must have checked the form of the subscription.
    const { error, status, stdout, stderr } = spawnSync("az", args, {
        encoding: "utf8",
        shell: process.platform === "win32",
    });
    if (error !== undefined || status !== 0) {
        const said =
            error?.message ?? (stderr.trim() || `az account show exited with status ${status}`);
        throw new Error(causeAndRemedy(said) ?? said);
    }
    try {
        return JSON.parse(stdout) as AzureCliAccount;
    } catch {
        throw new Error(`az account show printed no JSON: ${stdout.slice(0, 200)}`);
    }
}
