import { X509Certificate } from "crypto";
import { Device } from "./model";

/** By device, what it sent when it was last accepted, leaf first. Azure keeps no such thing; a restart forgets it. */
const chains = new WeakMap<Device, readonly X509Certificate[]>();

/** Notes the chain of a device that was accepted. */
export function notePresented(device: Device, chain: readonly X509Certificate[]): void {
    chains.set(device, chain);
}

/** Empty: the device did not connect with a certificate since the emulator's start. */
export function presentedBy(device: Device): readonly X509Certificate[] {
    return chains.get(device) ?? [];
}
