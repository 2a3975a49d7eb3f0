/** From here on this process's exchanges are written into the file that IOT_X509_LIVE_RECORD names. */
export function start(): void;
export function stop(): void;
