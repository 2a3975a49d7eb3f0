import { stableJson } from "../../components/dynamic/values";
import { kindOf } from "../../stacks/deviceKinds/deviceKinds";
import { deviceTypes } from "../../stacks/previousState";
import { DeviceSettings, Settings } from "../../stacks/settings";
import { certificateReasons } from "./certificateReasons";
import { DeviceChange, DeviceChangeKind, DeviceDiff, GroupCounts } from "./fleetDiff";
import { HeldFleet } from "./heldFleet";
import { Properties, Step } from "./step";

/** The order in which kinds are reported. */
export const kindOrder: readonly DeviceChangeKind[] = [
    "added",
    "deleted",
    "kept, disabled",
    "disabled",
    "enabled",
    "moved",
    "authentication",
    "key",
    "certificate",
    "renewal",
    "enrollment",
    "tags",
    "identity",
];

type Parts = Readonly<Partial<Record<keyof typeof deviceTypes, Step>>>;
/** A change without its device. */
type Told = readonly [kind: DeviceChangeKind, detail?: string];

const partOfType = new Map(
    Object.entries(deviceTypes)
        .filter(([part]) => part !== "enrollmentGroup")
        .map(([part, type]) => [type, part as keyof Parts]),
);

/** What happens to each device, in the order of {@link kindOrder}. */
export function deviceChanges(
    steps: readonly Step[],
    settings: Pick<Settings, "devices" | "pruneDevices">,
    held: HeldFleet,
): DeviceChange[] {
    const listed = new Map(settings.devices.map((device) => [device.id, device]));
    const before = held.devices;
    const parts = partsByDevice(steps);
    const ids = new Set([...listed.keys(), ...parts.keys()]);
    const changes = [...ids].flatMap((id) => {
        const device = listed.get(id);
        const own = parts.get(id) ?? {};
        const group = device === undefined ? held.groupOf(id) : (device.group ?? null);
        const told =
            device === undefined ? leaving(own, settings) : staying(device, own, before, held);
        return told.map(([kind, detail = ""]) => ({ device: id, group, kind, detail }));
    });
    const rank = ({ kind }: DeviceChange): number => kindOrder.indexOf(kind);
    return changes.sort(
        (one, other) => rank(one) - rank(other) || compare(one.device, other.device),
    );
}

function partsByDevice(steps: readonly Step[]): ReadonlyMap<string, Parts> {
    const devices = new Map<string, Partial<Record<keyof Parts, Step>>>();
    for (const step of steps) {
        const part = partOfType.get(step.type);
        if (part !== undefined) {
            devices.set(step.name, { ...devices.get(step.name), [part]: step });
        }
    }
    return devices;
}

function leaving(
    { identity, registration, certificate }: Parts,
    { pruneDevices }: Pick<Settings, "pruneDevices">,
): Told[] {
    const step = identity ?? registration ?? certificate;
    if (step === undefined || registration?.before?.outputs.left !== undefined) {
        return [];
    }
    return [
        pruneDevices
            ? ["deleted", "left the configuration"]
            : ["kept, disabled", "left the configuration"],
    ];
}

function staying(
    device: DeviceSettings,
    parts: Parts,
    before: ReadonlySet<string>,
    held: HeldFleet,
): Told[] {
    if (!before.has(device.id)) {
        return [["added", addition(device)]];
    }
    const { identity, registration, enrollment, certificate } = parts;
    const from = held.groupOf(device.id);
    const to = device.group ?? null;
    const isMoved = certificate?.action !== "delete" && from !== null && to !== null && from !== to;
    const status = changedStatus(identity) ?? changedStatus(registration);
    return [
        ...(status === undefined ? [] : [[status] as const]),
        ...(isMoved ? [["moved", `from ${from}`] as const] : []),
        ...authentication(parts),
        ...reissue(certificate, device),
        ...(enrollment === undefined || enrollment.action === "update"
            ? []
            : [["enrollment", enrollmentWords[enrollment.action]] as const]),
        ...tags(identity),
        ...identityItself(identity),
    ];
}

const enrollmentWords: Readonly<Record<string, string>> = {
    create: "gets one of its own",
    delete: "its own goes",
    replace: "made anew",
};

function addition({ authentication, status }: DeviceSettings): string {
    return `${kindOf(authentication).label}${status === "disabled" ? ", disabled" : ""}`;
}

function changedStatus(step: Step | undefined): "enabled" | "disabled" | undefined {
    const after = step?.after?.inputs.status;
    const isOther = step?.before !== undefined && after !== step.before.outputs.status;
    return isOther && (after === "enabled" || after === "disabled") ? after : undefined;
}

/** Changes between a CA-signed certificate and thumbprints, or to other thumbprints. */
function authentication({ identity, certificate }: Parts): Told[] {
    const was = identity?.before?.outputs.thumbprints;
    const is = identity?.after?.inputs.thumbprints;
    if (
        identity?.before === undefined ||
        identity.after === undefined ||
        stableJson(was ?? null) === stableJson(is ?? null)
    ) {
        return certificate?.action === "delete"
            ? [["authentication", "no certificate of a CA any more"]]
            : [];
    }
    const to = is === undefined ? "a certificate of its group's CA" : "thumbprints";
    return [
        was !== undefined && is !== undefined
            ? ["key", "other thumbprints"]
            : ["authentication", `now ${to}`],
    ];
}

function reissue(step: Step | undefined, device: DeviceSettings): Told[] {
    if (step === undefined || step.action === "delete") {
        return [];
    }
    if (step.before === undefined) {
        return [["certificate", "first one"]];
    }
    const reasons = certificateReasons(step, device);
    const others = reasons.filter((reason) => reason !== "key changed");
    if (reasons[0] === "renewal due") {
        return [["renewal", "renewal due"]];
    }
    return reasons[0] === "key changed"
        ? [["key", ["new key and certificate", ...others].join(", ")]]
        : [["certificate", others.join(", ")]];
}

const toldElsewhere = new Set(["hubId", "deviceId", "adopt", "status", "thumbprints", "tags"]);

/** Changes of the identity that have no kind of their own: somebody deleted it, or removed the stack's tag from it. */
function identityItself(step: Step | undefined): Told[] {
    if (step === undefined) {
        return [];
    }
    const { action, before, after } = step;
    if (action !== "update" || before === undefined || after === undefined) {
        return [["identity", identityWords[action]]];
    }
    const names = [...Object.keys(after.inputs), "foreign"].filter(
        (name) =>
            !toldElsewhere.has(name) &&
            !name.startsWith("__") &&
            stableJson(before.outputs[name] ?? null) !== stableJson(after.inputs[name] ?? null),
    );
    return names.length === 0 ? [] : [["identity", `corrected: ${names.sort().join(", ")}`]];
}

const identityWords: Readonly<Record<Step["action"], string>> = {
    create: "created",
    update: "corrected",
    delete: "deleted",
    replace: "replaced",
};

/** Names only: values may be confidential. */
function tags(step: Step | undefined): Told[] {
    if (step?.before === undefined || step.after === undefined) {
        return [];
    }
    const [was, is] = [step.before.outputs.tags, step.after.inputs.tags].map(
        (one) => (one ?? {}) as Properties,
    );
    const changed = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
        (name) => stableJson(was[name] ?? null) !== stableJson(is[name] ?? null),
    );
    return changed.length === 0 ? [] : [["tags", changed.sort().join(", ")]];
}

export function deviceDiff(
    changes: readonly DeviceChange[],
    { devices }: Pick<Settings, "devices">,
    held: HeldFleet,
): DeviceDiff {
    const summary = held.summary;
    const enabled = devices.filter(({ status }) => status === "enabled").length;
    return {
        before:
            summary === undefined
                ? null
                : { devices: summary.devices, enabled: summary.devices - summary.disabled },
        after: { devices: devices.length, enabled },
        byGroup: countsByGroup(changes),
        changes,
    };
}

function countsByGroup(changes: readonly DeviceChange[]): GroupCounts[] {
    const groups = new Map<string | null, Partial<Record<DeviceChangeKind, number>>>();
    for (const { group, kind } of changes) {
        const counts = groups.get(group) ?? {};
        groups.set(group, { ...counts, [kind]: (counts[kind] ?? 0) + 1 });
    }
    return [...groups]
        .map(([group, counts]) => ({ group, counts }))
        .sort((one, other) => compare(one.group ?? "", other.group ?? ""));
}

/** `press-2` before `press-10`. */
const collator = new Intl.Collator("en", { numeric: true });

export function compare(one: string, other: string): number {
    return collator.compare(one, other);
}
