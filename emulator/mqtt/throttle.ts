import { Hub } from "../hub/model";

/** Twin operations per second of a hub, by tier and units (Azure docs: iot-hub-devguide-quotas-throttling). */
function rateOf(operation: TwinOperation, { name, capacity }: Hub["sku"]): number {
    const [floor, second, third] = operation === "twinGet" ? [100, 10, 500] : [50, 5, 250];
    if (name.endsWith("3")) {
        return third * capacity;
    }
    return name.endsWith("2") ? Math.max(floor, second * capacity) : floor;
}

export type TwinOperation = "twinGet" | "reported";

/** Counts operations in windows of one second. */
export class Throttle {
    private readonly windows = new Map<string, { second: number; used: number }>();

    /** Whether one more operation is within the hub's rate; if so, counts it. */
    admits(hub: Hub, operation: TwinOperation, now: number): boolean {
        const second = Math.floor(now / 1000);
        const key = `${hub.name}/${operation}`;
        let window = this.windows.get(key);
        if (window?.second !== second) {
            window = { second, used: 0 };
            this.windows.set(key, window);
        }
        if (window.used >= rateOf(operation, hub.sku)) {
            return false;
        }
        window.used += 1;
        return true;
    }
}
