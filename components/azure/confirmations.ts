/**
 * Seconds between two reads of a resource that should exist, because Azure may not find a hub immediately after a
 * successful update (Azure/azure-rest-api-specs#27183).
 */
export const confirmations: readonly number[] = [1, 2, 4];
