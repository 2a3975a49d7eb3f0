import { EmulatorContext } from "../context";
import { regionOf } from "./locations";
import { badRequest, MonitoringType } from "./monitoring";
import { queryRuleType, sameName, workspaceType } from "./resourceGroups";

interface Condition {
    readonly query?: unknown;
    readonly timeAggregation?: unknown;
    readonly metricMeasureColumn?: unknown;
    readonly operator?: unknown;
    readonly threshold?: unknown;
    readonly dimensions?: readonly Readonly<Record<string, unknown>>[];
}

/** Azure docs: azure-monitor/service-limits, "Log search alerts": the size of a rule's properties. */
const mostBytes = 64 * 1024;
const mostDimensions = 6;
const aggregations = ["Count", "Average", "Minimum", "Maximum", "Total"];
const operators = ["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"];
/** ISO 8601 durations that the documents name for frequency and window. */
const durations = /^PT(?:1|5|10|15|30|45)M$|^PT(?:1|2|3|4|5|6|8|12|24)H$|^P[12]D$/;

/**
 * Microsoft.Insights/scheduledQueryRules (azure-rest-api-specs monitor, scheduledQueryRule_API.json 2023-12-01, and Azure
 * docs: azure-monitor/alerts). No query is ever read, let alone evaluated: Azure refuses one that its workspace cannot run.
 */
export function scheduledQueryRules({ monitoring }: EmulatorContext): MonitoringType {
    return {
        type: queryRuleType,
        check({ request, name, location, properties, existing }) {
            const region = regionOf(
                request.host.cloud,
                location ?? existing?.location,
                queryRuleType,
            );
            if (!/^[^*<>%{}&:\\?/#|\x00-\x1f]{1,260}$/.test(name) || /[ .]$/.test(name)) {
                throw badRequest(`The rule name '${name}' is not valid.`);
            }
            if (request.body.length > mostBytes) {
                throw badRequest(
                    `The rule has ${request.body.length} bytes. A rule has at most ${mostBytes}.`,
                );
            }
            const { severity, scopes, evaluationFrequency, windowSize } = properties;
            if (![0, 1, 2, 3, 4].includes(severity as number)) {
                throw badRequest("'severity' must be from 0 to 4.");
            }
            for (const [key, value] of Object.entries({ evaluationFrequency, windowSize })) {
                if (!durations.test(String(value))) {
                    throw badRequest(`'${key}' must be a supported ISO 8601 duration.`);
                }
            }
            if (properties.autoMitigate === true && properties.muteActionsDuration !== undefined) {
                throw badRequest("'autoMitigate' and 'muteActionsDuration' exclude each other.");
            }
            const [scope, ...others] = (scopes ?? []) as readonly string[];
            if (scope === undefined || others.length > 0) {
                throw badRequest("'scopes' must have exactly one resource.");
            }
            const workspace = monitoring.get(scope);
            if (workspace === undefined || !sameName(workspace.type, workspaceType)) {
                throw badRequest(`The scope '${scope}' was not found.`);
            }
            if (!sameName(regionOf(request.host.cloud, workspace.location, "").name, region.name)) {
                throw badRequest("A rule must be in the region of its workspace.");
            }
            const { allOf = [] } = (properties.criteria ?? {}) as {
                readonly allOf?: readonly Condition[];
            };
            if (allOf.length === 0) {
                throw badRequest("'criteria.allOf' must have a condition.");
            }
            allOf.forEach(checkCondition);
        },
        complete({ properties }) {
            return {
                enabled: true,
                autoMitigate: true,
                checkWorkspaceAlertsStorageConfigured: false,
                skipQueryValidation: false,
                targetResourceTypes: [workspaceType],
                ...properties,
                createdWithApiVersion: "2023-12-01",
                isLegacyLogAnalyticsRule: false,
                isWorkspaceAlertsStorageConfigured: false,
            };
        },
    };
}

function checkCondition(condition: Condition): void {
    const { query, timeAggregation, metricMeasureColumn, operator, threshold } = condition;
    const { dimensions = [] } = condition;
    if (typeof query !== "string" || query.trim() === "") {
        throw badRequest("A condition needs a 'query'.");
    }
    if (!aggregations.includes(String(timeAggregation))) {
        throw badRequest(`'timeAggregation' must be one of ${aggregations}.`);
    }
    if ((timeAggregation === "Count") !== (metricMeasureColumn === undefined)) {
        throw badRequest("'metricMeasureColumn' is for every aggregation but Count.");
    }
    if (!operators.includes(String(operator)) || typeof threshold !== "number") {
        throw badRequest("A condition needs an 'operator' and a 'threshold'.");
    }
    const isGood = ({ name, operator: how, values }: Readonly<Record<string, unknown>>) =>
        typeof name === "string" &&
        ["Include", "Exclude"].includes(String(how)) &&
        Array.isArray(values) &&
        values.length > 0;
    if (dimensions.length > mostDimensions || !dimensions.every(isGood)) {
        throw badRequest(
            `A condition has at most ${mostDimensions} dimensions, each with name, operator and values.`,
        );
    }
}
