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
 * The bodies of Log Analytics workspaces, action groups and scheduled query rules, from azure-rest-api-specs
 * `Workspaces.json` 2023-09-01, `actionGroups_API.json` 2024-10-01-preview and `scheduledQueryRule_API.json`
 * 2025-01-01-preview: the versions that azure-native 3.28.0 uses by default.
 */

const common: Fields = {
    name: readOnly(text),
    type: readOnly(text),
    location: required(replaces(text)),
    tags: mapOf(text),
};

export const workspace: Fields = {
    ...common,
    etag: readOnly(text),
    identity: anything,
    systemData,
    ...flattened("properties", {
        createdDate: readOnly(text),
        customerId: readOnly(text),
        defaultDataCollectionRuleResourceId: text,
        features: anything,
        forceCmkForQuery: flag,
        modifiedDate: readOnly(text),
        privateLinkScopedResources: readOnly(list(anything)),
        provisioningState: readOnly(text),
        publicNetworkAccessForIngestion: text,
        publicNetworkAccessForQuery: text,
        retentionInDays: integer,
        sku: object({
            name: required(text),
            capacityReservationLevel: integer,
            lastSkuUpdate: readOnly(text),
        }),
        workspaceCapping: anything,
    }),
};

const emailReceiver = object({
    name: required(text),
    emailAddress: required(text),
    useCommonAlertSchema: flag,
    status: readOnly(text),
});

const webhookReceiver = object({
    name: required(text),
    serviceUri: required(text),
    useCommonAlertSchema: flag,
    useAadAuth: flag,
    objectId: text,
    identifierUri: text,
    tenantId: text,
    managedIdentity: text,
});

export const actionGroup: Fields = {
    ...common,
    systemData,
    identity: anything,
    ...flattened("properties", {
        armRoleReceivers: list(anything),
        automationRunbookReceivers: list(anything),
        azureAppPushReceivers: list(anything),
        azureFunctionReceivers: list(anything),
        emailReceivers: list(emailReceiver),
        enabled: required(flag),
        eventHubReceivers: list(anything),
        groupShortName: { ...required(text), maximumLength: 12 },
        incidentReceivers: list(anything),
        itsmReceivers: list(anything),
        logicAppReceivers: list(anything),
        smsReceivers: list(anything),
        voiceReceivers: list(anything),
        webhookReceivers: list(webhookReceiver),
    }),
};

const condition = object({
    alertSensitivity: text,
    criterionType: text,
    dimensions: list(
        object({ name: required(text), operator: required(text), values: required(list(text)) }),
    ),
    failingPeriods: object({
        minFailingPeriodsToAlert: integer,
        numberOfEvaluationPeriods: integer,
    }),
    ignoreDataBefore: text,
    metricMeasureColumn: text,
    metricName: text,
    minRecurrenceCount: integer,
    operator: text,
    query: text,
    resourceIdColumn: text,
    threshold: { kind: "number" },
    timeAggregation: text,
});

export const scheduledQueryRule: Fields = {
    ...common,
    etag: readOnly(text),
    identity: anything,
    kind: text,
    systemData,
    ...flattened("properties", {
        actions: object({
            actionGroups: list(text),
            actionProperties: mapOf(text),
            customProperties: mapOf(text),
        }),
        autoMitigate: flag,
        checkWorkspaceAlertsStorageConfigured: flag,
        createdWithApiVersion: readOnly(text),
        criteria: object({ allOf: list(condition) }),
        description: text,
        displayName: text,
        enabled: flag,
        evaluationFrequency: text,
        isLegacyLogAnalyticsRule: readOnly(flag),
        isWorkspaceAlertsStorageConfigured: readOnly(flag),
        muteActionsDuration: text,
        overrideQueryTimeRange: text,
        resolveConfiguration: anything,
        scopes: list(text),
        severity: between(0, 4),
        skipQueryValidation: flag,
        targetResourceTypes: list(text),
        windowSize: text,
    }),
};
