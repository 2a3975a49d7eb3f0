import { EventEmitter } from "events";
import { Device, Hub, HubCertificate } from "./model";

interface EventTypes {
    /** An identity was written; `Device` is its current state. */
    deviceChanged: [Hub, Device];
    deviceRemoved: [Hub, string];
    /** Desired properties changed; carries the patch for a connected device. */
    desiredChanged: [Hub, Device, Record<string, unknown>];
    /** A cloud-to-device message is waiting in the device's inbox. */
    messageWaiting: [Hub, Device];
    /** A CA was removed or lost its verification. */
    certificateLost: [Hub, HubCertificate];
    hubAdded: [Hub];
    hubRemoved: [Hub];
}

/** Events by which the parts of a hub notify each other. */
export class HubEvents {
    private readonly emitter = new EventEmitter();

    on<K extends keyof EventTypes>(name: K, listener: (...args: EventTypes[K]) => void): void {
        this.emitter.on(name, listener as (...args: unknown[]) => void);
    }

    emit<K extends keyof EventTypes>(name: K, ...args: EventTypes[K]): void {
        this.emitter.emit(name, ...args);
    }
}
