import {
    anything,
    between,
    Fields,
    flag,
    flattened,
    integer,
    list,
    mapOf,
    object,
    readOnly,
    replaces,
    required,
    systemData,
    text,
} from "./shapes";

/*
 * The bodies of Microsoft.EventHub, from azure-rest-api-specs `namespaces.json`, `eventhubs.json` and
 * `consumergroups.json` 2024-01-01: the version that azure-native 3.28.0 uses by default.
 */

export const namespace: Fields = {
    name: readOnly(text),
    type: readOnly(text),
    location: required(replaces(text)),
    tags: mapOf(text),
    sku: object({ name: required(text), tier: text, capacity: integer }),
    identity: anything,
    systemData,
    ...flattened("properties", {
        alternateName: text,
        clusterArmId: text,
        createdAt: readOnly(text),
        disableLocalAuth: flag,
        encryption: anything,
        isAutoInflateEnabled: flag,
        kafkaEnabled: flag,
        maximumThroughputUnits: between(0, 40),
        metricId: readOnly(text),
        minimumTlsVersion: text,
        privateEndpointConnections: list(anything),
        provisioningState: readOnly(text),
        publicNetworkAccess: text,
        serviceBusEndpoint: readOnly(text),
        status: readOnly(text),
        updatedAt: readOnly(text),
        zoneRedundant: flag,
    }),
};

const child: Fields = {
    name: readOnly(text),
    type: readOnly(text),
    location: readOnly(text),
    systemData,
};

export const eventHub: Fields = {
    ...child,
    ...flattened("properties", {
        captureDescription: anything,
        createdAt: readOnly(text),
        messageRetentionInDays: { ...integer, minimum: 1 },
        partitionCount: { ...integer, minimum: 1 },
        partitionIds: readOnly(list(text)),
        retentionDescription: anything,
        status: text,
        updatedAt: readOnly(text),
        userMetadata: text,
    }),
};

export const consumerGroup: Fields = {
    ...child,
    ...flattened("properties", {
        createdAt: readOnly(text),
        updatedAt: readOnly(text),
        userMetadata: text,
    }),
};
