import {
    anything,
    between,
    Fields,
    flag,
    integer,
    list,
    mapOf,
    object,
    Property,
    readOnly,
    required,
    stringSet,
    systemData,
    text,
} from "./shapes";

/*
 * The bodies of Microsoft.Devices, from azure-rest-api-specs `iothub.json` 2023-06-30 and
 * `iotdps.json` 2023-03-01-preview: the versions that azure-native 3.28.0 uses by default.
 */

const endpointName: Property = { ...text, pattern: /^[A-Za-z0-9-._]{1,64}$/ };

const managedIdentity = object({ userAssignedIdentity: text });

const privateEndpointConnection = object({
    id: readOnly(text),
    name: readOnly(text),
    type: readOnly(text),
    properties: required(
        object({
            privateEndpoint: readOnly(object({ id: readOnly(text) })),
            privateLinkServiceConnectionState: required(
                object({
                    status: required(text),
                    description: required(text),
                    actionsRequired: text,
                }),
            ),
        }),
    ),
});

const sharedAccessRule = object({
    keyName: required(text),
    primaryKey: text,
    secondaryKey: text,
    rights: required(text),
});

const ipFilterRule: Fields = {
    filterName: required(text),
    action: required(text),
    ipMask: required(text),
};

const busEndpoint = object({
    id: text,
    connectionString: text,
    endpointUri: text,
    entityPath: text,
    authenticationType: text,
    identity: managedIdentity,
    name: required(endpointName),
    subscriptionId: text,
    resourceGroup: text,
});

const storageContainerEndpoint = object({
    id: text,
    connectionString: text,
    endpointUri: text,
    authenticationType: text,
    identity: managedIdentity,
    name: required(endpointName),
    subscriptionId: text,
    resourceGroup: text,
    containerName: required(text),
    fileNameFormat: text,
    batchFrequencyInSeconds: between(60, 720),
    maxChunkSizeInBytes: between(10485760, 524288000),
    encoding: text,
});

const cosmosEndpoint = object({
    name: required(endpointName),
    id: readOnly(text),
    subscriptionId: text,
    resourceGroup: text,
    endpointUri: required(text),
    authenticationType: text,
    identity: managedIdentity,
    primaryKey: text,
    secondaryKey: text,
    databaseName: required(text),
    containerName: required(text),
    partitionKeyName: text,
    partitionKeyTemplate: text,
});

const route: Fields = {
    source: required(text),
    condition: text,
    endpointNames: required(list(text)),
    isEnabled: required(flag),
};

const routing = object({
    endpoints: object({
        serviceBusQueues: list(busEndpoint),
        serviceBusTopics: list(busEndpoint),
        eventHubs: list(busEndpoint),
        storageContainers: list(storageContainerEndpoint),
        cosmosDBSqlContainers: list(cosmosEndpoint),
    }),
    routes: list(object({ ...route, name: required(endpointName) }), "name"),
    fallbackRoute: object({ ...route, name: text }),
    enrichments: list(
        object({
            key: required(text),
            value: required(text),
            endpointNames: required(list(text)),
        }),
        "key",
    ),
});

const messagingEndpoint: Fields = {
    lockDurationAsIso8601: text,
    ttlAsIso8601: text,
    maxDeliveryCount: between(1, 100),
};

const iotHubProperties: Fields = {
    authorizationPolicies: list(sharedAccessRule, "keyName"),
    disableLocalAuth: flag,
    disableDeviceSAS: flag,
    disableModuleSAS: flag,
    restrictOutboundNetworkAccess: flag,
    allowedFqdnList: list(text),
    publicNetworkAccess: text,
    ipFilterRules: list(object(ipFilterRule), "filterName"),
    networkRuleSets: object({
        defaultAction: text,
        applyToBuiltInEventHubEndpoint: required(flag),
        ipRules: required(
            list(
                object({ filterName: required(text), action: text, ipMask: required(text) }),
                "filterName",
            ),
        ),
    }),
    minTlsVersion: text,
    privateEndpointConnections: list(privateEndpointConnection),
    provisioningState: readOnly(text),
    state: readOnly(text),
    hostName: readOnly(text),
    eventHubEndpoints: mapOf(
        object({
            retentionTimeInDays: integer,
            partitionCount: integer,
            partitionIds: readOnly(list(text)),
            path: readOnly(text),
            endpoint: readOnly(text),
        }),
    ),
    routing,
    storageEndpoints: mapOf(
        object({
            sasTtlAsIso8601: text,
            connectionString: required(text),
            containerName: required(text),
            authenticationType: text,
            identity: managedIdentity,
        }),
    ),
    messagingEndpoints: mapOf(object(messagingEndpoint)),
    enableFileUploadNotifications: flag,
    cloudToDevice: object({
        maxDeliveryCount: between(1, 100),
        defaultTtlAsIso8601: text,
        feedback: object(messagingEndpoint),
    }),
    comments: text,
    features: text,
    locations: readOnly(list(object({ location: text, role: text }), "location")),
    enableDataResidency: flag,
};

const identity: Fields = {
    principalId: readOnly(text),
    tenantId: readOnly(text),
    type: text,
    userAssignedIdentities: {
        ...stringSet,
        answered: mapOf(object({ principalId: text, clientId: text })),
    },
};

const tracked: Fields = {
    name: readOnly(text),
    type: readOnly(text),
    location: required(text),
    tags: mapOf(text),
    etag: readOnly(text),
    systemData,
};

const certificateProperties = object({
    subject: readOnly(text),
    expiry: readOnly(text),
    thumbprint: readOnly(text),
    isVerified: flag,
    created: readOnly(text),
    updated: readOnly(text),
    certificate: text,
});

export const iotHub: Fields = {
    ...tracked,
    properties: object(iotHubProperties),
    sku: required(object({ name: required(text), tier: readOnly(text), capacity: integer })),
    identity: object(identity),
};

export const hubCertificate: Fields = {
    properties: certificateProperties,
    name: readOnly(text),
    etag: readOnly(text),
    type: readOnly(text),
};

export const consumerGroup: Fields = {
    properties: { ...required(object({ name: required(text) })), answered: anything },
    name: readOnly(text),
    type: readOnly(text),
    etag: readOnly(text),
};

export const provisioningService: Fields = {
    ...tracked,
    resourcegroup: text,
    subscriptionid: text,
    sku: required(object({ name: text, tier: readOnly(text), capacity: integer })),
    identity: object({ ...identity, type: required(text) }),
    properties: required(
        object({
            state: text,
            publicNetworkAccess: text,
            ipFilterRules: list(object({ ...ipFilterRule, target: text })),
            privateEndpointConnections: list(
                object({ ...privateEndpointConnection.fields, systemData }),
            ),
            provisioningState: text,
            iotHubs: list(
                object({
                    applyAllocationPolicy: flag,
                    allocationWeight: integer,
                    name: readOnly(text),
                    connectionString: required(text),
                    location: required(text),
                }),
            ),
            allocationPolicy: text,
            serviceOperationsHostName: readOnly(text),
            deviceProvisioningHostName: readOnly(text),
            idScope: readOnly(text),
            authorizationPolicies: list(sharedAccessRule),
            enableDataResidency: flag,
            portalOperationsHostName: text,
        }),
    ),
};

export const provisioningCertificate: Fields = {
    properties: certificateProperties,
    name: readOnly(text),
    etag: readOnly(text),
    type: readOnly(text),
    systemData,
};

/** The reply of a `listKeys` action. */
export const sharedAccessRules: Fields = {
    value: list(sharedAccessRule),
    nextLink: readOnly(text),
};

/** The reply of a `listKeys` action that names one key. */
export const oneSharedAccessRule: Fields = sharedAccessRule.fields ?? {};
