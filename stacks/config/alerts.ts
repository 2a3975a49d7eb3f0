import { defaultDays, defaultGraceDays, longestBand } from "../../components/alerts/bands";
import { serviceLimits } from "../../components/azure/serviceLimits";
import { AlertSettings } from "../settings";
import { Section } from "./section";

const mostBands = 10;

/** Alerts about certificates that expire; undefined: none. */
export function readAlerts(top: Section): AlertSettings | undefined {
    if (!top.has("alerts")) {
        return undefined;
    }
    const alerts = top.section("alerts", "the alerts", ["emails", "webhooks", "days", "graceDays"]);
    const emails = alerts.texts("emails", {
        pattern: /^[^\s@"<>]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/,
        rule: "must be a mail address",
        remedy: "write the address alone, for example iot-operations@contoso.com",
    });
    const webhooks = readWebhooks(alerts);
    atMost(alerts, "emails", serviceLimits.emailReceivers);
    atMost(alerts, "webhooks", serviceLimits.webhookReceivers);
    return {
        emails,
        webhooks,
        days: readDays(alerts),
        graceDays: alerts.integer("graceDays", 0, 365, defaultGraceDays),
    };
}

/** A webhook's address is often its password, too, so no message shows it. */
function readWebhooks(alerts: Section): string[] {
    const good: string[] = [];
    alerts.list("webhooks").forEach((item, index) => {
        const fault = (rule: string, remedy: string) =>
            alerts.report.fault(
                `${alerts.pathOf("webhooks")}[${index}]`,
                "(not shown)",
                rule,
                remedy,
            );
        if (typeof item !== "string" || !isWebhook(item)) {
            fault(
                "must be an address that begins with https://, without user name and spaces",
                "use the receiver's https address; keep it secret: pulumi config set --secret --path 'iot-x509:alerts.webhooks[0]'",
            );
        } else if (good.includes(item)) {
            fault("must be listed only once", "delete the second one");
        } else {
            good.push(item);
        }
    });
    return good;
}

function isWebhook(text: string): boolean {
    return /^https:\/\/[^\s@/]+(\/\S*)?(\?\S*)?$/i.test(text) && URL.canParse(text);
}

function readDays(alerts: Section): readonly number[] {
    if (!alerts.has("days")) {
        return defaultDays;
    }
    const given = alerts.list("days");
    const good: number[] = [];
    given.forEach((item, index) => {
        const path = `${alerts.pathOf("days")}[${index}]`;
        const days = typeof item === "string" && /^\d{1,4}$/.test(item) ? Number(item) : item;
        if (typeof days !== "number" || !Number.isInteger(days) || days < 1 || days > longestBand) {
            alerts.report.value(
                path,
                item,
                `must be a whole number from 1 to ${longestBand}`,
                "write the days before expiry, for example 30",
            );
        } else if (good.includes(days)) {
            alerts.report.value(path, item, "must be listed only once", "delete the second one");
        } else {
            good.push(days);
        }
    });
    if (Array.isArray(alerts.raw("days")) && (given.length === 0 || given.length > mostBands)) {
        alerts.bad(
            "days",
            `must have 1 to ${mostBands} numbers of days`,
            "write for example [30, 14, 7], or delete it",
        );
    }
    return good;
}

function atMost(alerts: Section, key: string, most: number): void {
    if (alerts.list(key).length > most) {
        alerts.bad(
            key,
            `an action group has at most ${most}`,
            "use a distribution list, or one receiver that passes alerts on",
        );
    }
}
