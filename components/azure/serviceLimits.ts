/** Tier and size of a hub, e.g. S1 x 2. */
export interface HubSize {
    /** `F1`, `S1` … `S3`. */
    readonly sku: string;
    /** 1 to 200; 10 with S3. */
    readonly units: number;
}

/** Units that a hub of each tier may have (Azure docs: iot-hub-scaling and the subscription limits). */
export const mostUnits = { F1: 1, S1: 200, S2: 200, S3: 10 } as const;

/** What a hub lets through; what comes faster is held back and then refused with 429. */
export interface HubLimits {
    /** Identity operations a minute; a bulk request counts each of its devices. */
    readonly registryPerMinute: number;
    /** Queries a minute; each page counts. */
    readonly queriesPerMinute: number;
    /** What comes faster is first held back, not refused: callers who wait for each answer need no rate limiter. */
    readonly twinReadsPerSecond: number;
}

/** What the services take. Sources: Azure docs, iot-hub-devguide-quotas-throttling; iot-dps, "Quotas and limits". */
export const serviceLimits = {
    hubDevices: 1_000_000,
    /** CA certificates of a hub, and of a provisioning service. */
    certificates: 25,
    enrollmentGroups: 100,
    individualEnrollments: 1_000_000,
    linkedHubs: 50,
    /** Of a provisioning service. */
    serviceUnits: 200,
    /** Of an Event Hub in a namespace of the Standard tier (Azure docs: event-hubs-quotas). */
    partitions: 32,
    retentionDays: 7,
    /** Of an Entra application (Entra docs: workload-identity-federation-considerations). */
    federatedCredentials: 20,
    /** CAs of an enrollment group: primary and secondary. */
    certificatesOfGroup: 2,
    /** Defaults, which Azure raises on request; a hub's usages tell a subscription's own. */
    hubsOfSubscription: 50,
    servicesOfSubscription: 10,
} as const;

/** Azure's limit of devices in one bulk request. */
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
