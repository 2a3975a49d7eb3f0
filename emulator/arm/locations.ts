import { Cloud } from "../core/clouds";
import { armFailure } from "./errors";

/** An Azure region that offers IoT Hub. */
export interface Region {
    /** As in resource bodies, e.g. `westeurope`. */
    readonly name: string;
    readonly displayName: string;
    /** Display name of the paired region, where a hub fails over to. */
    readonly pair: string;
}

const pairs: Readonly<Record<Cloud["name"], readonly (readonly [string, string])[]>> = {
    AzureCloud: [
        ["East US", "West US"],
        ["East US 2", "Central US"],
        ["North Central US", "South Central US"],
        ["West US 2", "West Central US"],
        ["West US 3", "East US"],
        ["Canada Central", "Canada East"],
        ["North Europe", "West Europe"],
        ["UK South", "UK West"],
        ["France Central", "France South"],
        ["Germany West Central", "Germany North"],
        ["Switzerland North", "Switzerland West"],
        ["Norway East", "Norway West"],
        ["Sweden Central", "Sweden South"],
        ["East Asia", "Southeast Asia"],
        ["Japan East", "Japan West"],
        ["Korea Central", "Korea South"],
        ["Central India", "South India"],
        ["Australia East", "Australia Southeast"],
        ["Brazil South", "South Central US"],
        ["UAE North", "UAE Central"],
    ],
    AzureUSGovernment: [
        ["USGov Virginia", "USGov Arizona"],
        ["USGov Texas", "USGov Arizona"],
    ],
    AzureChinaCloud: [
        ["China North 2", "China East 2"],
        ["China North 3", "China East 3"],
    ],
};

/** The regions of a cloud, without duplicates. Source: Azure docs "Azure cross-region replication pairings". */
export function regions(cloud: Cloud): readonly Region[] {
    const byName = new Map<string, Region>();
    const both = pairs[cloud.name].flatMap(([one, other]) => [
        [one, other],
        [other, one],
    ]);
    for (const [displayName, pair] of both) {
        const name = locationName(displayName);
        if (!byName.has(name)) {
            byName.set(name, { name, displayName, pair });
        }
    }
    return [...byName.values()];
}

/** Normalizes a location: `West Europe` and `westeurope` are the same region. */
export function locationName(location: string): string {
    return location.toLowerCase().replace(/\s/g, "");
}

/**
 * The region that a body names.
 *
 * @throws HttpFailure LocationRequired or LocationNotAvailableForResourceType
 */
export function regionOf(cloud: Cloud, location: unknown, resourceType: string): Region {
    if (typeof location !== "string" || location === "") {
        throw armFailure(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        );
    }
    const all = regions(cloud);
    const region = all.find(({ name }) => name === locationName(location));
    if (region === undefined) {
        throw armFailure(
            400,
            "LocationNotAvailableForResourceType",
            `The provided location '${location}' is not available for resource type '${resourceType}'. ` +
                `List of available regions for the resource type is '${all.map(({ name }) => name).join(",")}'.`,
        );
    }
    return region;
}
