import { spawnSync } from "child_process";
import { causeAndRemedy } from "./errorWords";

/** The account of `az account show`, as far as it is of interest here. */
export interface AzureCliAccount {
    /** Of the subscription. */
    readonly id: string;
    readonly tenantId: string;
    /** Name of the cloud, e.g. `AzureCloud`. */
    readonly environmentName: string;
}

/**
 * What the Azure CLI is logged in to. Blocks while az runs: Pulumi's host of dynamic providers does not wait for one that
 * is still being configured.
 *
 * @param subscription ID or name; left out: az's default
 * @throws Error in one sentence, with the remedy
 */
export function azureCliAccount(subscription: string | undefined): AzureCliAccount {
    const args = ["account", "show", "--output", "json"];
    if (subscription !== undefined) {
        args.push("--subscription", subscription);
    }
    // On Windows az is a script, which takes a shell; the subscription's form is checked by whoever asks.
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
