import { defaultRegion, Mapping, WalkConfig, WalkDevice, WalkGroup } from "./config";

/*
 * What a configuration means with its defaults filled in, by the tables of docs/configuration.md and nothing else: the program's
 * reader is not asked.
 */

export interface EffectiveCa {
    /** `root`, `root-2`, or `<group>-g<generation>`. */
    readonly name: string;
    readonly commonName: string;
    readonly keyAlgorithm: string;
    readonly validityDays: number;
}

export interface EffectiveGroup {
    readonly name: string;
    readonly keyAlgorithm: string;
    readonly validityDays: number;
    readonly renewBeforeDays: number;
    readonly provisioning: "listed" | "dps" | "both";
    readonly blocked: boolean;
    readonly reprovision: "migrate" | "reset" | "keep";
    readonly allocationPolicy: string | undefined;
    readonly iotEdge: boolean;
    readonly initialTags: Mapping;
    readonly initialDesired: Mapping;
    /** The present generation, then those that are retained. */
    readonly authorities: readonly EffectiveCa[];
    readonly generation: number;
    readonly retain: readonly number[];
}

export interface EffectiveDevice {
    readonly id: string;
    readonly kind: WalkDevice["kind"];
    /** Undefined for a thumbprint device. */
    readonly group: EffectiveGroup | undefined;
    readonly status: "enabled" | "disabled";
    readonly tags: Mapping;
    /** Of a generated key. */
    readonly keyGeneration: number;
    readonly isEnrolledAlone: boolean;
    readonly own: number;
    readonly hasFormer: boolean;
}

export interface Effective {
    readonly organization: string;
    readonly country: string | undefined;
    readonly location: string;
    readonly trust: "intermediates" | "root";
    readonly rootKeys: "managed" | "offline";
    readonly root: EffectiveCa;
    readonly groups: readonly EffectiveGroup[];
    readonly devices: readonly EffectiveDevice[];
    readonly outputDevices: readonly string[];
    readonly pruneDevices: boolean;
}

export function effective(config: WalkConfig): Effective {
    const { pki } = config;
    const caAlgorithm = text(pki.keyAlgorithm, "RSA-4096");
    const rootGeneration = number(pki.root.generation, 1);
    const commonName = text(pki.root.commonName, "IoT Root CA");
    const root: EffectiveCa = {
        name: rootGeneration === 1 ? "root" : `root-${rootGeneration}`,
        commonName: rootGeneration === 1 ? commonName : `${commonName} G${rootGeneration}`,
        keyAlgorithm: text(pki.root.keyAlgorithm, caAlgorithm),
        validityDays: number(pki.root.validityDays, 3650),
    };
    const groups = Object.entries(config.groups).map(([name, group]) =>
        effectiveGroup(name, group, caAlgorithm, root),
    );
    const devices = Object.entries(config.devices).map(([id, device]) =>
        effectiveDevice(config, id, device, groups),
    );
    return {
        organization: config.organization,
        country: config.country,
        location: config.location ?? defaultRegion,
        trust: text(pki.trust, "intermediates") as Effective["trust"],
        rootKeys: text(pki.root.keys, "managed") as Effective["rootKeys"],
        root,
        groups,
        devices,
        outputDevices:
            config.outputDevices ?? (devices.length <= 25 ? devices.map(({ id }) => id) : []),
        pruneDevices: config.pruneDevices ?? true,
    };
}

function effectiveGroup(
    name: string,
    group: WalkGroup,
    caAlgorithm: string,
    root: EffectiveCa,
): EffectiveGroup {
    const { intermediate, enrollment = {} } = group;
    const generation = number(intermediate.generation, 1);
    const retain = intermediate.retain ?? [];
    const caDays = number(intermediate.validityDays, Math.min(1825, root.validityDays));
    const validityDays = number(group.validityDays, Math.min(365, caDays));
    const twin = (enrollment.initialTwin ?? {}) as { tags?: Mapping; desired?: Mapping };
    return {
        name,
        keyAlgorithm: text(group.keyAlgorithm, "RSA-2048"),
        validityDays,
        renewBeforeDays: number(group.renewBeforeDays, Math.min(30, Math.floor(validityDays / 3))),
        provisioning: text(group.provisioning, "listed") as EffectiveGroup["provisioning"],
        blocked: group.blocked === true,
        reprovision: text(enrollment.reprovision, "migrate") as EffectiveGroup["reprovision"],
        allocationPolicy: enrollment.allocationPolicy as string | undefined,
        iotEdge: enrollment.iotEdge === true,
        initialTags: twin.tags ?? {},
        initialDesired: twin.desired ?? {},
        generation,
        retain,
        authorities: [generation, ...retain].map((one) => ({
            name: `${name}-g${one}`,
            commonName: `${text(intermediate.commonName, `IoT Intermediate CA ${name}`)} G${one}`,
            keyAlgorithm: text(intermediate.keyAlgorithm, caAlgorithm),
            validityDays: caDays,
        })),
    };
}

function effectiveDevice(
    config: WalkConfig,
    id: string,
    device: WalkDevice,
    groups: readonly EffectiveGroup[],
): EffectiveDevice {
    const { deviceDefaults: defaults } = config;
    const isThumbprint = device.kind === "thumbprint";
    const groupName = isThumbprint ? undefined : (device.group ?? defaults.group);
    return {
        id,
        kind: device.kind,
        group: groups.find(({ name }) => name === groupName),
        status: text(device.status ?? defaults.status, "enabled") as EffectiveDevice["status"],
        tags: { ...(defaults.tags as Mapping | undefined), ...device.tags },
        keyGeneration: number(device.keyGeneration ?? defaults.keyGeneration, 1),
        isEnrolledAlone: device.enrollment === "individual",
        own: device.own,
        hasFormer: device.former === true,
    };
}

function text(value: unknown, fallback: string): string {
    return (value as string | undefined) ?? fallback;
}

function number(value: unknown, fallback: number): number {
    return (value as number | undefined) ?? fallback;
}
