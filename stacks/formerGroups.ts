import { FormerGroup } from "../components/dps/formerGroups";
import { DeviceRegistrationArgs } from "../components/dps/registration";
import { certificateFacts } from "../components/x509/certificates";
import { registersAtDps } from "./deviceProvisioning";
import { deviceTypes, PreviousState } from "./previousState";
import { Settings } from "./settings";

const thumbprintDigits = 32;

/**
 * The groups that a device left while their CAs allowed it to register. Certificates from these groups keep doing so until
 * the CAs are removed, whatever happens to the device's current group.
 *
 * @param now name of its current group; undefined: none
 */
export function formerGroups(
    settings: Settings,
    previous: PreviousState,
    deviceId: string,
    now: string | undefined,
): FormerGroup[] {
    const before = previous.find(deviceTypes.registration, deviceId) as
        DeviceRegistrationArgs | undefined;
    if (before === undefined) {
        return [];
    }
    const known = before.formerGroups ?? [];
    // The group of a reserved ID does not register.
    const isLeft = before.group !== now && before.isReserved !== true;
    const left = isLeft ? [leftGroup(settings, before, known)] : [];
    return [...left, ...known.filter(({ group }) => left.every((one) => one.group !== group))]
        .filter(({ group }) => group !== now)
        .map((one) => ({ ...one, trusted: trustedOf(settings, one) }));
}

function leftGroup(
    settings: Settings,
    { group, generations, certificate, former }: DeviceRegistrationArgs,
    known: readonly FormerGroup[],
): Omit<FormerGroup, "trusted"> {
    const { sha256Thumbprint } = certificateFacts(String(certificate));
    const held = ((former ?? []) as readonly string[]).map((one) => one.split("/")[0]);
    const others = new Set(known.flatMap(({ certificates }) => certificates));
    return {
        group,
        generations: generations ?? generationsOf(settings, group),
        certificates: [sha256Thumbprint.slice(0, thumbprintDigits), ...held].filter(
            (one) => !others.has(one),
        ),
    };
}

function trustedOf(
    settings: Settings,
    { group, generations }: Pick<FormerGroup, "group" | "generations">,
): number[] {
    const now = generationsOf(settings, group);
    return generations.filter((one) => now.includes(one));
}

/** The generations that allow devices to register. */
export function generationsOf({ groups }: Settings, name: string): number[] {
    const group = groups.find((one) => one.name === name);
    return group === undefined || !registersAtDps(group)
        ? []
        : [group.intermediate.generation, ...group.intermediate.retain];
}
