import { actionGroup, scheduledQueryRule, workspace } from "./alertShapes";
import {
    consumerGroup,
    hubCertificate,
    iotHub,
    oneSharedAccessRule,
    provisioningCertificate,
    provisioningService,
    sharedAccessRules,
} from "./deviceShapes";
import { containerGroup } from "./containerShapes";
import { consumerGroup as eventConsumerGroup, eventHub, namespace } from "./eventShapes";
import {
    Fields,
    flattened,
    mapOf,
    object,
    readOnly,
    replaces,
    required,
    systemData,
    text,
} from "./shapes";

/**
 * How a name that the program omits is generated: the logical name with 8 random hex digits, a copy of the logical
 * name, or a UUID.
 */
export type Autonaming = "random" | "copy" | "uuid";

/** A part of the resource's path that is an input; changing it replaces the resource. */
export interface PathParameter {
    readonly name: string;
    readonly autonaming?: Autonaming;
    /** Contains a whole resource ID, including slashes. */
    readonly isScope?: boolean;
    readonly pattern?: RegExp;
    readonly maximumLength?: number;
}

export interface ResourceType {
    /** ARM path; the provider supplies `{subscriptionId}`, the inputs in `path` the rest. */
    readonly template: string;
    readonly apiVersion: string;
    readonly path: readonly PathParameter[];
    /** Members of the body, by their SDK names. */
    readonly body: Fields;
    /** PUT and DELETE reply before the operation is finished. */
    readonly longRunningPut?: boolean;
    readonly longRunningDelete?: boolean;
}

export interface FunctionType {
    readonly method: "GET" | "POST";
    /** ARM path. */
    readonly template: string;
    readonly apiVersion: string;
    readonly path: readonly PathParameter[];
    readonly answer: Fields;
}

const resourceGroupName: PathParameter = {
    name: "resourceGroupName",
    pattern: /^[-\w._()]+$/,
    maximumLength: 90,
};

const resourceGroup = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}";
const hub = `${resourceGroup}/providers/Microsoft.Devices/IotHubs/{resourceName}`;
const provisioning = `${resourceGroup}/providers/Microsoft.Devices/provisioningServices/{provisioningServiceName}`;

const eventNamespace = `${resourceGroup}/providers/Microsoft.EventHub/namespaces/{namespaceName}`;
const namespaceName: PathParameter = {
    name: "namespaceName",
    pattern: /^.{6,50}$/,
    maximumLength: 50,
};
const eventHubName: PathParameter = { name: "eventHubName", maximumLength: 256 };

const groupVersion = "2024-03-01";
const groupBody: Fields = {
    name: readOnly(text),
    type: readOnly(text),
    location: required(replaces(text)),
    managedBy: text,
    tags: mapOf(text),
    properties: readOnly(object({ provisioningState: text })),
};

const hubVersion = "2023-06-30";
const provisioningVersion = "2023-03-01-preview";
const eventVersion = "2024-01-01";

/**
 * The resource types that this stand-in knows, by Pulumi token, with the API versions of azure-native 3.28.0. Which
 * properties replace a resource is the official provider's choice (`forceNewMap` and `x-ms-mutability` in its
 * generator): a hub's location is not among them, so a move is a PUT that Azure refuses.
 */
export const resourceTypes: Readonly<Record<string, ResourceType>> = {
    "azure-native:resources:ResourceGroup": {
        template: "/subscriptions/{subscriptionId}/resourcegroups/{resourceGroupName}",
        apiVersion: groupVersion,
        path: [{ ...resourceGroupName, autonaming: "random" }],
        body: groupBody,
        longRunningDelete: true,
    },
    "azure-native:iothub:IotHubResource": {
        template: hub,
        apiVersion: hubVersion,
        path: [resourceGroupName, { name: "resourceName", autonaming: "random" }],
        body: iotHub,
        longRunningPut: true,
        longRunningDelete: true,
    },
    "azure-native:iothub:Certificate": {
        template: `${hub}/certificates/{certificateName}`,
        apiVersion: hubVersion,
        path: [
            resourceGroupName,
            { name: "resourceName" },
            {
                name: "certificateName",
                autonaming: "copy",
                pattern: /^[A-Za-z0-9-._]{1,64}$/,
            },
        ],
        body: hubCertificate,
    },
    "azure-native:iothub:IotHubResourceEventHubConsumerGroup": {
        template: `${hub}/eventHubEndpoints/{eventHubEndpointName}/ConsumerGroups/{name}`,
        apiVersion: hubVersion,
        path: [
            resourceGroupName,
            { name: "resourceName" },
            { name: "eventHubEndpointName" },
            { name: "name", autonaming: "copy" },
        ],
        body: consumerGroup,
    },
    "azure-native:deviceprovisioningservices:IotDpsResource": {
        template: provisioning,
        apiVersion: provisioningVersion,
        path: [resourceGroupName, { name: "provisioningServiceName", autonaming: "random" }],
        body: provisioningService,
        longRunningPut: true,
        longRunningDelete: true,
    },
    "azure-native:deviceprovisioningservices:DpsCertificate": {
        template: `${provisioning}/certificates/{certificateName}`,
        apiVersion: provisioningVersion,
        path: [
            resourceGroupName,
            { name: "provisioningServiceName" },
            { name: "certificateName", autonaming: "copy", maximumLength: 256 },
        ],
        body: provisioningCertificate,
    },
    "azure-native:eventhub:Namespace": {
        template: eventNamespace,
        apiVersion: eventVersion,
        path: [resourceGroupName, { ...namespaceName, autonaming: "random" }],
        body: namespace,
        longRunningPut: true,
        longRunningDelete: true,
    },
    "azure-native:eventhub:EventHub": {
        template: `${eventNamespace}/eventhubs/{eventHubName}`,
        apiVersion: eventVersion,
        path: [resourceGroupName, namespaceName, { ...eventHubName, autonaming: "copy" }],
        body: eventHub,
    },
    "azure-native:eventhub:ConsumerGroup": {
        template: `${eventNamespace}/eventhubs/{eventHubName}/consumergroups/{consumerGroupName}`,
        apiVersion: eventVersion,
        path: [
            resourceGroupName,
            namespaceName,
            eventHubName,
            { name: "consumerGroupName", autonaming: "copy", maximumLength: 50 },
        ],
        body: eventConsumerGroup,
    },
    "azure-native:managedidentity:UserAssignedIdentity": {
        template: `${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}`,
        apiVersion: "2023-01-31",
        path: [resourceGroupName, { name: "resourceName", autonaming: "random" }],
        body: {
            name: readOnly(text),
            type: readOnly(text),
            location: required(replaces(text)),
            tags: mapOf(text),
            systemData,
            ...flattened("properties", {
                tenantId: readOnly(text),
                principalId: readOnly(text),
                clientId: readOnly(text),
            }),
        },
    },
    "azure-native:containerinstance:ContainerGroup": {
        template: `${resourceGroup}/providers/Microsoft.ContainerInstance/containerGroups/{containerGroupName}`,
        apiVersion: "2024-05-01-preview",
        path: [resourceGroupName, { name: "containerGroupName", autonaming: "random" }],
        body: containerGroup,
        longRunningPut: true,
        longRunningDelete: true,
    },
    "azure-native:operationalinsights:Workspace": {
        template: `${resourceGroup}/providers/Microsoft.OperationalInsights/workspaces/{workspaceName}`,
        apiVersion: "2023-09-01",
        path: [
            resourceGroupName,
            {
                name: "workspaceName",
                autonaming: "random",
                pattern: /^[A-Za-z0-9][A-Za-z0-9-]+[A-Za-z0-9]$/,
                maximumLength: 63,
            },
        ],
        body: workspace,
    },
    "azure-native:monitor:ActionGroup": {
        template: `${resourceGroup}/providers/Microsoft.Insights/actionGroups/{actionGroupName}`,
        apiVersion: "2024-10-01-preview",
        path: [resourceGroupName, { name: "actionGroupName", autonaming: "random" }],
        body: actionGroup,
    },
    "azure-native:monitor:ScheduledQueryRule": {
        template: `${resourceGroup}/providers/Microsoft.Insights/scheduledQueryRules/{ruleName}`,
        apiVersion: "2025-01-01-preview",
        path: [resourceGroupName, { name: "ruleName", autonaming: "random" }],
        body: scheduledQueryRule,
    },
    "azure-native:authorization:RoleAssignment": {
        template: "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
        apiVersion: "2022-04-01",
        path: [
            { name: "scope", isScope: true },
            { name: "roleAssignmentName", autonaming: "uuid" },
        ],
        body: {
            name: readOnly(text),
            type: readOnly(text),
            systemData,
            ...flattened("properties", {
                scope: readOnly(text),
                roleDefinitionId: required(text),
                principalId: required(replaces(text)),
                principalType: text,
                description: text,
                condition: text,
                conditionVersion: text,
                createdOn: readOnly(text),
                updatedOn: readOnly(text),
                createdBy: readOnly(text),
                updatedBy: readOnly(text),
                delegatedManagedIdentityResourceId: text,
            }),
        },
    },
};

/** The functions that map to a single ARM call. */
export const functionTypes: Readonly<Record<string, FunctionType>> = {
    "azure-native:resources:getResourceGroup": {
        method: "GET",
        template: resourceGroup,
        apiVersion: groupVersion,
        path: [resourceGroupName],
        answer: { id: text, ...groupBody },
    },
    "azure-native:iothub:getIotHubResource": {
        method: "GET",
        template: hub,
        apiVersion: hubVersion,
        path: [resourceGroupName, { name: "resourceName" }],
        answer: { id: text, ...iotHub },
    },
    "azure-native:iothub:listIotHubResourceKeys": {
        method: "POST",
        template: `${hub}/listkeys`,
        apiVersion: hubVersion,
        path: [resourceGroupName, { name: "resourceName" }],
        answer: sharedAccessRules,
    },
    "azure-native:iothub:listIotHubResourceKeysForKeyName": {
        method: "POST",
        template: `${hub}/IotHubKeys/{keyName}/listkeys`,
        apiVersion: hubVersion,
        path: [resourceGroupName, { name: "resourceName" }, { name: "keyName" }],
        answer: oneSharedAccessRule,
    },
    "azure-native:deviceprovisioningservices:getIotDpsResource": {
        method: "GET",
        template: provisioning,
        apiVersion: provisioningVersion,
        path: [resourceGroupName, { name: "provisioningServiceName" }],
        answer: { id: text, ...provisioningService },
    },
    "azure-native:deviceprovisioningservices:listIotDpsResourceKeys": {
        method: "POST",
        template: `${provisioning}/listkeys`,
        apiVersion: provisioningVersion,
        path: [resourceGroupName, { name: "provisioningServiceName" }],
        answer: sharedAccessRules,
    },
    "azure-native:deviceprovisioningservices:listIotDpsResourceKeysForKeyName": {
        method: "POST",
        template: `${provisioning}/keys/{keyName}/listkeys`,
        apiVersion: provisioningVersion,
        path: [resourceGroupName, { name: "provisioningServiceName" }, { name: "keyName" }],
        answer: oneSharedAccessRule,
    },
};

/** @throws when the stand-in does not know the type; unknown types are never ignored */
export function resourceType(token: string): ResourceType {
    const known = resourceTypes[token];
    if (known === undefined) {
        throw new Error(
            `Resource type ${token} is not in the emulator's azure-native stand-in. It supports ` +
                `${Object.keys(resourceTypes).join(", ")}. A deployment to Azure uses the official plugin.`,
        );
    }
    return known;
}
