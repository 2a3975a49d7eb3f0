/** A SKU of IoT Hub (Azure docs: iot-hub-scaling, iot-hub-devguide-quotas-throttling). */
export interface Sku {
    readonly name: string;
    readonly tier: "Free" | "Basic" | "Standard";
    /** The most units that a hub may have. */
    readonly maximumUnits: number;
    /** Messages per day and unit. */
    readonly messagesPerDay: number;
}

const skus: readonly Sku[] = [
    { name: "F1", tier: "Free", maximumUnits: 1, messagesPerDay: 8_000 },
    { name: "B1", tier: "Basic", maximumUnits: 200, messagesPerDay: 400_000 },
    { name: "B2", tier: "Basic", maximumUnits: 200, messagesPerDay: 6_000_000 },
    { name: "B3", tier: "Basic", maximumUnits: 10, messagesPerDay: 300_000_000 },
    { name: "S1", tier: "Standard", maximumUnits: 200, messagesPerDay: 400_000 },
    { name: "S2", tier: "Standard", maximumUnits: 200, messagesPerDay: 6_000_000 },
    { name: "S3", tier: "Standard", maximumUnits: 10, messagesPerDay: 300_000_000 },
];

export function findSku(name: unknown): Sku | undefined {
    return skus.find((sku) => sku.name === name);
}

/** The SKUs that a hub can change to: up within a tier, or from Basic to Standard. */
export function reachableSkus(from: Sku): readonly Sku[] {
    return skus.filter(
        ({ tier }) => tier === from.tier || (from.tier === "Basic" && tier === "Standard"),
    );
}
