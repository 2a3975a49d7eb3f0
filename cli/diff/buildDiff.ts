import { Settings } from "../../stacks/settings";
import { tooMany } from "../../stacks/cutOff";
import { accessChanges } from "./access";
import { deviceChanges, deviceDiff } from "./deviceChanges";
import { FleetDiff, Operation, PolicyViolation } from "./fleetDiff";
import { HeldFleet, HeldResource } from "./heldFleet";
import { limitsAfter, registryUse } from "./limits";
import { resourceChanges } from "./resources";
import { changingSteps, RawStep } from "./step";
import { rotations, trustChanges } from "./trust";
import { warningsOf } from "./warnings";

/** What a preview reported, and what it was made from. */
export interface Previewed {
    /** The hub's stack. */
    readonly stack: string;
    /** The steps of all its stacks. */
    readonly steps: readonly RawStep[];
    /** What the stacks hold before the change. */
    readonly resources: readonly HeldResource[];
    readonly settings: Settings;
    /** Names of the encrypted settings. */
    readonly encrypted: readonly string[];
    /** Identities in fleet stacks that do not exist yet. Default 0. */
    readonly toCome?: number;
    /** Default: none. */
    readonly violations?: readonly PolicyViolation[];
}

/** What a preview means for the fleet. */
export function buildDiff(previewed: Previewed): FleetDiff {
    const { stack, settings, encrypted, toCome = 0, violations = [] } = previewed;
    const steps = changingSteps(previewed.steps);
    const held = new HeldFleet(previewed.resources, stack);
    const isHidden = encrypted.includes("organization") || encrypted.includes("country");
    const known = { ...settings, organization: isHidden ? undefined : settings.organization };
    const changes = deviceChanges(steps, settings, held);
    const rotated = rotations(steps, settings, held);
    const operations = { create: toCome, update: 0, replace: 0, delete: 0 };
    steps.forEach(({ action }: { action: Operation }) => operations[action]++);
    return {
        version: 1,
        stack,
        isEmpty: steps.length === 0 && toCome === 0,
        operations,
        access: accessChanges(steps, changes, known, held),
        devices: deviceDiff(changes, settings, held),
        trust: trustChanges(steps, rotated),
        resources: resourceChanges(steps),
        ...limitsAfter(settings),
        registry: registryUse(steps, settings, toCome),
        warnings: warningsOf(settings, changes, rotated, held),
        refusal: tooMany(known, held.previous)?.split("\n")[0] ?? null,
        violations: [...violations].sort(
            (one, other) => Number(other.isMandatory) - Number(one.isMandatory),
        ),
        unread: encrypted,
    };
}
