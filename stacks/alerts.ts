import { X509Certificate } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import { inventoryTable } from "../components/alerts/alertQuery";
import { AlertRules } from "../components/alerts/alertRules";
import { AlertScope, AlertTarget } from "../components/alerts/alertTarget";
import { alertsBelow } from "../components/alerts/bands";
import { AlertedCertificate } from "../components/alerts/buckets";
import { knownValue } from "../components/inputs/knownValue";
import { Authorities } from "./authorities";
import { Device } from "./fleet";
import { AlertSettings, Settings } from "./settings";

/** What is known of a certificate before it exists. */
type Alerted = Omit<AlertedCertificate, "notBefore" | "notAfter"> & {
    /** PEM. */
    readonly certificate: pulumi.Output<string>;
};

/** Declares whom the alerts of all stacks of an environment go to; undefined if the settings want none. */
export function createAlertTarget(
    { alerts, location }: Settings,
    resourceGroupName: pulumi.Input<string>,
): AlertScope | undefined {
    if (alerts === undefined) {
        return undefined;
    }
    const { emails, webhooks } = alerts;
    if (emails.length + webhooks.length === 0) {
        void pulumi.log.warn(
            "iot-x509:alerts has neither emails nor webhooks: alerts are shown in Azure Monitor, and nobody is told",
        );
    }
    return new AlertTarget("alerts", { resourceGroupName, location, emails, webhooks }).scope;
}

/** Declares a stack's alert rules: those of its devices, and of the CAs if it has them. */
export function createAlertRules(
    settings: Settings,
    scope: AlertScope | undefined,
    authorities: Pick<Authorities, "roots" | "intermediates">,
    fleet: ReadonlyMap<string, Device>,
): void {
    const { alerts, location } = settings;
    if (alerts === undefined || scope === undefined) {
        return;
    }
    const certificates = [
        ...alertedAuthorities(authorities),
        ...alertedDevices(settings, alerts, fleet),
    ];
    new AlertRules("alerts", {
        ...scope,
        location,
        stack: pulumi.getStack(),
        days: alerts.days,
        table: tableOf(certificates),
    });
}

/** Nothing renews a CA: its bands count in full. */
function alertedAuthorities({
    roots,
    intermediates,
}: Pick<Authorities, "roots" | "intermediates">): Alerted[] {
    const alertBelow = alertsBelow(undefined, 0);
    return [
        ...roots.map(({ name, certificate }) => ({
            kind: "root",
            group: "",
            name,
            certificate,
            alertBelow,
        })),
        ...intermediates.map(({ name, group, certificate }) => ({
            kind: "intermediate",
            group: group.name,
            name,
            certificate,
            alertBelow,
        })),
    ];
}

/** Devices whose certificate this stack issues and `up` renews. Disabled ones need none. */
function alertedDevices(
    { groups }: Settings,
    { graceDays }: AlertSettings,
    fleet: ReadonlyMap<string, Device>,
): Alerted[] {
    const byName = new Map(groups.map((group) => [group.name, group]));
    return [...fleet.values()].flatMap(({ settings: { id, group: name, status }, certificate }) => {
        const group = byName.get(name ?? "");
        if (group === undefined || certificate === undefined) {
            return [];
        }
        const isOff = status === "disabled" || group.blocked;
        const alertBelow = alertsBelow(group.renewBeforeDays, graceDays);
        return isOff
            ? []
            : [
                  {
                      kind: "device",
                      group: group.name,
                      name: id,
                      certificate: certificate.certificate,
                      alertBelow,
                  },
              ];
    });
}

/**
 * The table is without dependencies: in the state, each rule would otherwise list every device. The order is right without
 * them, because the table waits for the certificates. A preview that issues a certificate does not know the table.
 */
function tableOf(certificates: readonly Alerted[]): pulumi.Output<string> {
    const pems = knownValue(pulumi.all(certificates.map(({ certificate }) => certificate)));
    return pulumi.output(pems).apply((known) =>
        known === undefined
            ? (pulumi.unknown as unknown as string)
            : inventoryTable(
                  certificates.map(({ kind, group, name, alertBelow }, index) => ({
                      kind,
                      group,
                      name,
                      alertBelow,
                      ...validity(known[index]),
                  })),
              ),
    );
}

function validity(pem: string): Pick<AlertedCertificate, "notBefore" | "notAfter"> {
    const { validFrom, validTo } = new X509Certificate(pem);
    return {
        notBefore: new Date(validFrom).toISOString(),
        notAfter: new Date(validTo).toISOString(),
    };
}
