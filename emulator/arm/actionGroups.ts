import { regionOf } from "./locations";
import { badRequest, checkReceivers, MonitoringType } from "./monitoring";
import { actionGroupType } from "./resourceGroups";

/** Azure docs: azure-monitor/service-limits, "Action groups". */
const most = { emailReceivers: 1000, webhookReceivers: 10 };

/**
 * Microsoft.Insights/actionGroups (azure-rest-api-specs monitor, actionGroups_API.json 2022-06-01, and Azure docs:
 * resource-name-rules). Nothing is ever sent.
 */
export const actionGroups: MonitoringType = {
    type: actionGroupType,
    check({ request, name, location, properties, existing }) {
        if (!/^global$/i.test(String(location ?? existing?.location))) {
            regionOf(request.host.cloud, location, actionGroupType);
        }
        if (!/^[^:<>+/&%\\?\x00-\x1f]{1,260}$/.test(name) || /[ .]$/.test(name)) {
            throw badRequest(`The action group name '${name}' is not valid.`);
        }
        const { groupShortName, enabled } = properties;
        if (typeof groupShortName !== "string" || !/^.{1,12}$/.test(groupShortName)) {
            throw badRequest("'groupShortName' is required and has at most 12 characters.");
        }
        if (typeof enabled !== "boolean") {
            throw badRequest("'enabled' is required.");
        }
        const taken = new Set<string>();
        checkReceivers(properties.emailReceivers, "mail", ["name", "emailAddress"], taken);
        checkReceivers(properties.webhookReceivers, "a webhook", ["name", "serviceUri"], taken);
        for (const [key, count] of Object.entries(most)) {
            if (((properties[key] ?? []) as readonly unknown[]).length > count) {
                throw badRequest(`An action group has at most ${count} '${key}'.`);
            }
        }
    },
    complete({ properties }) {
        const none = Object.fromEntries(
            ["email", "sms", "webhook", "itsm", "azureAppPush", "automationRunbook", "voice"]
                .concat(["logicApp", "azureFunction", "armRole", "eventHub", "incident"])
                .map((kind) => [`${kind}Receivers`, []]),
        );
        const emails = (properties.emailReceivers ?? []) as readonly object[];
        return {
            ...none,
            ...properties,
            emailReceivers: emails.map((one) => ({ ...one, status: "Enabled" })),
        };
    },
};
