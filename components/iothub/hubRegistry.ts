import { azure } from "../azure/access";
import { DataPlaneAccess } from "../azure/dataPlaneAccess";
import { FleetReader } from "./fleetReader";
import { hubLimits, HubSize } from "./hubLimits";
import { Progress } from "./progress";
import { Registry } from "./registry";
import { RegistryQueue } from "./registryQueue";
import { TokenBucket } from "./tokenBucket";

const armVersion = "2023-06-30";
const largestHub: HubSize = { sku: "S3", units: 10 };

/** One hub's registry as this process uses it. */
export interface HubRegistry {
    readonly hostName: string;
    readonly registry: Registry;
    /** Gathers writes into bulk requests. */
    readonly queue: RegistryQueue;
    readonly progress: Progress;
    /** Gathers reads into queries. */
    readonly reader: (owner: string) => FleetReader;
}

const registries = new Map<string, Promise<HubRegistry>>();

/**
 * One queue a hub and process, so that all its devices share bulk requests, and the hub's rate.
 *
 * @param hubId ARM resource ID
 * @throws AzureError when ARM does not know the hub (404)
 */
export function hubRegistry(hubId: string): Promise<HubRegistry> {
    return remembered(hubId, async () => {
        const { hostName, size } = await readHub(hubId);
        return open(hostName, size, hubId);
    });
}

/**
 * The same for a hub of which only the host name is known, such as one that a provisioning service chose. Its rate is
 * not known either, so it is found by its refusals.
 */
export function hubRegistryAt(hostName: string): Promise<HubRegistry> {
    return remembered(hostName, async () => open(hostName, largestHub, `the hub ${hostName}`));
}

function remembered(key: string, make: () => Promise<HubRegistry>): Promise<HubRegistry> {
    let opened = registries.get(key);
    if (opened === undefined) {
        opened = make();
        registries.set(key, opened);
        opened.catch(() => registries.delete(key));
    }
    return opened;
}

async function readHub(hubId: string): Promise<{ hostName: string; size: HubSize }> {
    const { arm, cloud } = azure();
    const answer = await arm.send({
        method: "GET",
        url: `${cloud.arm}${hubId}?api-version=${armVersion}`,
        expect: [200],
    });
    const { properties, sku } = answer.body as {
        properties: { hostName: string };
        sku: { name: string; capacity: number };
    };
    return { hostName: properties.hostName, size: { sku: sku.name, units: sku.capacity } };
}

function open(hostName: string, size: HubSize, resource: string): HubRegistry {
    const { iot, roleWaitSeconds } = azure();
    const access = new DataPlaneAccess({
        hostName,
        resourceId: resource,
        role: "IoT Hub Data Contributor",
        waitSeconds: roleWaitSeconds,
    });
    const registry = new Registry(iot, hostName, access);
    const bucket = new TokenBucket(hubLimits(size).registryPerMinute * registryShare());
    const progress = new Progress(size, bucket.perMinute);
    const readers = new Map<string, FleetReader>();
    return {
        hostName,
        registry,
        progress,
        queue: new RegistryQueue(registry, bucket, (operations) => progress.wrote(operations)),
        reader: (owner) => {
            const reader = readers.get(owner) ?? new FleetReader(registry, hostName, owner);
            readers.set(owner, reader);
            return reader;
        },
    };
}

/** @param hubId ARM resource ID */
export function hubName(hubId: string): string {
    return hubId.slice(hubId.lastIndexOf("/") + 1);
}

/** How much of the hub's rate this process may use, when several deploy to one hub: above 0, at most 1. */
function registryShare(): number {
    const given = process.env.IOT_X509_REGISTRY_SHARE ?? "1";
    const share = Number(given);
    if (!(share > 0 && share <= 1)) {
        throw new Error(
            `IOT_X509_REGISTRY_SHARE is "${given}"; it is a number above 0 and at most 1: ` +
                `unset it, or divide 1 by the deployments that share the hub`,
        );
    }
    return share;
}
