import * as monitor from "@pulumi/azure-native/monitor";
import * as pulumi from "@pulumi/pulumi";
import {
    ArgumentChecks,
    converted,
    region,
    resourceId,
    Rule,
    someText,
    wholeNumber,
} from "../inputs/componentArgs";
import { alertQuery } from "./alertQuery";
import type { AlertScope } from "./alertTarget";
import { ascending, expiredBand, longestBand, severityOf } from "./bands";

/** Arguments of {@link AlertRules}. */
export interface AlertRulesArgs extends AlertScope {
    /** Region of the workspace, e.g. `westeurope`. */
    readonly location: pulumi.Input<string>;
    /** Name of the stack, for the rules' display names, e.g. `prod`. */
    readonly stack: pulumi.Input<string>;
    /** Days before expiry, in any order, e.g. `[30, 14, 7]`. Plain, because each one is a rule. */
    readonly days: readonly number[];
    /** The stack's certificates as a table of KQL: see `inventoryTable`. */
    readonly table: pulumi.Input<string>;
}

/**
 * How often Azure evaluates a rule. A rule whose alerts resolve by themselves, and so fire once, may wait at most this long
 * (Azure docs: azure-monitor/alerts, "Automatically resolve alerts").
 */
const evaluationFrequency = "PT12H";

/**
 * A scheduled query rule for each band, and one for what has expired. Each carries the stack's certificates in its query, so
 * nothing has to run: time alone brings a certificate into a band. An alert is one for each band, kind, group and day; it
 * fires once, and is resolved when the query no longer finds it.
 */
export class AlertRules extends pulumi.ComponentResource {
    constructor(name: string, given: AlertRulesArgs, options?: pulumi.ComponentResourceOptions) {
        super("iot-x509:alerts:AlertRules", name, {}, options);
        const args = checkedArgs(name, given);
        const { resourceGroupName, location, workspaceId, actionGroupIds, days, table } = args;
        for (const band of [...ascending(days).reverse(), expiredBand]) {
            const isExpired = band === expiredBand;
            const what = isExpired ? "have expired" : `end in fewer than ${band} days`;
            new monitor.ScheduledQueryRule(
                `${name}-${isExpired ? "expired" : band}`,
                {
                    resourceGroupName,
                    location,
                    kind: "LogAlert",
                    displayName: pulumi.interpolate`iot-x509 ${args.stack}: certificates ${what}`,
                    description: `X.509 certificates that ${what}, of one kind and group, by the day on which they end. The query's result names an example.`,
                    severity: severityOf(band, days),
                    enabled: true,
                    evaluationFrequency,
                    windowSize: "P1D",
                    scopes: [workspaceId],
                    criteria: {
                        allOf: [
                            {
                                query: pulumi
                                    .output(table)
                                    .apply((text) => alertQuery(text, band, days)),
                                timeAggregation: "Total",
                                metricMeasureColumn: "Certificates",
                                operator: "GreaterThan",
                                threshold: 0,
                                dimensions: ["Kind", "Group", "FirstDay"].map((column) => ({
                                    name: column,
                                    operator: "Include",
                                    values: ["*"],
                                })),
                                failingPeriods: {
                                    numberOfEvaluationPeriods: 1,
                                    minFailingPeriodsToAlert: 1,
                                },
                            },
                        ],
                    },
                    actions: { actionGroups: converted(actionGroupIds, (ids) => [...ids]) },
                    autoMitigate: true,
                },
                { parent: this },
            );
        }
        this.registerOutputs({});
    }
}

const resourceIds: Rule<readonly string[]> = {
    holds: (ids) => ids.every((id) => resourceId.holds(id)),
    text: `a list of ARM resource IDs`,
};

function checkedArgs(name: string, args: AlertRulesArgs): AlertRulesArgs {
    const checks = new ArgumentChecks(`AlertRules "${name}"`);
    const checked = {
        ...args,
        resourceGroupName: checks.input("resourceGroupName", args.resourceGroupName, someText),
        location: checks.input("location", args.location, region),
        workspaceId: checks.input("workspaceId", args.workspaceId, resourceId),
        actionGroupIds: checks.input("actionGroupIds", args.actionGroupIds, resourceIds),
        stack: checks.input("stack", args.stack, someText),
        table: checks.input("table", args.table, someText),
    };
    args.days.forEach((one, index) =>
        checks.plain(`days[${index}]`, one, wholeNumber(1, longestBand)),
    );
    checks.that(
        "days",
        new Set(args.days).size === args.days.length,
        "must not repeat a number of days",
    );
    checks.done();
    return checked;
}
