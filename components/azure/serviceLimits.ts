/** Tier and size of a hub, e.g. S1 x 2. */
export interface HubSize {
    /** `F1`, `S1` … `S3`. */
    readonly sku: string;
    /** 1 to 200; 10 with S3. */
    readonly units: number;
}

/** Most units of a hub of each tier (Azure docs: iot-hub-scaling and the subscription limits). */
export const mostUnits = { F1: 1, S1: 200, S2: 200, S3: 10 } as const;

/** Throttling limits of a hub; it delays faster calls, and then refuses them with 429. */
export interface HubLimits {
    /** Identity operations per minute; each device of a bulk request counts. */
    readonly registryPerMinute: number;
    /** Queries per minute; each page counts. */
    readonly queriesPerMinute: number;
    /** Faster reads are first delayed, not refused, so callers that wait for each response need no rate limiter. */
    readonly twinReadsPerSecond: number;
}

/** Limits of the services. Sources: Azure docs, iot-hub-devguide-quotas-throttling; iot-dps, "Quotas and limits". */
export const serviceLimits = {
    hubDevices: 1_000_000,
    /** CA certificates of a hub or a provisioning service. */
    certificates: 25,
    enrollmentGroups: 100,
    individualEnrollments: 1_000_000,
    linkedHubs: 50,
    /** Units of a provisioning service. */
    serviceUnits: 200,
    /** Partitions of an Event Hub in a namespace of the Standard tier (Azure docs: event-hubs-quotas). */
    partitions: 32,
    retentionDays: 7,
    /** Federated credentials of an Entra application (Entra docs: workload-identity-federation-considerations). */
    federatedCredentials: 20,
    /** Of an action group (Azure docs: azure-monitor/service-limits). */
    emailReceivers: 1000,
    webhookReceivers: 10,
    /** CAs of an enrollment group: primary and secondary. */
    certificatesOfGroup: 2,
    /** Default; Azure raises it on request. A hub's usages show the limit of a subscription. */
    hubsOfSubscription: 50,
    servicesOfSubscription: 10,
} as const;

/** Most devices in one bulk request. */
export const largestBatch = 100;

/** Source: Azure docs, iot-hub-devguide-quotas-throttling. */
export function hubLimits({ sku, units }: HubSize): HubLimits {
    const isLarge = sku.endsWith("3");
    return {
        registryPerMinute: (isLarge ? 5000 : 100) * units,
        queriesPerMinute: (isLarge ? 1000 : 20) * units,
        twinReadsPerSecond: isLarge ? 500 * units : sku === "S2" ? Math.max(100, 10 * units) : 100,
    };
}
