/*
 * HubAudit: what is on a hub and its provisioning service but not declared. It has no counterpart in Azure.
 *
 * | method | REST calls |
 * | --- | --- |
 * | check | GET of the hub's certificates, POST /devices/query twice; if CAs leave, POST /devices/query on each hub, and POST /registrations/{group}/query; GET of the provisioning service, POST /enrollmentGroups/query; takes the lists out of the inputs |
 * | create, update | none |
 * | read | GET of the hub's certificates, POST /devices/query; for the provisioning services linked to it: POST /enrollments/query, POST /registrations/{group}/query |
 */
import type {
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    ReadResult,
    ResourceProvider,
} from "@pulumi/pulumi/dynamic";
import { azure, configureAzure } from "../azure/clients";
import { AzureError } from "../azure/client";
import { linkedServices } from "../enrollments/registrations";
import { exists, ServiceAddress, serviceAtOnce } from "../enrollments/services";
import { nameList } from "../dynamic/nameList";
import { stateNote } from "../dynamic/stateNote";
import { noteDevice, noteProgram } from "../dynamic/stackSettings";
import { idSet } from "../dynamic/values";
import { CaCertificates } from "../caCertificates/caCertificates";
import { hubRegistry } from "./hubRegistry";
import { ownerOf, Registry } from "./registry";
import { LeavingCa } from "./rolloverEvidence";
import { refuseToRemove } from "./rolloverGate";
import { hubSeen } from "../iothub/hubSeen";
import { contentPart } from "../caCertificates/verifiedCertificateProvider";

const hubSeenMilliseconds = 5000;

/**
 * Pages of 1,000 devices without the stack's tag: half of what the smallest hub answers in a minute. Devices created by a
 * provisioning service have no tag, so a large fleet has many of them.
 */
const mostPages = 10;

/** So many devices are looked at at once. */
const looksAtOnce = 16;
/** So many that are lost are enough to name. */
const mostLost = 100;

interface RawInputs {
    readonly hubId?: string;
    readonly certificates: readonly string[];
    readonly devices: readonly string[];
    readonly former: readonly string[];
    readonly areAllFormer: boolean;
    readonly service?: ServiceAddress;
    readonly enrollmentGroups: readonly string[];
    readonly owner: string;
    readonly isStrict: boolean;
    readonly leaving: readonly LeavingCa[];
    readonly accepted: number | readonly string[];
}

/** As the state keeps them; it has hub, devices and certificates elsewhere. */
interface Inputs {
    readonly owner: string;
}

export const provider: ResourceProvider<Inputs, Inputs> = {
    configure: async (request: ConfigureRequest) => configureAzure(request),
    check,
    ...stateNote<Inputs>("audit", "owner"),
    read,
};

async function check(_: Inputs, given: Inputs): Promise<CheckResult<Inputs>> {
    const raw = given as unknown as RawInputs;
    const { hubId, devices, isStrict, leaving, accepted, owner } = raw;
    noteProgram();
    devices.forEach(noteDevice);
    const inputs = { owner };
    if (hubId === undefined) {
        return { inputs };
    }
    const refusal =
        leaving.length === 0 ? undefined : await refuseToRemove(hubId, leaving, accepted);
    const looking = look(hubId, raw).catch((error: Error): Found => ({
        foreign: error instanceof AzureError && error.status === 404 ? [] : [unreadable(error)],
        lost: [],
    }));
    const [onHub, groups] = await Promise.all([looking, foreignGroups(raw)]);
    const foreign = [...onHub.foreign, ...groups];
    const reasons = [
        ...(refusal === undefined ? [] : [refusal]),
        ...onHub.lost,
        ...(isStrict ? foreign : []),
    ];
    const failures: CheckFailure[] = reasons.map((reason) => ({ property: "", reason }));
    if (!isStrict) {
        foreign.forEach((line) => console.log(`warning: ${line}`));
    }
    return { inputs, failures };
}

/**
 * A refresh knows neither the configuration nor the whole state. It warns of what cannot belong to the stack: CAs without
 * a name of the form that the program gives them, and untagged devices that did not register and have no enrollment.
 */
async function read(id?: string, state?: Inputs): Promise<ReadResult<Inputs>> {
    const hubId = await hubSeen(hubSeenMilliseconds);
    if (hubId !== undefined && state !== undefined) {
        const found = await strange(hubId, state.owner).catch((error: Error) => [
            unreadable(error),
        ]);
        found.forEach((line) => console.log(`warning: ${line}`));
    }
    return { id, props: state };
}

async function strange(hubId: string, owner: string): Promise<string[]> {
    const { atOnce, hostName } = await hubRegistry(hubId);
    const authorities = await authoritiesOn(hubId);
    const { devices: others, areAll } = await atOnce.notOwnedBy(owner, mostPages);
    const registered = new Set<string>();
    for (const service of others.length === 0 ? [] : await linkedServices(hubId, hostName)) {
        const known = [await service.registeredByGroup(), await service.individuals()];
        known.flatMap((all) => [...all.keys()]).forEach((one) => registered.add(one.toLowerCase()));
    }
    return lines(
        hostName,
        authorities.filter(({ name, thumbprint }) => !name.endsWith(contentPart(thumbprint))),
        others.filter((one) => !registered.has(one.toLowerCase())),
        areAll,
    );
}

function unreadable({ message }: Error): string {
    return `the other devices and CAs on the hub cannot be read: ${message}`;
}

type NamedCa = Awaited<ReturnType<CaCertificates["list"]>>[number];

/** Lines of a message, one per kind. */
interface Found {
    /** What others have on the hub. */
    readonly foreign: readonly string[];
    /** The stack's own devices that are in, and that no run would ever put out. */
    readonly lost: readonly string[];
}

async function look(
    hubId: string,
    { owner, certificates, devices, former, areAllFormer, isStrict }: RawInputs,
): Promise<Found> {
    const declared = new Set(certificates);
    const known = idSet([...devices, ...former]);
    const isUnknown = (id: string): boolean => !known.has(id.toLowerCase());
    const pages = isStrict ? Infinity : mostPages;
    const authorities = await authoritiesOn(hubId);
    const { atOnce, hostName } = await hubRegistry(hubId);
    const others = await atOnce.notOwnedBy(owner, pages);
    const own = areAllFormer ? await atOnce.enabledOf(owner, pages) : { devices: [], areAll: true };
    const lost = await stillIn(atOnce, owner, own.devices.filter(isUnknown));
    return {
        foreign: [
            ...lines(
                hostName,
                authorities.filter(({ name }) => !declared.has(name)),
                others.devices.filter(isUnknown),
                others.areAll,
            ),
            ...(own.areAll ? [] : [onlyFirst(hostName, "with")]),
        ],
        lost: lost.length === 0 ? [] : [lostLine(hostName, lost)],
    };
}

/** Whoever has the CA of an enrollment group can register as any device that has no enrollment of its own. */
async function foreignGroups({ service, enrollmentGroups }: RawInputs): Promise<string[]> {
    try {
        if (service === undefined || !(await exists(service.serviceId))) {
            return [];
        }
        const found = await serviceAtOnce(service).groups();
        const foreign = found.filter((id) => !enrollmentGroups.includes(id));
        return foreign.length === 0
            ? []
            : [
                  `enrollment groups of ${service.hostName} that this stack did not declare: ${nameList(foreign)}; whoever has the ` +
                      "key of such a group's CA can register devices: delete those that nobody needs (az iot dps enrollment-group " +
                      "delete --auth-type login)",
              ];
    } catch (error) {
        return [`the enrollment groups cannot be read: ${(error as Error).message}`];
    }
}

/** The first devices that are as a query said: its index may still have what was just deleted. */
async function stillIn(
    registry: Registry,
    owner: string,
    found: readonly string[],
): Promise<string[]> {
    const there: string[] = [];
    for (let at = 0; at < found.length && there.length < mostLost; at += looksAtOnce) {
        const records = await Promise.all(
            found.slice(at, at + looksAtOnce).map((id) => registry.get(id)),
        );
        const own = records.filter((one) => one?.status === "enabled" && ownerOf(one) === owner);
        there.push(...own.flatMap((one) => one?.deviceId ?? []));
    }
    return there;
}

function authoritiesOn(hubId: string): ReturnType<CaCertificates["list"]> {
    const { arm, cloud } = azure();
    return new CaCertificates(arm, { arm: cloud.arm, id: hubId }).list();
}

function lines(
    hostName: string,
    foreign: readonly Pick<NamedCa, "name" | "isVerified">[],
    others: readonly string[],
    areAll: boolean,
): string[] {
    return [
        ...(foreign.length === 0
            ? []
            : [
                  `CA certificates on ${hostName} that this stack did not declare: ${nameList(
                      foreign.map(
                          ({ name, isVerified }) => `${name}${isVerified ? " (verified)" : ""}`,
                      ),
                  )}; whoever has the key of a verified CA can connect as any device that authenticates by CA`,
              ]),
        ...(others.length === 0
            ? []
            : [
                  `devices on ${hostName} that this stack did not declare: ${nameList(others)}; ` +
                      `delete unused ones (az iot hub device-identity delete --auth-type login), or adopt them (adopt: true)`,
              ]),
        ...(areAll ? [] : [onlyFirst(hostName, "without")]),
    ];
}

function lostLine(hostName: string, lost: readonly string[]): string {
    return (
        `enabled devices on ${hostName} with this stack's tag that neither its configuration nor its state has: ${nameList(lost)}; ` +
        "delete them (az iot hub device-identity delete --auth-type login), or put them into the configuration again, so that the stack " +
        "takes them back"
    );
}

function onlyFirst(hostName: string, which: "with" | "without"): string {
    return (
        `devices on ${hostName} ${which} this stack's tag: only the first ${mostPages * 1000} were looked at; ` +
        "a run with hub.strict: true looks at all"
    );
}
