import { AzureError } from "../azure/client";
import { firstOf, nameList } from "../dynamic/nameList";
import { linkedServices } from "../enrollments/registrations";
import { shellWord } from "../text/shellWords";
import { issuedByEst } from "./estTag";
import { HubRegistry, hubRegistry, hubRegistryAt, linkedHostNames } from "./hubRegistry";
import { thumbprintsOf } from "./identityRecord";
import { SeenDevice } from "./registry";
import {
    issuedBeyond,
    LeavingCa,
    Sighting,
    standing,
    unlistedDependents,
} from "./rolloverEvidence";

/** A refusal names this many devices for each CA; the rest are counted. */
const named = 100;

/**
 * Why a run must not remove CAs: devices still depend on them.
 *
 * @param accepted devices that may be refused from then on: their IDs, or at most how many
 * @returns undefined if the run may proceed
 */
export async function refuseToRemove(
    hubId: string,
    leaving: readonly LeavingCa[],
    accepted: number | readonly string[],
): Promise<string | undefined> {
    const seen = await sightings(
        hubId,
        leaving.some(({ known }) => known !== undefined),
    );
    if (seen === undefined) {
        return undefined;
    }
    const lines: string[] = [];
    const stuck = new Set<string>();
    const dependent = new Set<string>();
    for (const ca of leaving) {
        const now = new Date();
        const devices = [
            ...ca.devices,
            ...unlistedDependents(
                ca.group,
                seen.registered,
                ca.known ?? [],
                (id) => seen.of(id).length > 0,
            ),
            ...issuedBeyond(ca, ca.others, (id) => seen.of(id), now),
        ];
        devices.forEach(({ id }) => dependent.add(id));
        const waiting = devices.flatMap((device) => {
            const { state, evidence } = standing(device, ca, seen.of(device.id), now);
            const isAccepted = Array.isArray(accepted) && accepted.includes(device.id);
            return state === "moved" || isAccepted
                ? []
                : [{ id: device.id, text: `    ${device.id}: ${state}, ${evidence}` }];
        });
        waiting.forEach(({ id }) => stuck.add(id));
        if (waiting.length > 0) {
            lines.push(
                `  group ${ca.group}, generation ${ca.generation}: ${waiting.length} devices`,
                ...firstOf(
                    waiting.map(({ text }) => text),
                    named,
                ),
            );
        }
    }
    const isWithinNumber = typeof accepted === "number" && stuck.size <= accepted;
    if (stuck.size === 0 || isWithinNumber) {
        return undefined;
    }
    return [
        `this run would remove CAs that ${stuck.size} devices still depend on, and those would be refused. Nothing was changed.`,
        ...(seen.problem === undefined ? [] : [`  the hub cannot be read: ${seen.problem}`]),
        ...lines,
        ...others(dependent, accepted),
        remedy(leaving, stuck, accepted),
    ].join("\n");
}

/** Accepted names of no device that depends on one of the CAs, perhaps because of a typing error. */
function others(dependent: ReadonlySet<string>, accepted: number | readonly string[]): string[] {
    const names = typeof accepted === "number" ? [] : accepted.filter((id) => !dependent.has(id));
    return names.length === 0
        ? []
        : [`  iot-x509:rollover.accept also has what does not depend on them: ${nameList(names)}`];
}

function remedy(
    leaving: readonly LeavingCa[],
    stuck: ReadonlySet<string>,
    accepted: number | readonly string[],
): string {
    const [{ group, stays }] = leaving;
    const accept =
        typeof accepted === "number"
            ? `pulumi config set --path iot-x509:rollover.accept ${stuck.size}`
            : `add them to iot-x509:rollover.accept`;
    return (
        `Keep the CA until they have moved (${stays}; "npm run rollover -- --group ` +
        `${shellWord(group)}" tells who has); or accept that they are refused: ${accept}; or, if its key leaked, block the group.`
    );
}

interface Sightings {
    /** Enrollment groups by the devices that registered through them. */
    readonly registered: ReadonlyMap<string, string>;
    /** The device on each hub that has it. */
    of(id: string): readonly Sighting[];
    /** Why a hub could not be read; undefined: it could. */
    readonly problem: string | undefined;
}

/** All devices of the stack's hub and of the hubs that are linked beside it; undefined if that hub does not exist. */
async function sightings(
    hubId: string,
    withRegistrations: boolean,
): Promise<Sightings | undefined> {
    const byId = new Map<string, Sighting[]>();
    let registered: ReadonlyMap<string, string> = new Map();
    let problem: string | undefined;
    try {
        const own = await hubRegistry(hubId);
        const others = linkedHostNames(own.hostName)
            .filter((hostName) => hostName !== own.hostName)
            .map((hostName) => hubRegistryAt(hostName));
        for (const hub of [own, ...(await Promise.all(others))]) {
            for (const device of await devicesOn(hub)) {
                const id = device.device.deviceId.toLowerCase();
                byId.set(id, [...(byId.get(id) ?? []), sighting(device)]);
            }
        }
        registered = withRegistrations ? await registrations(hubId, own.hostName) : registered;
    } catch (error) {
        if (error instanceof AzureError && error.status === 404) {
            return undefined;
        }
        problem = (error as Error).message;
    }
    return { of: (id) => byId.get(id.toLowerCase()) ?? [], registered, problem };
}

function devicesOn({ atOnce }: HubRegistry): Promise<readonly SeenDevice[]> {
    return atOnce.seen(() => undefined);
}

export function sighting({ device, reported }: SeenDevice): Sighting {
    const thumbprints = thumbprintsOf(device.authentication) ?? [];
    return {
        status: device.status,
        thumbprints: thumbprints.map((one) => one.toUpperCase()),
        reported,
        issued: issuedByEst(device),
    };
}

async function registrations(
    hubId: string,
    hostName: string,
): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const service of await linkedServices(hubId, hostName)) {
        for (const [id, { group }] of await service.registeredByGroup()) {
            found.set(id, group);
        }
    }
    return found;
}
