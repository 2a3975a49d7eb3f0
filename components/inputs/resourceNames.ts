/** An Azure region's short name, e.g. `westeurope`. */
export const regionPattern = /^[a-z][a-z0-9]{1,89}$/;

/** Name of a route, an endpoint or a consumer group, 1 to 50 characters. */
export const partPattern = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?$/;

/** Exact name of a hub or provisioning service, 3 to `max` characters. */
export function exactNamePattern(max: number): RegExp {
    return new RegExp(`^[A-Za-z0-9][A-Za-z0-9-]{1,${max - 2}}[A-Za-z0-9]$`);
}

/** Start of such a name, 1 to `max` characters; a hyphen and six random characters follow. */
export function prefixPattern(max: number): RegExp {
    return new RegExp(`^[A-Za-z0-9][A-Za-z0-9-]{0,${max - 1}}$`);
}
