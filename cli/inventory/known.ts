import { DeviceSettings } from "../../stacks/settings";
import { AzureView, HubDevice } from "./azureView";
import { HeldCertificates, HeldDevice } from "./heldCertificates";
import { EstCertificate } from "./issuedFile";
import { InventoryRow } from "./row";

/** What the stack's files say about a device. */
export type ConfiguredDevice = Pick<DeviceSettings, "id" | "group"> & {
    readonly provisioning: NonNullable<InventoryRow["provisioning"]>;
    /** Thumbprints that the hub must know, if the device has its own certificates. */
    readonly thumbprints: readonly string[];
};

/** Everything that an inventory is made from. */
export interface Known {
    readonly held: HeldCertificates;
    readonly configured: readonly ConfiguredDevice[];
    /** Undefined: Azure was not asked. */
    readonly azure: AzureView | undefined;
    /** What the EST service issued to each device, the latest first. Left out: nothing. */
    readonly issued?: ReadonlyMap<string, readonly EstCertificate[]>;
    readonly now: Date;
}

/** What each source says about one device; undefined: nothing. */
export interface KnownDevice {
    readonly id: string;
    readonly settings: ConfiguredDevice | undefined;
    readonly state: HeldDevice | undefined;
    readonly hub: HubDevice | undefined;
}
