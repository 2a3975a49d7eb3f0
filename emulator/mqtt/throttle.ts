import { Hub } from "../hub/model";

/** Operations a second of a hub, by kind; `S2` counts as `S1` where Azure gives more only by unit (Azure docs: iot-hub-devguide-quotas-throttling). */
const rates: Readonly<Record<TwinOperation, (hub: Hub) => number>> = {
    twinGet: ({ sku }) =>
        sku.name.endsWith("3") ? 500 * sku.capacity : 100 + 10 * (sku.capacity - 1),
    reported: ({ sku }) =>
        sku.name.endsWith("3") ? 250 * sku.capacity : 50 + 5 * (sku.capacity - 1),
};

export type TwinOperation = "twinGet" | "reported";

/** Counts operations in windows of one second. */
export class Throttle {
    private readonly windows = new Map<string, { second: number; used: number }>();

    /** Whether one more operation is within the hub's rate; counts it when it is. */
    admits(hub: Hub, operation: TwinOperation, now: number): boolean {
        const second = Math.floor(now / 1000);
        const key = `${hub.name}/${operation}`;
        let window = this.windows.get(key);
        if (window?.second !== second) {
            window = { second, used: 0 };
            this.windows.set(key, window);
        }
        if (window.used >= rates[operation](hub)) {
            return false;
        }
        window.used += 1;
        return true;
    }
}
