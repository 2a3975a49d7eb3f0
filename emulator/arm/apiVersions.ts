import { HttpFailure } from "../core/http";
import { armFailure } from "./errors";

/**
 * Supported versions of Microsoft.Devices/IotHubs (azure-rest-api-specs, specification/iothub). Older versions use a
 * different body for certificates.
 */
export const iotHubVersions: readonly string[] = [
    "2020-03-01",
    "2020-04-01",
    "2020-06-15",
    "2020-07-10-preview",
    "2020-08-01",
    "2020-08-31",
    "2020-08-31-preview",
    "2021-02-01-preview",
    "2021-03-03-preview",
    "2021-03-31",
    "2021-07-01",
    "2021-07-01-preview",
    "2021-07-02",
    "2021-07-02-preview",
    "2022-04-30-preview",
    "2022-11-15-preview",
    "2023-06-30",
    "2023-06-30-preview",
];

/**
 * Supported versions of Microsoft.Devices/provisioningServices (azure-rest-api-specs,
 * specification/deviceprovisioningservices).
 */
export const provisioningServiceVersions: readonly string[] = [
    "2017-08-21-preview",
    "2017-11-15",
    "2018-01-22",
    "2020-01-01",
    "2020-03-01",
    "2020-09-01-preview",
    "2021-10-15",
    "2022-02-05",
    "2022-12-12",
    "2023-03-01-preview",
    "2025-02-01-preview",
    "2026-08-31",
];

/**
 * Supported versions of Azure Monitor and Log Analytics (azure-rest-api-specs, specification/monitor and
 * specification/operationalinsights), by type in lower case. Older versions of the rules have a different body.
 */
const monitoringVersions: Readonly<Record<string, readonly string[]>> = {
    "microsoft.operationalinsights/workspaces": [
        "2020-08-01",
        "2020-10-01",
        "2021-06-01",
        "2021-12-01-preview",
        "2022-10-01",
        "2023-09-01",
        "2025-02-01",
        "2025-07-01",
    ],
    "microsoft.insights/actiongroups": [
        "2018-03-01",
        "2022-06-01",
        "2023-01-01",
        "2023-09-01-preview",
        "2024-10-01-preview",
    ],
    "microsoft.insights/scheduledqueryrules": [
        "2021-08-01",
        "2022-06-15",
        "2023-03-15-preview",
        "2023-12-01",
        "2025-01-01-preview",
        "2026-03-01",
    ],
};

/** From this version on, a PUT with `isVerified: true` needs no proof of possession. */
export const verifiedUploadSince = "2021-07-01";

export function missingApiVersion(): HttpFailure {
    return armFailure(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    );
}

/**
 * Rejects a version that the addressed provider does not have.
 *
 * @throws HttpFailure NoRegisteredProviderFound (those listed above) or InvalidApiVersionParameter (the others)
 */
export function checkApiVersion(
    path: string,
    apiVersion: string,
    locations: readonly string[],
): void {
    const own = path.slice(path.toLowerCase().lastIndexOf("/providers/"));
    const type = /^\/providers\/Microsoft\.Devices\/([^/]+)(?:\/[^/]+\/([^/]+))?/i.exec(own);
    const [, monitoring = ""] = /^\/providers\/(Microsoft\.[^/]+\/[^/]+)/i.exec(own) ?? [];
    const ofMonitoring = monitoringVersions[monitoring.toLowerCase()];
    if (ofMonitoring !== undefined) {
        requireKnown(apiVersion, ofMonitoring, monitoring.split("/")[1], locations);
        return;
    }
    if (type === null) {
        if (!/^\d{4}-\d{2}-\d{2}(-[a-z]+)?$/i.test(apiVersion)) {
            throw armFailure(
                400,
                "InvalidApiVersionParameter",
                `The api-version '${apiVersion}' is invalid.`,
            );
        }
        return;
    }
    const known = /provisioningService/i.test(type[0])
        ? provisioningServiceVersions
        : iotHubVersions;
    requireKnown(
        apiVersion,
        known,
        type[2] === undefined ? type[1] : `${type[1]}/${type[2]}`,
        locations,
    );
}

function requireKnown(
    apiVersion: string,
    known: readonly string[],
    name: string,
    locations: readonly string[],
): void {
    if (!known.includes(apiVersion)) {
        throw armFailure(
            400,
            "NoRegisteredProviderFound",
            `No registered resource provider found for location '' and API version '${apiVersion}' for type ` +
                `'${name}'. The supported api-versions are '${known.join(", ")}'. ` +
                `The supported locations are '${locations.join(", ")}'.`,
        );
    }
}
