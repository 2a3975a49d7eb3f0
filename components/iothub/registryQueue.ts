import { ItemError, Registry, RegistryOperation } from "./registry";

/** Azure's limit for one bulk request (azure-docs: iot-hub-devguide-quotas-throttling). */
const largestBatch = 100;
/** The engine starts resources in bursts; so long a burst is gathered. */
const gatherMilliseconds = 25;

interface Waiting {
    readonly operation: RegistryOperation;
    readonly done: (error: ItemError | undefined) => void;
    readonly failed: (error: Error) => void;
}

/**
 * Gathers the operations of many devices, which the engine runs in parallel, into bulk requests. A failed item fails
 * only its own device.
 */
export class RegistryQueue {
    private waiting: Waiting[] = [];
    private isFlushPlanned = false;

    constructor(private readonly registry: Registry) {}

    /** Undefined on success; the hub's error for this one item otherwise. */
    run(operation: RegistryOperation): Promise<ItemError | undefined> {
        return new Promise((done, failed) => {
            this.waiting.push({ operation, done, failed });
            if (this.waiting.length >= largestBatch) {
                this.flush();
            } else if (!this.isFlushPlanned) {
                this.isFlushPlanned = true;
                setTimeout(() => this.flush(), gatherMilliseconds);
            }
        });
    }

    private flush(): void {
        this.isFlushPlanned = false;
        while (this.waiting.length > 0) {
            const batch = this.waiting.splice(0, largestBatch);
            this.send(batch).catch((error: Error) => batch.forEach((item) => item.failed(error)));
        }
    }

    private async send(batch: readonly Waiting[]): Promise<void> {
        const errors = await this.registry.bulk(batch.map((item) => item.operation));
        const byDevice = new Map(errors.map((error) => [error.deviceId, error]));
        for (const { operation, done } of batch) {
            done(byDevice.get(deviceIdOf(operation)));
        }
    }
}

function deviceIdOf(operation: RegistryOperation): string {
    return operation.mode === "delete" ? operation.deviceId : operation.device.deviceId;
}
