export function isTranspileOnly(folder: string, settings?: string): boolean;
