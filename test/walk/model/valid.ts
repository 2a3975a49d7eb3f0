import { WalkConfig } from "./config";
import { effective, Effective } from "./effective";

/** Whether the rules of docs/configuration.md let this configuration be: the walk makes no other. */
export function isValid(config: WalkConfig): boolean {
    const now = effective(config);
    return (
        rulesOfGroups(config, now) &&
        rulesOfDevices(config, now) &&
        namesDiffer(now) &&
        !(config.hub.name !== undefined && config.hub.prefix !== undefined) &&
        !(config.dps !== undefined && now.trust === "root" && now.rootKeys === "offline") &&
        !(config.dps?.name !== undefined && config.dps.prefix !== undefined)
    );
}

/**
 * Whether a run may follow upon others: below a trusted root nothing revokes what a dropped generation signed for listed
 * devices, and the program refuses to say so.
 *
 * @param before what the runs before it said, completed or not
 */
export function mayFollow(before: readonly WalkConfig[], config: WalkConfig): boolean {
    const { trust, groups } = effective(config);
    const drops = before.flatMap(effectiveGroups).some(({ name, authorities }) => {
        const now = groups.find((one) => one.name === name);
        const kept = now?.authorities.map((one) => one.name);
        return (
            now !== undefined &&
            now.provisioning !== "dps" &&
            authorities.some((one) => !kept?.includes(one.name))
        );
    });
    return trust !== "root" || !drops;
}

function effectiveGroups(config: WalkConfig): Effective["groups"] {
    return effective(config).groups;
}

function rulesOfGroups(config: WalkConfig, { groups, root, trust }: Effective): boolean {
    const uploaded = groups.reduce((sum, { authorities }) => sum + authorities.length, 0);
    return (
        (trust === "root" || uploaded <= 12) &&
        groups.every(
            ({ provisioning, name, retain, generation, ...group }) =>
                group.validityDays <= group.authorities[0].validityDays &&
                group.authorities[0].validityDays <= root.validityDays &&
                group.renewBeforeDays < group.validityDays &&
                retain.every((one) => one < generation) &&
                (provisioning === "listed"
                    ? config.groups[name].enrollment === undefined
                    : config.dps !== undefined && retain.length <= 1),
        )
    );
}

function rulesOfDevices(config: WalkConfig, { devices, groups }: Effective): boolean {
    const { deviceDefaults } = config;
    const isGroup = (name: unknown): boolean => groups.some((group) => group.name === name);
    return (
        (deviceDefaults.group === undefined || isGroup(deviceDefaults.group)) &&
        (config.outputDevices ?? []).every((id) => id in config.devices) &&
        devices.every(({ id, kind, group }) => {
            const device = config.devices[id];
            if (kind === "thumbprint") {
                const isSha1 = device.given === "sha1";
                return (
                    device.group === undefined &&
                    device.enrollment === undefined &&
                    device.keyGeneration === undefined &&
                    (!isSha1 || config.allowSha1Thumbprints === true)
                );
            }
            const isListed = group?.provisioning !== "dps";
            return (
                group !== undefined &&
                (kind === "generated" || device.keyGeneration === undefined) &&
                (group.provisioning !== "listed" || device.enrollment === undefined) &&
                (isListed || (device.tags === undefined && device.adopt === undefined))
            );
        })
    );
}

function namesDiffer({ groups, root }: Effective): boolean {
    const names = groups.flatMap(({ authorities }) => authorities.map((ca) => ca.commonName));
    return new Set([root.commonName, ...names]).size === names.length + 1;
}
