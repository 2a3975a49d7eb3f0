import * as monitor from "@pulumi/azure-native/monitor";
import * as operationalinsights from "@pulumi/azure-native/operationalinsights";
import * as pulumi from "@pulumi/pulumi";
import { ArgumentChecks, matching, region, someText } from "../inputs/componentArgs";
import { serviceLimits } from "../azure/serviceLimits";

/** Arguments of an {@link AlertTarget}. */
export interface AlertTargetArgs {
    /** Resource group that holds workspace and action group, e.g. `rg-iot-prod`. */
    readonly resourceGroupName: pulumi.Input<string>;
    /** Azure region of the workspace, e.g. `westeurope`. */
    readonly location: pulumi.Input<string>;
    /** Mail addresses, at most 1,000, e.g. `["ops@contoso.com"]`; none: no mail. Plain, because they are counted. */
    readonly emails: readonly string[];
    /** Addresses that begin with `https://`, at most 10; kept as secrets. Plain, because they are counted. */
    readonly webhooks: readonly string[];
}

/** What the rules of all stacks of an environment share. */
export interface AlertScope {
    readonly resourceGroupName: pulumi.Input<string>;
    /** ARM resource ID. */
    readonly workspaceId: pulumi.Input<string>;
    /** ARM resource IDs; none: nobody is told. */
    readonly actionGroupIds: pulumi.Input<readonly string[]>;
}

/** Shown in text messages; at most 12 characters. */
const shortName = "iot-x509";

/**
 * Whom alerts are sent to, and the Log Analytics workspace that the rules query. The workspace holds no data: each rule's
 * query brings its own.
 */
export class AlertTarget extends pulumi.ComponentResource {
    readonly scope: AlertScope;

    constructor(name: string, given: AlertTargetArgs, options?: pulumi.ComponentResourceOptions) {
        super("iot-x509:alerts:AlertTarget", name, {}, options);
        const { resourceGroupName, location, emails, webhooks } = checkedArgs(name, given);
        const child = { parent: this };
        const workspace = new operationalinsights.Workspace(
            `${name}-workspace`,
            { resourceGroupName, location, sku: { name: "PerGB2018" }, retentionInDays: 30 },
            child,
        );
        const actionGroup =
            emails.length + webhooks.length === 0
                ? undefined
                : new monitor.ActionGroup(
                      `${name}-actions`,
                      {
                          resourceGroupName,
                          location: "Global",
                          groupShortName: shortName,
                          enabled: true,
                          emailReceivers: emails.map((emailAddress, index) => ({
                              name: `email-${index + 1}`,
                              emailAddress,
                              useCommonAlertSchema: true,
                          })),
                          // The address of a webhook is often its password, too.
                          webhookReceivers: pulumi.secret(
                              webhooks.map((serviceUri, index) => ({
                                  name: `webhook-${index + 1}`,
                                  serviceUri,
                                  useCommonAlertSchema: true,
                              })),
                          ),
                      },
                      { ...child, additionalSecretOutputs: ["webhookReceivers"] },
                  );
        this.scope = {
            resourceGroupName,
            workspaceId: workspace.id,
            actionGroupIds: actionGroup === undefined ? [] : actionGroup.id.apply((id) => [id]),
        };
        this.registerOutputs({});
    }
}

const mailAddress = matching(/^[^\s@]+@[^\s@]+$/, "a mail address");

function checkedArgs(name: string, args: AlertTargetArgs): AlertTargetArgs {
    const checks = new ArgumentChecks(`AlertTarget "${name}"`);
    const { emails, webhooks } = args;
    const checked = {
        ...args,
        resourceGroupName: checks.input("resourceGroupName", args.resourceGroupName, someText),
        location: checks.input("location", args.location, region),
    };
    for (const [path, { length }, most] of [
        ["emails", emails, serviceLimits.emailReceivers],
        ["webhooks", webhooks, serviceLimits.webhookReceivers],
    ] as const) {
        checks.that(path, length <= most, `must have at most ${most} items; it has ${length}`);
    }
    emails.forEach((one, index) => checks.plain(`emails[${index}]`, one, mailAddress));
    webhooks.forEach((one, index) =>
        checks.that(
            `webhooks[${index}]`,
            /^https:\/\/\S+$/.test(one),
            "must be an address that begins with https://",
        ),
    );
    checks.done();
    return checked;
}
