import { PromiseCache } from "../async/promiseCache";
import { azure } from "../azure/clients";
import { AzureError } from "../azure/client";
import { DataPlaneAccess } from "../azure/dataPlaneAccess";
import { lastingRefusal, roleSince } from "../azure/lastingRefusal";
import { readStanding } from "../azure/standing";
import { Enrollments } from "./enrollments";

const armVersion = "2022-12-12";

/** A provisioning service, as the resources on it refer to it. */
export interface ServiceAddress {
    /** ARM resource ID. */
    readonly serviceId: string;
    /** Host name of its service API: `<name>.azure-devices-provisioning.net`. */
    readonly hostName: string;
}

const existing = new PromiseCache<boolean>();

/**
 * Whether the service itself exists: without it none of its enrollments does, and its host name may not resolve. That it
 * is missing is not cached, because the run may create it.
 */
export async function exists(serviceId: string): Promise<boolean> {
    const isThere = await existing.get(serviceId, () => askForService(serviceId));
    if (!isThere) {
        existing.forget(serviceId);
    }
    return isThere;
}

async function askForService(serviceId: string): Promise<boolean> {
    const { arm, cloud } = azure();
    const url = `${cloud.arm}${serviceId}?api-version=${armVersion}`;
    try {
        await readStanding(serviceId, () => arm.send({ method: "GET", url, expect: [200] }));
        return true;
    } catch (error) {
        if (error instanceof AzureError && error.status === 404) {
            return false;
        }
        throw error;
    }
}

const services = new Map<string, Enrollments>();

/** One client per service and process. */
export function service(address: ServiceAddress): Enrollments {
    const known = services.get(address.hostName) ?? open(address, azure().roleWaitSeconds);
    services.set(address.hostName, known);
    return known;
}

/** As {@link service}, but does not wait for a role: for information that a preview shows if it can. */
export function serviceAtOnce(address: ServiceAddress): Enrollments {
    return open(address, 0);
}

function open({ hostName, serviceId }: ServiceAddress, waitSeconds: number): Enrollments {
    const access = new DataPlaneAccess({
        hostName,
        resourceId: serviceId,
        role: "Device Provisioning Service Data Contributor",
        lasting: lastingRefusal,
        since: roleSince,
        waitSeconds,
    });
    return new Enrollments(azure().dps, hostName, access);
}

/** A value that a run asks each service for once. */
export class PerService<T> {
    private readonly known = new PromiseCache<T>();

    constructor(private readonly ask: (enrollments: Enrollments) => Promise<T>) {}

    of(address: ServiceAddress): Promise<T> {
        return this.known.get(address.hostName, () => this.ask(service(address)));
    }
}
