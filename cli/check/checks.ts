import { AzureError } from "../../components/azure/client";
import { isForbidden } from "./armReader";
import { CheckContext } from "./context";
import { checkDataRoles } from "./dataRoles";
import { Finding, unchecked } from "./finding";
import { checkGraph } from "./graph";
import { checkLinkedHubs } from "./linkedHubs";
import { checkNames } from "./names";
import { checkProviders } from "./providers";
import { checkQuotas } from "./quotas";
import { checkRegions } from "./regions";
import { checkResourceGroup } from "./resourceGroup";
import { checkRoles } from "./roles";
import { checkSubscription } from "./subscription";
import { checkTiers } from "./tiers";

/** One precondition of a first `up`. */
export interface Check {
    readonly name: string;
    /** Whether the checks after it are impossible if it fails. */
    readonly isGate?: boolean;
    /** Reads and changes nothing. May leave an error from Azure to the caller. */
    readonly run: (context: CheckContext) => Promise<readonly Finding[]>;
}

/** In the order in which they run, after the login. */
const checks: readonly Check[] = [
    { name: "subscription", isGate: true, run: checkSubscription },
    { name: "providers", run: checkProviders },
    { name: "group", run: checkResourceGroup },
    { name: "regions", run: checkRegions },
    { name: "roles", run: checkRoles },
    { name: "data roles", run: checkDataRoles },
    { name: "directory", run: checkGraph },
    { name: "names", run: checkNames },
    { name: "quotas", run: checkQuotas },
    { name: "tiers", run: checkTiers },
    { name: "linked hubs", run: checkLinkedHubs },
];

/** A finding and the check that it belongs to. */
export type CheckFinding = Finding & { readonly check: string };

/** Runs all checks one after the other; a check that cannot run is a finding, too. */
export async function runChecks(context: CheckContext): Promise<CheckFinding[]> {
    const found: CheckFinding[] = [];
    for (const [index, { name, isGate, run }] of checks.entries()) {
        const findings = await run(context).catch((failure) => [notChecked(failure as Error)]);
        found.push(...findings.map((one) => ({ check: name, ...one })));
        if (isGate && findings.some(({ severity }) => severity !== "ok")) {
            const left = checks.slice(index + 1).map((one) => one.name);
            const text = `not checked: ${left.join(", ")}`;
            found.push({
                check: name,
                ...unchecked(text, "fix the problem above, and run this again"),
            });
            return found;
        }
    }
    return found;
}

function notChecked(failure: Error): Finding {
    const [said] = failure.message.split("\n");
    if (isForbidden(failure)) {
        return unchecked(
            said,
            "log in as somebody who may read it, or request the role Reader on the subscription",
        );
    }
    if (failure instanceof AzureError && failure.code === "MissingSubscriptionRegistration") {
        return unchecked(
            "Azure does not answer before Microsoft.Devices is registered",
            "register it (see providers) and run this again",
        );
    }
    return unchecked(said, "run this again; if it fails again, see docs/check.md");
}
