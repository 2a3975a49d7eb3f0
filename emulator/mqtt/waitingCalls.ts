/** Method calls that wait until their device is connected and accepts calls. */
export class WaitingCalls<Connection> {
    private readonly waiting = new Map<string, Set<(connection: Connection) => void>>();

    /**
     * Waits for the connection that {@link wake} announces within `seconds`.
     *
     * @param key key of the device
     * @param seconds 0 to not wait
     * @returns undefined when none comes in time
     */
    wait(key: string, seconds: number): Promise<Connection | undefined> {
        if (seconds <= 0) {
            return Promise.resolve(undefined);
        }
        const waiting = this.waiting.get(key) ?? new Set();
        this.waiting.set(key, waiting);
        return new Promise((resolve) => {
            const timer = setTimeout(() => {
                waiting.delete(wake);
                resolve(undefined);
            }, seconds * 1000);
            const wake = (connection: Connection): void => {
                clearTimeout(timer);
                resolve(connection);
            };
            waiting.add(wake);
        });
    }

    /** Passes a connection that accepts calls to all that wait for it. */
    wake(key: string, connection: Connection): void {
        this.waiting.get(key)?.forEach((take) => take(connection));
        this.waiting.delete(key);
    }
}
