import { PromiseCache } from "../async/promiseCache";
import { azure } from "../azure/clients";
import { DataPlaneAccess } from "../azure/dataPlaneAccess";
import { classicHostName } from "../iothub/hostName";
import { lastingRefusal, roleSince } from "../azure/lastingRefusal";
import { Enrollments } from "./enrollments";

const armVersion = "2022-12-12";

interface RawService {
    readonly id: string;
    readonly properties: {
        readonly serviceOperationsHostName: string;
        readonly iotHubs?: readonly { readonly name?: string }[];
    };
}

const linked = new PromiseCache<readonly Enrollments[]>();

/**
 * The provisioning services in the hub's resource group that are linked to it. When the last group leaves
 * `provisioning: dps`, the program itself no longer declares a service; in Azure it exists until the end of the run.
 */
export function linkedServices(hubId: string, hostName: string): Promise<readonly Enrollments[]> {
    return linked.get(hubId, () => findLinked(hubId, hostName));
}

async function findLinked(hubId: string, hostName: string): Promise<readonly Enrollments[]> {
    const { arm, cloud, dps } = azure();
    const [group] = hubId.split(/\/providers\//i);
    const services: RawService[] = [];
    let url: string | undefined =
        `${cloud.arm}${group}/providers/Microsoft.Devices/provisioningServices?api-version=${armVersion}`;
    while (url !== undefined) {
        const answer = await arm.send({ method: "GET", url, expect: [200] });
        const page = answer.body as { value: readonly RawService[]; nextLink?: string };
        services.push(...page.value);
        url = page.nextLink;
    }
    return services
        .filter(({ properties }) =>
            properties.iotHubs?.some(({ name = "" }) => classicHostName(name) === hostName),
        )
        .map(({ id, properties }) => {
            const access = new DataPlaneAccess({
                hostName: properties.serviceOperationsHostName,
                resourceId: id,
                role: "Device Provisioning Service Data Contributor",
                lasting: lastingRefusal,
                since: roleSince,
                waitSeconds: 0,
            });
            return new Enrollments(dps, properties.serviceOperationsHostName, access);
        });
}

/** Whether a device got its identity on the hub by registering with one of the services. */
export async function isRegistered(
    services: readonly Enrollments[],
    hostName: string,
    deviceId: string,
): Promise<boolean> {
    for (const service of services) {
        const registration = await service.registration(deviceId);
        if (registration?.deviceId === deviceId && registration.assignedHub === hostName) {
            return true;
        }
    }
    return false;
}
