import { Gatherer } from "./gather";
import type { HubPace } from "./pace";
import { DeviceRecord, Registry } from "./registry";

/** So few reads are single calls: they are exact, and cost less than asking for the fleet. */
const mostSingles = 4;

interface Wanted {
    readonly deviceId: string;
    readonly done: (record: Promise<DeviceRecord | undefined>) => void;
}

/**
 * Reads the devices of one run. A refresh of a fleet asks for each device; here all of them are answered from one
 * paged query, also when several stacks are refreshed in the run.
 *
 * The query reads an index that may lack new devices, hold old values, and return devices for many minutes after they
 * were deleted. So a device is believed only when the index has as many devices as the registry, and when it is as the
 * state says; every other one is read by itself.
 */
export class FleetReader {
    private readonly waiting = new Gatherer<Wanted>();
    private readonly written = new Set<string>();
    private isPumping = false;
    private asked = 0;
    private fleet: Promise<ReadonlyMap<string, DeviceRecord>> | undefined;

    /** @param owner whose devices they are: `project/stack` */
    constructor(
        private readonly registry: Registry,
        private readonly hostName: string,
        private readonly owner: string,
        private readonly pace: Pick<HubPace, "once">,
    ) {}

    /**
     * Undefined when the device does not exist.
     *
     * @param isExpected whether a record is what the state says
     */
    async read(
        deviceId: string,
        isExpected: (record: DeviceRecord) => boolean,
    ): Promise<DeviceRecord | undefined> {
        if (this.written.has(deviceId)) {
            return this.registry.get(deviceId);
        }
        const indexed = await this.indexed(deviceId);
        return indexed !== undefined && isExpected(indexed) ? indexed : this.registry.get(deviceId);
    }

    /** To be told of a device that this run writes: what was read of it before is not believed any more. */
    noteWrite(deviceId: string): void {
        this.written.add(deviceId);
    }

    private async indexed(deviceId: string): Promise<DeviceRecord | undefined> {
        return this.fleet === undefined
            ? new Promise((done) => {
                  this.waiting.add({ deviceId, done });
                  if (!this.isPumping) {
                      void this.pump();
                  }
              })
            : (await this.fleet).get(deviceId);
    }

    private async pump(): Promise<void> {
        this.isPumping = true;
        do {
            const batch = await this.waiting.take(mostSingles + 1);
            this.asked += batch.length;
            if (this.asked > mostSingles) {
                this.fleet ??= this.survey();
            }
            const { fleet } = this;
            for (const { deviceId, done } of batch) {
                done(
                    fleet === undefined
                        ? Promise.resolve(undefined)
                        : fleet.then((devices) => devices.get(deviceId)),
                );
            }
        } while (this.waiting.size > 0);
        this.isPumping = false;
    }

    private async survey(): Promise<ReadonlyMap<string, DeviceRecord>> {
        const devices = await this.pace.once(`devices of ${this.owner}`, () => this.ask());
        return new Map(devices.map((device) => [device.deviceId, device]));
    }

    private async ask(): Promise<readonly DeviceRecord[]> {
        const { registry, index } = await this.registry.counts();
        if (registry !== index) {
            console.log(
                `the query index of ${this.hostName} has ${index} devices, its registry ${registry}: ` +
                    `every device is read by itself`,
            );
            return [];
        }
        return this.registry.ownedBy(this.owner);
    }
}
