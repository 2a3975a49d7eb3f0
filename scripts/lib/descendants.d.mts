export function killTree(pid: number): void;
export function endDescendants(): Promise<void>;
export function endOnSignals(cleanUp?: () => unknown): void;
export function isEnding(): boolean;
