import { isUnknown } from "../../components/dynamic/values";
import { Settings } from "../../stacks/settings";
import { TrustChange } from "./fleetDiff";
import { Step } from "./step";

const verifiedType = "pulumi-nodejs:dynamic/iothub:VerifiedCertificate";
const signedTypes = [
    "tls:index/selfSignedCert:SelfSignedCert",
    "tls:index/locallySignedCert:LocallySignedCert",
];
const keyType = "tls:index/privateKey:PrivateKey";

/** CAs made, signed, proven, retained and removed; a rotation of a group first. */
export function trustChanges(
    steps: readonly Step[],
    { groups }: Pick<Settings, "groups">,
): TrustChange[] {
    return [...rotations(steps, groups), ...steps.flatMap(caChange)];
}

/** A group's present CA is of another generation than the one before. */
function rotations(steps: readonly Step[], groups: Settings["groups"]): TrustChange[] {
    return groups.flatMap(({ name, intermediate: { generation, retain } }) => {
        const isMade = steps.some(
            (step) =>
                step.name === `${name}-g${generation}` ||
                step.name === `${name}-g${generation}-certificate`,
        );
        const issuer = steps.find((step) => step.type.endsWith("pki:Issuer") && step.name === name);
        if (!isMade || issuer?.action !== "update" || generation === 1) {
            return [];
        }
        const before = generation - 1;
        const isRetained = retain.includes(before);
        const rotated: TrustChange = {
            name,
            at: "state",
            what: "rotated",
            detail: `G${before} to G${generation}`,
        };
        const old: TrustChange = {
            name: `${name}-g${before}`,
            at: "hub",
            what: "retained",
            detail: `retain: [${retain.join(", ")}]`,
        };
        return isRetained ? [rotated, old] : [rotated];
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
