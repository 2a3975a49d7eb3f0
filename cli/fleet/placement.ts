import { kindOf } from "../../stacks/deviceKinds/deviceKinds";
import { isListed, registersAtDps } from "../../stacks/deviceProvisioning";
import { deviceTypes } from "../../stacks/previousState";
import { Settings } from "../../stacks/settings";
import { ExportedState } from "./stackState";

/** A part of a device that a stack's state holds. */
export interface HeldPart {
    readonly stack: string;
    readonly urn: string;
    readonly deviceId: string;
    /** When the engine last wrote it; ISO 8601. */
    readonly modified?: string;
}

/** Parts that move from one stack to another. */
export interface Move {
    readonly from: string;
    readonly to: string;
    readonly parts: readonly HeldPart[];
}

/** Parts left behind by an interrupted move; another stack holds the same or a later copy. */
export interface Leftover {
    readonly stack: string;
    readonly parts: readonly HeldPart[];
}

/** The moves that bring all device resources to the stacks they belong to. */
export interface Placement {
    readonly moves: readonly Move[];
    readonly leftovers: readonly Leftover[];
    /** Parts that another deployment changed after an interrupted move; the later copy stays. */
    readonly differing: readonly HeldPart[];
}

// Resource types that exist per device; their names are the device ID.
export const certificateType = deviceTypes.certificate;
const {
    identity: identityType,
    enrollment: enrollmentType,
    registration: registrationType,
} = deviceTypes;
const alertRuleType = "azure-native:monitor:ScheduledQueryRule";
const partTypes = [certificateType, identityType, enrollmentType, registrationType];

/** The device resources in a state. */
export function heldParts(stack: string, { deployment }: ExportedState): HeldPart[] {
    return (deployment.resources ?? [])
        .filter((resource) => isPartType(resource.type) && !resource.delete)
        .map(({ urn, modified }) => ({
            stack,
            urn,
            deviceId: urn.slice(urn.lastIndexOf("::") + 2),
            modified,
        }));
}

export function isPartType(type: string): boolean {
    return partTypes.includes(type);
}

/** Names, as returned by {@link nameOf}, of the resources that the settings require for their devices. */
export function wantedParts({ groups, devices }: Pick<Settings, "groups" | "devices">): string[] {
    const byName = new Map(groups.map((one) => [one.name, one]));
    return devices.flatMap(({ id, group: name = "", authentication, individualEnrollment }) => {
        const isSigned = kindOf(authentication).certificate !== undefined;
        const group = isSigned ? byName.get(name) : undefined;
        return [
            ...(isListed(group) ? [`${identityType}::${id}`] : []),
            ...(isSigned ? [`${certificateType}::${id}`] : []),
            ...(individualEnrollment ? [`${enrollmentType}::${id}`] : []),
            ...(registersAtDps(group) ? [`${registrationType}::${id}`] : []),
        ];
    });
}

/** Whether a state holds only what every fleet stack creates for itself. */
export function isEmptyFleetStack({ deployment }: ExportedState): boolean {
    const own = [
        "pulumi:pulumi:Stack",
        "pulumi:pulumi:StackReference",
        "pulumi-nodejs:dynamic/pki:Issuer",
        "iot-x509:alerts:AlertRules",
        alertRuleType,
    ];
    return (deployment.resources ?? []).every(
        ({ type }) => own.includes(type) || type.startsWith("pulumi:providers:"),
    );
}

/** Whether a state holds alert rules, which exist on Azure. */
export function hasAlertRules({ deployment }: ExportedState): boolean {
    return (deployment.resources ?? []).some(({ type }) => type === alertRuleType);
}

/**
 * The platform that a fleet stack belongs to, from the content of its state; undefined if the state does not show it, e.g.
 * before the first deployment; null if the state is that of a hub's stack, or belongs to several platforms.
 */
export function platformOf({ deployment }: ExportedState): string | null | undefined {
    const resources = deployment.resources ?? [];
    if (resources.some(({ type }) => type === "iot-x509:iothub:Hub")) {
        return null;
    }
    const references = resources
        .filter(({ type }) => type === "pulumi:pulumi:StackReference")
        .map(({ urn }) => urn);
    // Resources that were moved there but never deployed have the tag of their hub's stack.
    const owners = resources
        .filter(({ type }) => type === identityType)
        .map(({ outputs }) => outputs?.owner)
        .filter((owner) => typeof owner === "string");
    const named = new Set((references.length > 0 ? references : owners).map(lastPart));
    const [platform, ...others] = named;
    return others.length > 0 ? null : platform;
}

function lastPart(text: string): string {
    return text.slice(text.lastIndexOf("/") + 1);
}

/**
 * @param parts the parts in all stacks
 * @param stackOf the stack that a device belongs to; `present` is one that holds it
 */
export function placeParts(
    parts: readonly HeldPart[],
    stackOf: (deviceId: string, present: string) => string,
): Placement {
    const moves = new Map<string, HeldPart[]>();
    const leftovers = new Map<string, HeldPart[]>();
    const copies = new Map<string, HeldPart[]>();
    for (const part of parts) {
        add(copies, nameOf(part), part);
    }
    const differing: HeldPart[] = [];
    for (const all of copies.values()) {
        const to = stackOf(all[0].deviceId, all[0].stack);
        // A move leaves equal copies. The engine's timestamp shows which was written later, with a key that the other lacks.
        const latest = all.map(instantOf).sort()[all.length - 1];
        const candidates = all.filter((part) => instantOf(part) === latest);
        const kept = candidates.find(({ stack }) => stack === to) ?? candidates[0];
        if (kept.stack !== to) {
            add(moves, JSON.stringify([kept.stack, to]), kept);
        }
        if (candidates.length < all.length) {
            differing.push(kept);
        }
        all.filter((part) => part !== kept).forEach((part) => add(leftovers, part.stack, part));
    }
    return {
        moves: [...moves].map(([key, moved]) => {
            const [from, to] = JSON.parse(key) as [string, string];
            return { from, to, parts: moved };
        }),
        leftovers: [...leftovers].map(([stack, left]) => ({ stack, parts: left })),
        differing,
    };
}

/** Time of the last change as sortable text: the engine omits trailing zeros of fractional seconds. */
function instantOf({ modified = "" }: HeldPart): string {
    return modified.replace(/(?:\.(\d+))?Z$/, (_, digits: string = "") => digits.padEnd(10, "0"));
}

/** Type and name: the part of a URN that does not depend on the stack. */
export function nameOf({ urn }: Pick<HeldPart, "urn">): string {
    const [, , ...rest] = urn.split("::");
    return rest.join("::");
}

function add(map: Map<string, HeldPart[]>, key: string, part: HeldPart): void {
    const present = map.get(key);
    if (present === undefined) {
        map.set(key, [part]);
    } else {
        present.push(part);
    }
}
