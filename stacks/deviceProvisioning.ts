interface ProvisioningTraits {
    /** Whether the program lists the group's devices on the hub. */
    readonly isListed: boolean;
    /** Whether they register at the provisioning service. */
    readonly registers: boolean;
    /** Text in tables; empty for the default. */
    readonly label: string;
}

/** The only place that defines what each value means. */
const traits = {
    listed: { isListed: true, registers: false, label: "" },
    dps: { isListed: false, registers: true, label: "provisioning service" },
    both: { isListed: true, registers: true, label: "listed and provisioned" },
} satisfies Record<string, ProvisioningTraits>;

/** How the devices of a group get to their hub: listed there, through the provisioning service, or both. */
export type DeviceProvisioning = keyof typeof traits;

export const provisioningWays = Object.keys(traits) as readonly DeviceProvisioning[];

export const defaultProvisioning: DeviceProvisioning = "listed";

/** A group, or a substitute for one. */
interface Provisioned {
    readonly provisioning: DeviceProvisioning;
}

/** @param group undefined: the device has none, and is listed */
export function isListed(group: Provisioned | undefined): boolean {
    return traits[group?.provisioning ?? defaultProvisioning].isListed;
}

/** @param group undefined: the device has none, and does not register */
export function registersAtDps(group: Provisioned | undefined): boolean {
    return traits[group?.provisioning ?? defaultProvisioning].registers;
}

export function provisioningLabel({ provisioning }: Provisioned): string {
    return traits[provisioning].label;
}
