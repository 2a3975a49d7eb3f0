/** Calls `end` when the engine, which holds the other end of standard input, has exited. */
export function whenEngineIsGone(end: () => void): void;
