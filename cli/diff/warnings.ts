import { nameList } from "../../components/dynamic/nameList";
import { registersAtDps } from "../../stacks/deviceProvisioning";
import { PriorCas } from "../../stacks/priorCas";
import { GroupSettings, Settings } from "../../stacks/settings";
import { planFleet } from "../plan/plan";
import { DeviceChange } from "./fleetDiff";
import { HeldFleet } from "./heldFleet";
import { Rotation } from "./trust";

const day = 24 * 3600 * 1000;

/** What a reviewer should know before merging; a sentence each. */
export function warningsOf(
    settings: Settings,
    changes: readonly DeviceChange[],
    rotated: readonly Rotation[],
    held: HeldFleet,
    now: number = Date.now(),
): string[] {
    return [
        ...protection(settings),
        ...adoptions(settings),
        ...withoutRollover(rotated),
        ...room(settings),
        ...cutLeaves(settings, changes, held, now),
        ...resets(settings),
    ];
}

function protection({ protect }: Settings): string[] {
    return protect
        ? []
        : [
              "Protection is off (protect: false): a change may delete or replace the hub and the CAs.",
          ];
}

function adoptions({ devices }: Settings): string[] {
    const ids = devices.filter(({ adopt }) => adopt).map(({ id }) => id);
    return ids.length === 0
        ? []
        : [
              `adopt: true takes over identities that are not this stack's, with the loss of their shared access keys: ${nameList(ids)}.`,
          ];
}

/** Rotations that leave devices no time to get a new certificate. */
function withoutRollover(rotated: readonly Rotation[]): string[] {
    return rotated
        .filter(({ isRetained }) => !isRetained)
        .map(
            ({ group, from }) =>
                `Group ${group} is rotated without a rollover: G${from} is not retained, so its devices need their new ` +
                `certificate at once (groups.${group}.intermediate.retain: [${from}]).`,
        );
}

function room(settings: Settings): string[] {
    const { canRollOver, groups, count, limit } = planFleet(settings, { cores: 1 }).hub
        .certificates;
    return canRollOver >= groups
        ? []
        : [
              `Only ${canRollOver} of ${groups} groups can roll over at once: the hub has ${count} of ${limit} CAs.`,
          ];
}

function cutLeaves(
    { groups }: Settings,
    changes: readonly DeviceChange[],
    held: HeldFleet,
    now: number,
): string[] {
    const issued = new Set(["added", "moved", "key", "certificate", "renewal"]);
    const cas = new PriorCas(held.previous);
    return groups.flatMap(({ name, validityDays, intermediate }: GroupSettings) => {
        const ca = cas.intermediate(`${name}-g${intermediate.generation}`);
        const end = ca?.end.getTime() ?? now + intermediate.validityDays * day;
        const devices = changes.filter(({ group, kind }) => group === name && issued.has(kind));
        return devices.length === 0 || now + validityDays * day <= end
            ? []
            : [
                  `Certificates of group ${name} (${validityDays} days) are cut short by its CA, which ends on ` +
                      `${new Date(end).toISOString().slice(0, 10)}: ${nameList([...new Set(devices.map(({ device }) => device))])}.`,
              ];
    });
}

function resets({ groups }: Settings): string[] {
    return groups
        .filter((group) => registersAtDps(group) && group.enrollment.reprovision === "reset")
        .map(
            ({ name }) =>
                `Group ${name} has reprovision: reset: each renewed certificate wipes the twin when its device registers again.`,
        );
}
