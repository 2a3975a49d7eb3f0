import { isUnknown } from "../../components/dynamic/values";
import { Settings } from "../../stacks/settings";
import { TrustChange } from "./fleetDiff";
import { HeldFleet } from "./heldFleet";
import { Step } from "./step";

const verifiedType = "pulumi-nodejs:dynamic/iothub:VerifiedCertificate";
const signedTypes = [
    "tls:index/selfSignedCert:SelfSignedCert",
    "tls:index/locallySignedCert:LocallySignedCert",
];
const keyType = "tls:index/privateKey:PrivateKey";

/** A change of a group's current CA to another generation. */
export interface Rotation {
    readonly group: string;
    readonly from: number;
    readonly to: number;
    /** Whether the former CA stays trusted. */
    readonly isRetained: boolean;
}

/** CAs that are created, signed, proven, retained or removed; rotations of groups come first. */
export function trustChanges(steps: readonly Step[], rotated: readonly Rotation[]): TrustChange[] {
    return [...rotated.flatMap(rotationChanges), ...steps.flatMap(caChange)];
}

function rotationChanges({ group, from, to, isRetained }: Rotation): TrustChange[] {
    const detail = `G${from} to G${to}`;
    const rotated: TrustChange = { name: group, at: "state", what: "rotated", detail };
    const former = `${group}-g${from}`;
    return isRetained
        ? [rotated, { name: former, at: "state", what: "retained", detail: "stays trusted" }]
        : [rotated];
}

/** Found from the CA keys in the state and the step that creates the next one. */
export function rotations(
    steps: readonly Step[],
    { groups }: Pick<Settings, "groups">,
    held: HeldFleet,
): Rotation[] {
    const made = new Set(
        steps
            .filter(({ action }) => action === "create")
            .map(({ type, name }) => `${type}::${name}`),
    );
    const keys = [...held.previous.all(keyType).keys()];
    return groups.flatMap(({ name, intermediate: { generation: to, retain } }) => {
        const before = keys.flatMap((key) => {
            const found = key.startsWith(`${name}-g`)
                ? /^(\d+)-key$/.exec(key.slice(name.length + 2))
                : null;
            return found === null ? [] : [Number(found[1])];
        });
        const isNew = [`${keyType}::${name}-g${to}-key`, `${verifiedType}::${name}-g${to}`].some(
            (one) => made.has(one),
        );
        const from = Math.max(...before.filter((one) => one !== to));
        return isNew && Number.isFinite(from)
            ? [{ group: name, from, to, isRetained: retain.includes(from) }]
            : [];
    });
}

function caChange({ type, name, action, before, after }: Step): TrustChange[] {
    if (type === verifiedType) {
        const target = String(
            after?.inputs.targetId ?? before?.inputs.targetId ?? before?.outputs.targetId,
        );
        const isService = /\/provisioningServices\//i.test(target) || name.endsWith("-dps");
        const what = {
            create: "uploaded and proven",
            update: "changed",
            replace: "replaced",
            delete: "removed",
        } as const;
        return [
            {
                name: name.replace(/-dps$/, ""),
                at: isService ? "provisioning service" : "hub",
                what: what[action],
                detail: isUnproven(after) ? "awaits a proof that is signed elsewhere" : "",
            },
        ];
    }
    if (signedTypes.includes(type) || (type === keyType && action === "delete")) {
        const what = {
            create: "made",
            update: "signed again",
            replace: "signed again",
            delete: "removed from the state",
        } as const;
        const isKey = type === keyType;
        return [
            {
                name: name.replace(/-(certificate|key)$/, ""),
                at: "state",
                what: what[action],
                detail: isKey ? "its key is deleted" : "",
            },
        ];
    }
    return [];
}

function isUnproven(after: Step["after"]): boolean {
    const { hasKey, proof } = after?.inputs ?? {};
    return after !== undefined && hasKey !== true && proof === undefined && !isUnknown(hasKey);
}
