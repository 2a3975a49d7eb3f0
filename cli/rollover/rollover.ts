import {
    issuedBeyond,
    Sighting,
    standing,
    unlistedDependents,
} from "../../components/registry/rolloverEvidence";
import { sighting } from "../../components/registry/rolloverGate";
import {
    dependents,
    enabledOthers,
    heldIntermediates,
    HeldIntermediate,
} from "../../stacks/rollover";
import { GroupSettings, Settings } from "../../stacks/settings";
import { HeldFleet } from "../diff/heldFleet";
import { AzureView } from "../inventory/azureView";
import { GroupRollover, RollingDevice } from "./groupRollover";
import { nextSteps } from "./nextSteps";

/** Where each group of an environment stands. */
export function rollovers(
    settings: Settings,
    fleet: HeldFleet,
    azure: AzureView | undefined,
    now: Date,
): GroupRollover[] {
    const held = heldIntermediates(fleet.previous);
    const seen = sightingsById(azure);
    return settings.groups.map((group) => {
        const own = held.filter((ca) => ca.group === group.name);
        const { generation, retain } = group.intermediate;
        const earlier = own
            .filter((ca) => ca.generation !== generation)
            .map((ca) => ({
                generation: ca.generation,
                isRetained: retain.includes(ca.generation),
                devices: rollingDevices(ca, own, { group, settings, fleet, azure, seen, now }),
            }));
        const known = {
            group: group.name,
            generation,
            isDeployed: own.some((ca) => ca.generation === generation),
            isBlocked: group.blocked,
            earlier,
        };
        return { ...known, next: nextSteps(known, retain, settings.shards !== undefined) };
    });
}

type Seen = ReadonlyMap<string, { readonly sightings: Sighting[]; lastActivity: string | null }>;

interface Context {
    readonly group: GroupSettings;
    readonly settings: Settings;
    readonly fleet: HeldFleet;
    readonly azure: AzureView | undefined;
    readonly seen: Seen;
    readonly now: Date;
}

function rollingDevices(
    ca: HeldIntermediate,
    own: readonly HeldIntermediate[],
    { group, settings, fleet, azure, seen, now }: Context,
): RollingDevice[] {
    const staying = own.filter(({ generation }) => generation === group.intermediate.generation);
    const isStaying = (name: string): boolean => staying.some(({ subject }) => subject === name);
    const listed = dependents(ca, settings, fleet.previous, isStaying, now);
    const renewed = issuedBeyond(
        ca,
        enabledOthers(settings, listed),
        (id) => seen.get(id.toLowerCase())?.sightings ?? [],
        now,
    );
    const registered = new Map(
        [...(azure?.registered ?? [])].map(([id, registration]) => [id, registration.group]),
    );
    const known = [...fleet.devices, ...settings.devices.map(({ id }) => id)];
    const unlisted = unlistedDependents(group.name, registered, known, (id) =>
        seen.has(id.toLowerCase()),
    );
    return [...listed, ...renewed, ...unlisted].map((device) => {
        const { sightings = [], lastActivity = null } = seen.get(device.id.toLowerCase()) ?? {};
        const { id, until } = device;
        return {
            id,
            until,
            lastActivity,
            ...standing(device, { ...ca, staying }, sightings, now),
        };
    });
}

function sightingsById(azure: AzureView | undefined): Seen {
    const found = new Map<string, { sightings: Sighting[]; lastActivity: string | null }>();
    for (const device of azure?.devices ?? []) {
        const id = device.device.deviceId.toLowerCase();
        const entry = found.get(id) ?? { sightings: [], lastActivity: null };
        entry.sightings.push(sighting(device));
        entry.lastActivity = device.lastActivity ?? entry.lastActivity;
        found.set(id, entry);
    }
    return found;
}
