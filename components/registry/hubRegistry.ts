import { PromiseCache } from "../async/promiseCache";
import { azure } from "../azure/clients";
import { DataPlaneAccess } from "../azure/dataPlaneAccess";
import { lastingRefusal, roleSince } from "../azure/lastingRefusal";
import { readStanding } from "../azure/standing";
import { setting } from "../dynamic/stackSettings";
import { HubSize } from "../azure/serviceLimits";
import { LocalRateLimiters } from "../rateLimit/localRateLimiters";
import { rateLimitServerVariable } from "../dynamic/runVariables";
import { DeviceRecord, Registry } from "./registry";
import { RegistryQueue } from "./registryQueue";
import { sharedRateLimiters } from "../rateLimit/sharedRateLimiters";

const armVersion = "2023-06-30";
const largestHub: HubSize = { sku: "S3", units: 10 };

/** One hub's registry as this process uses it. */
export interface HubRegistry {
    readonly hostName: string;
    readonly registry: Registry;
    /** As {@link registry}, but does not wait for a role: for information that a preview shows if it can. */
    readonly atOnce: Registry;
    /** IDs of the devices without an owner tag; read once per run, without waiting. */
    readonly unowned: () => Promise<ReadonlySet<string>>;
    /** The devices that the hub recognises by a thumbprint, by ID; read once per run, without waiting, and may be stale. */
    readonly selfSigned: () => Promise<ReadonlyMap<string, DeviceRecord>>;
    /** Collects writes into bulk requests. */
    readonly queue: RegistryQueue;
    /** How many devices this process will write, and how many of them need no change; for the progress line. */
    readonly expect: (total: number, unchanged: number) => void;
}

const registries = new PromiseCache<HubRegistry>();

/**
 * One queue per hub and process, so that all its devices share bulk requests and the hub's rate.
 *
 * @param hubId ARM resource ID
 * @throws AzureError when ARM does not know the hub (404)
 */
export function hubRegistry(hubId: string): Promise<HubRegistry> {
    return registries.get(hubId, async () => {
        const { hostName, size } = await readHub(hubId);
        return open(hostName, size, hubId);
    });
}

/**
 * As {@link hubRegistry}, for a hub of which only the host name is known, such as one that a provisioning service chose.
 * Its rate is unknown, too, and shows only in its refusals.
 */
export function hubRegistryAt(hostName: string): Promise<HubRegistry> {
    return registries.get(hostName, async () => open(hostName, largestHub, linkedHubId(hostName)));
}

/** ARM resource ID of a hub that `dps.linkedHubs` names; for any other hub, words that name it. */
function linkedHubId(hostName: string): string {
    const [name] = hostName.toLowerCase().split(".");
    const found = linkedHubIds().find((id) => id.toLowerCase().endsWith(`/${name}`));
    return found ?? `the hub ${hostName}`;
}

function linkedHubIds(): string[] {
    const dps = JSON.parse(setting("dps") ?? "{}") as { linkedHubs?: readonly { id: string }[] };
    return (dps.linkedHubs ?? []).map(({ id }) => id);
}

/**
 * Host names of the hubs that `dps.linkedHubs` names.
 *
 * @param own host name of the stack's hub: all are in the same cloud
 */
export function linkedHostNames(own: string): string[] {
    return linkedHubIds().map((id) => own.replace(/^[^.]+/, id.slice(id.lastIndexOf("/") + 1)));
}

async function readHub(hubId: string): Promise<{ hostName: string; size: HubSize }> {
    const { arm, cloud } = azure();
    const url = `${cloud.arm}${hubId}?api-version=${armVersion}`;
    const answer = await readStanding(hubId, () => arm.send({ method: "GET", url, expect: [200] }));
    const { properties, sku } = answer.body as {
        properties: { hostName: string };
        sku: { name: string; capacity: number };
    };
    return { hostName: properties.hostName, size: { sku: sku.name, units: sku.capacity } };
}

function open(hostName: string, size: HubSize, resource: string): HubRegistry {
    const { iot, roleWaitSeconds } = azure();
    const role = {
        hostName,
        resourceId: resource,
        role: "IoT Hub Data Contributor",
        lasting: lastingRefusal,
        since: roleSince,
    };
    const access = new DataPlaneAccess({ ...role, waitSeconds: roleWaitSeconds });
    const address = process.env[rateLimitServerVariable];
    const own = new LocalRateLimiters(size);
    const limiters = address === undefined ? own : sharedRateLimiters(address, hostName, size);
    const registry = new Registry(iot, hostName, access, limiters.queries);
    let unowned: Promise<ReadonlySet<string>> | undefined;
    let selfSigned: Promise<ReadonlyMap<string, DeviceRecord>> | undefined;
    const noWait = new DataPlaneAccess({ ...role, waitSeconds: 0 });
    const atOnce = new Registry(iot, hostName, noWait, limiters.queries);
    const readUnowned = async () =>
        new Set(await limiters.once("devices without an owner", () => atOnce.unowned()));
    const readSelfSigned = async () => {
        const devices = await limiters.once("devices with thumbprints", () => atOnce.selfSigned());
        return new Map(devices.map((device) => [device.deviceId, device]));
    };
    return {
        hostName,
        registry,
        atOnce,
        unowned: () => (unowned ??= readUnowned()),
        selfSigned: () => (selfSigned ??= readSelfSigned()),
        expect: (total, unchanged) => own.progress.expect(total, unchanged),
        queue: new RegistryQueue(registry, limiters),
    };
}
