/** Calls `end` when the engine, which holds the other end of standard input, is gone. */
export function whenEngineIsGone(end: () => void): void;
