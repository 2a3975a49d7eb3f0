import { createHash } from "crypto";
import { severityOf } from "../../components/alerts/bands";
import { counted } from "../fleet/counted";
import { Expiring, subjectOf } from "./bands";

/** Certificates listed in one message; their total number is always given. */
const most = 100;

/** Completes "3 certificates …". */
export function bandText(band: number, count: number): string {
    const [expired, ends] = count === 1 ? ["has expired", "ends"] : ["have expired", "end"];
    return band === 0 ? expired : `${ends} in fewer than ${band} days`;
}

/**
 * One message for all certificates that are new in a band.
 * Source: Azure docs, azure-monitor/alerts/alerts-common-schema (version 1.0).
 */
export function commonAlert(
    stack: string,
    hub: string | null,
    band: number,
    alerts: readonly Expiring[],
    days: readonly number[],
    now: Date,
): unknown {
    const digest = createHash("sha256")
        .update(`${stack}/${band}/${alerts.map(({ row }) => subjectOf(row)).join("/")}`)
        .digest("hex");
    const count = counted(alerts.length, "certificate");
    return {
        schemaId: "azureMonitorCommonAlertSchema",
        data: {
            essentials: {
                alertId: digest,
                alertRule: `iot-x509 ${stack}: certificates ${bandText(band, 2)}`,
                severity: `Sev${severityOf(band, days)}`,
                signalType: "Log",
                monitorCondition: "Fired",
                monitoringService: "iot-x509",
                alertTargetIDs: hub === null ? [] : [hub],
                configurationItems: hub === null ? [] : [hub],
                originAlertId: digest,
                firedDateTime: now.toISOString(),
                description: `${count} of the stack ${stack} ${bandText(band, alerts.length)}`,
                essentialsVersion: "1.0",
                alertContextVersion: "1.0",
            },
            alertContext: {
                count: alerts.length,
                certificates: alerts.slice(0, most).map(({ row }) => ({
                    kind: row.kind,
                    name: row.name,
                    group: row.group,
                    generation: row.generation,
                    sha256Thumbprint: row.sha256Thumbprint,
                    notAfter: row.notAfter,
                    daysLeft: row.daysLeft,
                })),
            },
        },
    };
}
