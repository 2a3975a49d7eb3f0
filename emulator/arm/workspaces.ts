import { randomUUID } from "crypto";
import { armFailure } from "./errors";
import { regionOf } from "./locations";
import { badRequest, MonitoringType } from "./monitoring";
import { workspaceType } from "./resourceGroups";

const tiers = [
    "Free",
    "Standard",
    "Premium",
    "PerNode",
    "PerGB2018",
    "Standalone",
    "CapacityReservation",
    "LACluster",
];

/**
 * Microsoft.OperationalInsights/workspaces (azure-rest-api-specs operationalinsights, Workspaces.json 2023-09-01). They hold
 * no data and answer no query; on Azure, PUT and DELETE take a while, and a deleted workspace can be recovered for 14 days.
 */
export const workspaces: MonitoringType = {
    type: workspaceType,
    check({ request, name, location, properties, existing }) {
        regionOf(request.host.cloud, location ?? existing?.location, workspaceType);
        if (!/^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$/.test(name)) {
            throw armFailure(
                400,
                "InvalidResourceName",
                `The workspace name '${name}' is not valid: 4 to 63 letters, digits or hyphens, no hyphen at either end.`,
            );
        }
        const { name: tier = "PerGB2018" } = (properties.sku ?? {}) as { name?: string };
        if (!tiers.includes(tier)) {
            throw badRequest(`The pricing tier '${tier}' is not valid. It is one of ${tiers}.`);
        }
        const days = properties.retentionInDays;
        // Azure docs: azure-monitor/logs/data-retention-configure; 4 to 30 days only by way of a table.
        const isAllowed = typeof days === "number" && days >= 30 && days <= 730;
        if (days !== undefined && tier === "PerGB2018" && !isAllowed) {
            throw badRequest("'RetentionInDays' must be from 30 to 730.");
        }
    },
    complete({ properties, existing }, now) {
        const { name = "PerGB2018" } = (properties.sku ?? {}) as { name?: string };
        return {
            retentionInDays: 30,
            publicNetworkAccessForIngestion: "Enabled",
            publicNetworkAccessForQuery: "Enabled",
            features: {
                legacy: 0,
                searchVersion: 1,
                enableLogAccessUsingOnlyResourcePermissions: true,
            },
            workspaceCapping: { dailyQuotaGb: -1, dataIngestionStatus: "RespectQuota" },
            ...properties,
            sku: { name, lastSkuUpdate: existing?.createdAt ?? now.toISOString() },
            customerId: existing?.properties.customerId ?? randomUUID(),
            provisioningState: "Succeeded",
            createdDate: existing?.createdAt ?? now.toISOString(),
            modifiedDate: now.toISOString(),
        };
    },
};
