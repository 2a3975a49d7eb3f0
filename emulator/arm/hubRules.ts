import { Hub, HubProperties, SharedAccessPolicy } from "../hub/model";
import { findSku, reachableSkus } from "../hub/skus";

/** The most hubs, and the most free hubs, in a subscription (Azure docs: iot-hub-devguide-quotas-throttling). */
export const maximumHubs = 50;
export const maximumFreeHubs = 1;

const computed = [
    "authorizationPolicies",
    "deviceHostName",
    "hostName",
    "iotHubDetails",
    "locations",
    "privateEndpointConnections",
    "provisioningState",
    "serviceHostName",
    "state",
];

const switches = ["disableLocalAuth", "disableDeviceSAS", "disableModuleSAS"] as const;

/** Returns undefined when the name is valid for a hub. */
export function nameProblem(name: string): string | undefined {
    if (/^[A-Za-z0-9](?:[A-Za-z0-9-]{1,48})[A-Za-z0-9]$/.test(name)) {
        return undefined;
    }
    return (
        `IotHub name '${name}' is not valid. It must be 3 to 50 characters long, contain only alphanumeric ` +
        "characters or hyphens, and start and end with an alphanumeric character."
    );
}

/** Returns what is wrong with the SKU in a body, or undefined. */
export function skuProblem(body: unknown, existing: Hub | undefined): string | undefined {
    const { name, capacity } = (body ?? {}) as { name?: unknown; capacity?: unknown };
    const sku = findSku(name);
    if (sku === undefined) {
        return `Sku name '${String(name)}' is not valid.`;
    }
    const units = capacity ?? 1;
    if (!Number.isInteger(units) || (units as number) < 1 || (units as number) > sku.maximumUnits) {
        return `Capacity ${String(capacity)} is not valid for sku ${sku.name}: it must be 1 to ${sku.maximumUnits}.`;
    }
    const before = findSku(existing?.sku.name);
    if (before !== undefined && !reachableSkus(before).includes(sku)) {
        return `The sku of an IotHub cannot be changed from ${before.name} to ${sku.name}.`;
    }
    return undefined;
}

/** Returns what is wrong with the `properties` of a body, or undefined. */
export function propertiesProblem(
    wanted: HubProperties,
    sku: string,
    existing: Hub | undefined,
): string | undefined {
    const wrongSwitch = switches.find((name) => !isOptional(wanted[name], "boolean"));
    if (wrongSwitch !== undefined) {
        return `Property ${wrongSwitch} must be true or false.`;
    }
    const tls = wanted.minTlsVersion;
    if (tls !== undefined && tls !== null && tls !== "1.0" && tls !== "1.2") {
        return `Property minTlsVersion must be "1.2", not "${String(tls)}".`;
    }
    const tlsBefore = existing?.properties.minTlsVersion;
    if (existing !== undefined && tls && tls !== tlsBefore) {
        return "Property minTlsVersion is read-only once the IotHub is created.";
    }
    const { partitionCount, retentionTimeInDays } = eventsOf(wanted);
    const isFree = sku === "F1";
    if (!isWithin(retentionTimeInDays, 1, isFree ? 1 : 7)) {
        return `Property retentionTimeInDays must be 1 to ${isFree ? 1 : 7} for sku ${sku}.`;
    }
    if (!isWithin(partitionCount, 2, isFree ? 2 : 32)) {
        return `Property partitionCount must be 2 to ${isFree ? 2 : 32} for sku ${sku}.`;
    }
    const partitionsBefore = existing && eventsOf(existing.properties).partitionCount;
    if (
        existing !== undefined &&
        partitionCount !== undefined &&
        partitionCount !== partitionsBefore
    ) {
        return "Property partitionCount cannot be changed once the IotHub is created.";
    }
    return undefined;
}

function isOptional(value: unknown, type: string): boolean {
    return value === undefined || value === null || typeof value === type;
}

function isWithin(value: unknown, least: number, most: number): boolean {
    return (
        value === undefined ||
        (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    );
}

interface EventsEndpoint {
    retentionTimeInDays?: number;
    partitionCount?: number;
}

/** The settings of the built-in endpoint; nulls count as absent. */
export function eventsOf(properties: HubProperties): EventsEndpoint {
    const endpoints = properties.eventHubEndpoints as
        { events?: EventsEndpoint } | null | undefined;
    const { retentionTimeInDays, partitionCount } = endpoints?.events ?? {};
    return {
        retentionTimeInDays: retentionTimeInDays ?? undefined,
        partitionCount: partitionCount ?? undefined,
    };
}

/**
 * The properties of a hub after a PUT: those in the body, without those that the service computes, on top of the
 * service's defaults and of what cannot change.
 */
export function settled(
    wanted: HubProperties,
    sku: string,
    existing: Hub | undefined,
): HubProperties {
    const given = Object.entries(wanted).filter(
        ([name, value]) => !computed.includes(name) && value !== null && value !== undefined,
    );
    const before = existing === undefined ? {} : eventsOf(existing.properties);
    const events = eventsOf(wanted);
    const kept = existing?.properties.minTlsVersion;
    return {
        storageEndpoints: {
            $default: { sasTtlAsIso8601: "PT1H", connectionString: "", containerName: "" },
        },
        messagingEndpoints: {
            fileNotifications: {
                lockDurationAsIso8601: "PT1M",
                ttlAsIso8601: "PT1H",
                maxDeliveryCount: 10,
            },
        },
        enableFileUploadNotifications: false,
        cloudToDevice: {
            maxDeliveryCount: 10,
            defaultTtlAsIso8601: "PT1H",
            feedback: { lockDurationAsIso8601: "PT1M", ttlAsIso8601: "PT1H", maxDeliveryCount: 10 },
        },
        features: "None",
        ...(kept === undefined ? {} : { minTlsVersion: kept }),
        ...(Object.fromEntries(given) as HubProperties),
        eventHubEndpoints: {
            events: {
                retentionTimeInDays: events.retentionTimeInDays ?? 1,
                partitionCount:
                    events.partitionCount ?? before.partitionCount ?? (sku === "F1" ? 2 : 4),
            },
        },
    };
}

/** The policies that a body sets: undefined when it sets none, a string with the problem when they are invalid. */
export function policiesOf(
    wanted: HubProperties,
    newKey: () => string,
): SharedAccessPolicy[] | string | undefined {
    const given = wanted.authorizationPolicies;
    if (given === undefined || given === null) {
        return undefined;
    }
    if (!Array.isArray(given)) {
        return "Property authorizationPolicies must be a list.";
    }
    const policies = given as Partial<SharedAccessPolicy>[];
    if (policies.some(({ keyName, rights }) => !keyName || !rights)) {
        return "Each of authorizationPolicies needs keyName and rights.";
    }
    return policies.map(({ keyName, primaryKey, secondaryKey, rights }) => ({
        keyName: keyName as string,
        primaryKey: primaryKey ?? newKey(),
        secondaryKey: secondaryKey ?? newKey(),
        rights: rights as string,
    }));
}
