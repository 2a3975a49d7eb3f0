import { setTimeout as sleep } from "timers/promises";
import { Credential, Field } from "./field";

/** A device as it stands in the field before a run. */
export interface Standing {
    readonly id: string;
    /** Host name of the hub that it connects to. */
    readonly host: string;
    readonly credential: Credential;
}

/** How long a device stays connected before it comes anew. */
const stay = 800;
const pause = 150;

/** Devices that connect over and over while something is done to their hub, and what they met. */
export class Watch {
    private isOver = false;
    private readonly loops: Promise<void>[];
    /** Who connected before the run began; nothing is asked of the others meanwhile. */
    readonly connected: readonly Standing[];
    /** Seconds after the beginning at which a device was refused, by device. */
    readonly refusals = new Map<string, number[]>();
    private readonly began = Date.now();

    private constructor(
        private readonly field: Field,
        readonly devices: readonly Standing[],
        connected: readonly Standing[],
    ) {
        this.connected = connected;
        this.loops = connected.map((device) => this.keepConnecting(device));
    }

    /** A certificate may have ended, and somebody may have disabled a device by hand. */
    static async begin(field: Field, devices: readonly Standing[]): Promise<Watch> {
        const answers = await Promise.all(
            devices.map(({ id, host, credential }) => field.connects(host, id, credential)),
        );
        return new Watch(
            field,
            devices,
            devices.filter((_, index) => answers[index]),
        );
    }

    private async keepConnecting({ id, host, credential }: Standing): Promise<void> {
        while (!this.isOver) {
            const client = await this.field.open(host, id, credential);
            if (client === undefined) {
                const seconds = (Date.now() - this.began) / 1000;
                this.refusals.set(id, [...(this.refusals.get(id) ?? []), seconds]);
                await sleep(pause);
                continue;
            }
            const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
            const over = new AbortController();
            await Promise.race([
                closed,
                sleep(stay, undefined, { signal: over.signal }).catch(() => undefined),
            ]);
            over.abort();
            await client.endAsync(true);
        }
    }

    async end(): Promise<void> {
        this.isOver = true;
        await Promise.all(this.loops);
    }
}
