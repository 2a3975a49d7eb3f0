/** Azure compares names and IDs of resources case-insensitively. */
export function isSameResourceName(one: string, other: string): boolean {
    return one.toLowerCase() === other.toLowerCase();
}

/** Azure shows a region's display name (West Europe) or its short form (westeurope). */
export function isSameRegion(one: string, other: string): boolean {
    return shortForm(one) === shortForm(other);
}

function shortForm(region: string): string {
    return region.replace(/ /g, "").toLowerCase();
}
