import { ExportedState } from "./stackState";

/** A part of a device that a stack's state holds. */
export interface HeldPart {
    readonly stack: string;
    readonly urn: string;
    readonly deviceId: string;
}

/** Parts that one stack gives to another. */
export interface Move {
    readonly from: string;
    readonly to: string;
    readonly parts: readonly HeldPart[];
}

/** Parts that another stack holds already, left behind by a move that was interrupted. */
export interface Leftover {
    readonly stack: string;
    readonly parts: readonly HeldPart[];
}

/** What brings every part of a device to the stack that it belongs to. */
export interface Placement {
    readonly moves: readonly Move[];
    readonly leftovers: readonly Leftover[];
}

/** What is made for each device; their names are the device ID. */
const partTypes = [
    "pulumi-nodejs:dynamic/pki:DeviceCertificate",
    "pulumi-nodejs:dynamic/iothub:DeviceIdentity",
    "pulumi-nodejs:dynamic/dps:IndividualEnrollment",
];

/** The parts of devices in a state. */
export function heldParts(stack: string, { deployment }: ExportedState): HeldPart[] {
    return (deployment.resources ?? [])
        .filter((resource) => partTypes.includes(resource.type) && !resource.delete)
        .map(({ urn }) => ({ stack, urn, deviceId: urn.slice(urn.lastIndexOf("::") + 2) }));
}

/** Whether a state has nothing but what every fleet stack makes for itself. */
export function isEmptyFleetStack({ deployment }: ExportedState): boolean {
    const own = ["pulumi:pulumi:Stack", "pulumi:pulumi:StackReference"];
    return (deployment.resources ?? []).every(
        ({ type }) =>
            own.includes(type) ||
            type.startsWith("pulumi:providers:") ||
            type === "pulumi-nodejs:dynamic/pki:Issuer",
    );
}

/**
 * Whether a stack can be a fleet stack of this platform, and is not another hub's or of another hub's fleet. A state that
 * was deployed tells; before that, the settings file.
 *
 * @param claimed the platform that its settings file names; undefined without such a file, null when it names none
 */
export function canBelongTo(
    platform: string,
    { deployment }: ExportedState,
    claimed: string | null | undefined,
): boolean {
    const resources = deployment.resources ?? [];
    if (resources.some(({ type }) => type === "iot-x509:iothub:Hub")) {
        return false;
    }
    const references = resources.filter(({ type }) => type === "pulumi:pulumi:StackReference");
    return references.length > 0
        ? references.every(({ urn }) => urn.endsWith(`/${platform}`))
        : claimed === undefined || claimed === platform;
}

/**
 * @param parts of all stacks
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
    for (const [first, ...others] of copies.values()) {
        const to = stackOf(first.deviceId, first.stack);
        const all = [first, ...others];
        const kept = all.find(({ stack }) => stack === to) ?? first;
        if (kept.stack !== to) {
            add(moves, JSON.stringify([kept.stack, to]), kept);
        }
        all.filter((part) => part !== kept).forEach((part) => add(leftovers, part.stack, part));
    }
    return {
        moves: [...moves].map(([key, moved]) => {
            const [from, to] = JSON.parse(key) as [string, string];
            return { from, to, parts: moved };
        }),
        leftovers: [...leftovers].map(([stack, left]) => ({ stack, parts: left })),
    };
}

/** Type and name: what a URN has beside the stack. */
function nameOf({ urn }: HeldPart): string {
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
