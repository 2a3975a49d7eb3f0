/**
 * Seconds between two reads of a resource that should be there: a hub was not found just after an update that had
 * succeeded (Azure/azure-rest-api-specs#27183).
 */
export const confirmations: readonly number[] = [1, 2, 4];
