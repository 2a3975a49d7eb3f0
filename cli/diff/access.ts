import { CutOff, devicesCutOff, KnownSettings } from "../../stacks/cutOff";
import { registersAtDps } from "../../stacks/deviceProvisioning";
import { deviceTypes } from "../../stacks/previousState";
import { DeviceSettings } from "../../stacks/settings";
import { generationOfIssuer } from "../../components/pki/formerCertificates";
import { Access, DeviceChange, KeptAccess, LostAccess } from "./fleetDiff";
import { compare } from "./deviceChanges";
import { HeldFleet } from "./heldFleet";
import { Step } from "./step";

const untilRegistered = /until it registers/;
const verifiedType = "pulumi-nodejs:dynamic/iothub:VerifiedCertificate";

/**
 * Which devices lose access, and which keep it although one might expect otherwise. stacks/cutOff.ts finds the devices that
 * can connect today but not after the run; this adds how, and which are refused only at the next registration.
 */
export function accessChanges(
    steps: readonly Step[],
    changes: readonly DeviceChange[],
    settings: KnownSettings,
    held: HeldFleet,
): Access {
    const cut = devicesCutOff(settings, held.previous);
    const devices = new Map(settings.devices.map((device) => [device.id, device]));
    const isCut = new Set(cut.map(({ device }) => device));
    const lost = [
        ...cut.map((one) => lostAccess(one, devices.get(one.device), settings, held)),
        ...registrationsLost(settings, held).filter(({ device }) => !isCut.has(device)),
    ].sort((one, other) => compare(one.device, other.device));
    const isLost = new Set(lost.map(({ device }) => device));
    const kept = [
        ...keptAccess(changes, settings, held, isLost),
        ...keptWithoutCa(steps, settings, held, isLost),
    ];
    return { lost, kept };
}

function lostAccess(
    { device, why }: CutOff,
    wanted: DeviceSettings | undefined,
    settings: KnownSettings,
    held: HeldFleet,
): LostAccess {
    const group = wanted === undefined ? held.groupOf(device) : (wanted.group ?? null);
    const isBlocked = settings.groups.some(({ name, blocked }) => name === group && blocked);
    const after =
        wanted === undefined
            ? settings.pruneDevices
                ? "deleted"
                : "disabled, kept"
            : wanted.status === "disabled" || isBlocked
              ? "disabled"
              : "enabled";
    return {
        device,
        group,
        refused: untilRegistered.test(why) ? "reconnect" : "connect",
        after,
        why: wanted === undefined ? `${why} (pruneDevices: ${settings.pruneDevices})` : why,
        today: null,
    };
}

/** Devices that stay on their hub, which checks no enrollment; the service does when they register again. */
function registrationsLost(settings: KnownSettings, held: HeldFleet): LostAccess[] {
    const groups = new Map(settings.groups.map((group) => [group.name, group]));
    const { previous } = held;
    return settings.devices.flatMap((device) => {
        const registration = previous.find(deviceTypes.registration, device.id);
        const isOut =
            registration === undefined ||
            registration.status === "disabled" ||
            registration.isReserved === true;
        const group = device.group === undefined ? undefined : groups.get(device.group);
        if (isOut || group === undefined || group.blocked || device.status === "disabled") {
            return [];
        }
        const lost = (why: string): LostAccess[] => [
            {
                device: device.id,
                group: group.name,
                refused: "registration",
                after: "enabled",
                why,
                today: null,
            },
        ];
        if (!registersAtDps(group)) {
            return lost("its group leaves the provisioning service");
        }
        const pem = previous.find(deviceTypes.certificate, device.id)?.certificate;
        const { generation, retain } = group.intermediate;
        const signer = typeof pem === "string" ? generationOfIssuer(pem) : 0;
        // If the CA's name contains no generation, or if the device moves, cutOff.ts has decided already.
        const isKnown =
            signer === 0 ||
            registration.group !== group.name ||
            [generation, ...retain].includes(signer);
        return isKnown ? [] : lost(`its enrollment group trusts generation ${signer} no more`);
    });
}

/** Devices that keep access despite changes that look as if they cut them off. */
function keptAccess(
    changes: readonly DeviceChange[],
    settings: KnownSettings,
    held: HeldFleet,
    isLost: ReadonlySet<string>,
): KeptAccess[] {
    const found = new Map<string, { group: string | null; why: string; devices: string[] }>();
    for (const { device, group, kind, detail } of changes) {
        const why = isLost.has(device) ? undefined : whyKept(kind, detail, group, settings);
        if (why !== undefined && held.statusOf(device) !== "disabled") {
            const key = JSON.stringify([group, why]);
            const entry = found.get(key) ?? { group, why, devices: [] };
            entry.devices.push(device);
            found.set(key, entry);
        }
    }
    return [...found.values()];
}

function whyKept(
    kind: DeviceChange["kind"],
    detail: string,
    group: string | null,
    settings: KnownSettings,
): string | undefined {
    if (kind === "key") {
        return detail.startsWith("other thumbprints")
            ? "one of the present thumbprints stays"
            : "the present certificate goes on being accepted";
    }
    if (kind !== "certificate" || !detail.includes("issuer rotated")) {
        return undefined;
    }
    const one = settings.groups.find(({ name }) => name === group);
    const { generation = 0, retain = [] } = one?.intermediate ?? {};
    const stays = retain.filter((other) => other !== generation);
    if (stays.length > 0) {
        return `${stays.map((other) => `G${other}`).join(", ")} stays trusted (retain)`;
    }
    return "its present certificate stays trusted";
}

/** A CA is removed from the hub, but registered devices stay, because their identities contain a thumbprint. */
function keptWithoutCa(
    steps: readonly Step[],
    settings: KnownSettings,
    held: HeldFleet,
    isLost: ReadonlySet<string>,
): KeptAccess[] {
    const gone = steps.filter(
        ({ type, action, before }) =>
            type === verifiedType &&
            action === "delete" &&
            /\/IotHubs\//i.test(String(before?.inputs.targetId ?? before?.outputs.targetId)),
    );
    const generations = new Set(gone.map(({ name }) => name));
    if (gone.length === 0) {
        return [];
    }
    return settings.groups.flatMap((group) => {
        const { name } = group;
        const devices = settings.devices.filter(({ id, group }) => {
            const pem = held.previous.find(deviceTypes.certificate, id)?.certificate;
            return (
                group === name &&
                !isLost.has(id) &&
                held.statusOf(id) !== "disabled" &&
                typeof pem === "string" &&
                generations.has(`${name}-g${generationOfIssuer(pem)}`)
            );
        });
        const why = !registersAtDps(group)
            ? "its CA leaves the hub, and its chain leads to one that stays"
            : "its CA leaves the hub, and an identity that the provisioning service made names a thumbprint";
        return devices.length === 0
            ? []
            : [{ group: name, devices: devices.map(({ id }) => id), why }];
    });
}
