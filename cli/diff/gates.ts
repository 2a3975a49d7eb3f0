import { FleetDiff } from "./fleetDiff";

/** A kind of change that `--fail-on` rejects. */
export type Gate =
    | { readonly kind: "access-lost" | "replace" | "ca-removed" | "change" }
    | { readonly kind: "delete"; readonly most: number };

const plain = ["access-lost", "replace", "ca-removed", "change"] as const;

/** @param text e.g. `access-lost,delete=0`; checked by scripts/lib/commands.mjs */
export function readGates(text: string): Gate[] {
    return text.split(",").flatMap((one): Gate[] => {
        const [, most] = /^delete=(\d+)$/.exec(one) ?? [];
        if (most !== undefined) {
            return [{ kind: "delete", most: Number(most) }];
        }
        const kind = plain.find((name) => name === one);
        return kind === undefined ? [] : [{ kind }];
    });
}

/** The mandatory rules of a policy pack that hold a change back, with or without gates; a sentence each. */
export function brokenRules({ violations }: FleetDiff): string[] {
    return violations
        .filter(({ isMandatory }) => isMandatory)
        .map(({ policy, stack, message }) => `${policy} (${stack}): ${message}`);
}

/** Reasons why a change does not pass, a sentence each; empty: it passes. */
export function closedGates(diff: FleetDiff, gates: readonly Gate[]): string[] {
    return gates.flatMap((gate) => {
        const why = whyClosed(diff, gate);
        return why === undefined ? [] : [why];
    });
}

function whyClosed(
    { access, devices, trust, resources, operations }: FleetDiff,
    gate: Gate,
): string | undefined {
    if (gate.kind === "access-lost") {
        const count = access.lost.length;
        return count === 0 ? undefined : `access-lost: ${count} of the devices`;
    }
    if (gate.kind === "ca-removed") {
        // A replacement removes the CA's certificate too, and a new one of the same name may have another key.
        const removed = trust.filter(
            ({ at, what }) => (what === "removed" || what === "replaced") && at !== "state",
        );
        const names = removed.map(
            ({ name, at, what }) =>
                `${name} from the ${at}${what === "replaced" ? " (replaced)" : ""}`,
        );
        return names.length === 0 ? undefined : `ca-removed: ${names.join(", ")}`;
    }
    if (gate.kind === "change") {
        const changes = devices.changes.filter(({ kind }) => kind !== "renewal").length;
        const count = changes + trust.length + resources.length;
        return count === 0 ? undefined : `change: ${count} changes beside renewals that are due`;
    }
    if (gate.kind !== "delete") {
        return operations.replace === 0 ? undefined : `replace: ${operations.replace} resources`;
    }
    const count =
        devices.changes.filter(({ kind }) => kind === "deleted").length +
        resources.filter(({ action }) => action === "delete").length;
    return count <= gate.most
        ? undefined
        : `delete=${gate.most}: ${count} devices and resources would be deleted`;
}
