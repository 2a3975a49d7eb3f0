/** Returns the last segment of an ARM resource ID. */
export function nameIn(resourceId: string): string {
    return resourceId.slice(resourceId.lastIndexOf("/") + 1);
}
