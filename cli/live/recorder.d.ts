/** Starts writing this process's exchanges to the file that IOT_X509_LIVE_RECORD names. */
export function start(): void;
export function stop(): void;
