import { X509Certificate } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import { readFormer } from "../components/pki/formerCertificates";
import { issuersUnderRoots } from "./cutOff";
import { isListed } from "./deviceProvisioning";
import { deviceTypes, PreviousState } from "./previousState";
import { PriorCas } from "./priorCas";
import { userError } from "./userError";
import { GroupSettings, Settings } from "./settings";

/**
 * Below a trusted root, a hub does not distinguish intermediates (Azure docs: iot-hub-x509ca-concept), so it still accepts
 * a generation that is dropped; a run that says otherwise would be wrong. Devices that register are not affected: the hub
 * knows them by thumbprint, and the provisioning service by intermediate.
 *
 * @throws RunError that names the generation, its end and the options
 */
export function refuseUnrevocable(settings: Settings, previous: PreviousState): void {
    if (settings.pki.trust !== "root") {
        return;
    }
    const prior = new PriorCas(previous);
    const accepted = issuersUnderRoots(settings, previous);
    const problems = settings.groups.filter(isListed).flatMap((group) =>
        droppedGenerations(group, prior).flatMap((generation) => {
            const ca = new X509Certificate(
                prior.intermediate(`${group.name}-g${generation}`)?.pem ?? "",
            );
            const end = lastEnd(settings, group, generation, ca, previous);
            const isAccepted = accepted === undefined || accepted.has(ca.subject);
            return isAccepted && end > Date.now() ? [describe(group, generation, end)] : [];
        }),
    );
    if (problems.length > 0) {
        throw userError(
            `with iot-x509:pki.trust "root", the hub accepts what any intermediate below the root signed, so this run cannot ` +
                `revoke:\n${problems.join("\n")}\nNothing was changed. Keep the generation among "retain" until then; or, for a ` +
                `CA whose key leaked, also raise pki.root.generation and give all devices new certificates; or set ` +
                `pki.trust to "intermediates" first.`,
        );
    }
}

/** Warns of what blocking a group does not do below a trusted root. */
export function warnOfSharedRoot({ pki, groups }: Settings): void {
    for (const { name } of groups.filter(({ blocked }) => blocked && pki.trust === "root")) {
        void pulumi.log.warn(
            `group ${name} is blocked: each of its identities is disabled. With iot-x509:pki.trust "root", the hub still accepts ` +
                `its intermediate, so whoever has that CA's key can sign for listed devices of other groups: raise ` +
                `pki.root.generation, or use pki.trust "intermediates".`,
        );
    }
}

function droppedGenerations({ name, intermediate }: GroupSettings, prior: PriorCas): number[] {
    const kept = [intermediate.generation, ...intermediate.retain];
    const prefix = `${name}-g`;
    return prior
        .intermediates()
        .filter((one) => one.startsWith(prefix) && /^\d+$/.test(one.slice(prefix.length)))
        .map((one) => Number(one.slice(prefix.length)))
        .filter((generation) => !kept.includes(generation));
}

/** When the last certificate known to be of the generation expires; milliseconds since the epoch. */
function lastEnd(
    { shards, devices }: Settings,
    group: GroupSettings,
    generation: number,
    ca: X509Certificate,
    previous: PreviousState,
): number {
    if (shards !== undefined) {
        // The fleet stacks know the devices' certificates.
        return Date.parse(ca.validTo);
    }
    const ends = devices
        .filter((device) => device.group === group.name)
        .flatMap(({ id }) => {
            const state = previous.find(deviceTypes.certificate, id);
            const pem = state?.["certificate"];
            const present = typeof pem === "string" ? new X509Certificate(pem) : undefined;
            const former = ((state?.["former"] ?? []) as readonly string[]).map(readFormer);
            return [
                ...(present?.checkIssued(ca) ? [Date.parse(present.validTo)] : []),
                ...former
                    .filter((one) => one.generation === generation)
                    .map(({ end }) => Date.parse(end) + 24 * 3600 * 1000),
            ];
        });
    return Math.max(0, ...ends);
}

function describe({ name }: GroupSettings, generation: number, end: number): string {
    const day = new Date(end).toISOString().slice(0, 10);
    return `  group ${name}, generation ${generation}: its certificates are accepted until ${day}`;
}
