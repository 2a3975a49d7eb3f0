import { AzureClient } from "../../components/azure/client";
import { DataPlaneAccess } from "../../components/azure/dataPlaneAccess";
import { azureLogin } from "../../components/azure/login";
import { HubSize } from "../../components/azure/serviceLimits";
import { LocalRateLimiters } from "../../components/rateLimit/localRateLimiters";
import { Registry } from "../../components/registry/registry";
import { FleetDiff, SeenOnHub } from "./fleetDiff";

/** A query names this many devices; if more lose access, all devices of the hub are read. */
const mostListed = 20;
/** Nobody waits longer for what is only information. */
const patienceMilliseconds = 20_000;

/** The hub that can tell when devices were last active. */
export interface AskedHub extends HubSize {
    /** Classic host name. */
    readonly hostName: string;
    /** ARM ID. */
    readonly id: string;
    /** Settings of azure-native, without its namespace. */
    readonly native: ReadonlyMap<string, string>;
}

/**
 * The diff, with today's status and last activity of the devices that lose access. What cannot be read stays unknown, and
 * the reason is told.
 */
export async function withLastActivity(
    diff: FleetDiff,
    hub: AskedHub,
    say: (line: string) => void,
): Promise<FleetDiff> {
    const { lost, kept } = diff.access;
    if (lost.length === 0) {
        return diff;
    }
    try {
        const seen = await inTime(
            lastActivities(
                hub,
                lost.map(({ device }) => device),
            ),
        );
        const told = lost.map((one) => ({ ...one, today: seen.get(one.device) ?? null }));
        return { ...diff, access: { lost: told, kept } };
    } catch (error) {
        say(`last activity is unknown: ${(error as Error).message}`);
        return diff;
    }
}

async function lastActivities(
    { hostName, id, native, ...size }: AskedHub,
    deviceIds: readonly string[],
): Promise<ReadonlyMap<string, SeenOnHub>> {
    const { cloud, credential } = azureLogin((name) => native.get(name));
    const access = new DataPlaneAccess({
        hostName,
        resourceId: id,
        role: "IoT Hub Data Reader",
        waitSeconds: 0,
    });
    const client = new AzureClient(credential, cloud.iotScope);
    const registry = new Registry(client, hostName, access, new LocalRateLimiters(size).queries);
    const isShort = deviceIds.length <= mostListed && deviceIds.every((one) => !one.includes("'"));
    const devices = await registry.seen(() => undefined, isShort ? deviceIds : undefined);
    return new Map(
        devices.map(({ device: { deviceId, status }, lastActivity = null }) => [
            deviceId,
            { status, lastActivity },
        ]),
    );
}

function inTime<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(
            () => reject(new Error(`the hub did not answer in ${patienceMilliseconds / 1000} s`)),
            patienceMilliseconds,
        );
        work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
}
