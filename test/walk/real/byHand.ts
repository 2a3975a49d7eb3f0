import { AzureWire } from "./azure";
import { HubDump, ServiceDump } from "./dump";

const registryVersion = "api-version=2021-04-12";
const hubVersion = "api-version=2023-06-30";
const serviceVersion = "api-version=2021-10-01";

/** Where the stack's own services are, as the walk last saw them. */
export interface Surroundings {
    readonly hub: () => HubDump;
    readonly service: () => ServiceDump | undefined;
}

interface Identity {
    readonly etag: string;
    readonly [name: string]: unknown;
}

/** What somebody does past the program, in the portal or with `az`. */
export class ByHand {
    constructor(
        private readonly azure: AzureWire,
        private readonly around: Surroundings,
    ) {}

    async disableDevice(id: string): Promise<void> {
        const path = `/devices/${id}?${registryVersion}`;
        const { hostName } = this.around.hub();
        const { body } = await this.azure.call("GET", hostName, path, { expect: [200, 404] });
        const device = body as Identity;
        if (device.etag !== undefined) {
            const changed = { ...device, status: "disabled" };
            await this.azure.call("PUT", hostName, path, { body: changed, ifMatch: device.etag });
        }
    }

    async deleteDevice(id: string): Promise<void> {
        const path = `/devices/${id}?${registryVersion}`;
        const options = { ifMatch: "*", expect: [204, 404] };
        await this.azure.call("DELETE", this.around.hub().hostName, path, options);
    }

    /** @returns whether there is such a device */
    async changeTags(id: string, tags: Record<string, unknown>): Promise<boolean> {
        const path = `/twins/${id}?${registryVersion}`;
        const options = { body: { tags }, ifMatch: "*", expect: [200, 404] };
        const { hostName } = this.around.hub();
        return (await this.azure.call("PATCH", hostName, path, options)).status === 200;
    }

    async deleteCa(isFirst: boolean): Promise<void> {
        const { id, certificates } = this.around.hub();
        const own = certificates.filter(({ name }) => name !== foreignCaName);
        const target = isFirst ? own[0] : own[own.length - 1];
        if (target !== undefined) {
            const path = `${id}/certificates/${target.name}?${hubVersion}`;
            await this.azure.call("DELETE", arm, path, { ifMatch: target.etag });
        }
    }

    async deleteEnrollmentGroup(name: string): Promise<void> {
        const host = this.around.service()?.serviceHostName;
        if (host !== undefined) {
            const path = `/enrollmentGroups/${name}?${serviceVersion}`;
            await this.azure.call("DELETE", host, path, { expect: [204, 404] });
        }
    }

    async disableEnrollmentGroup(name: string): Promise<void> {
        const host = this.around.service()?.serviceHostName;
        const path = `/enrollmentGroups/${name}?${serviceVersion}`;
        if (host === undefined) {
            return;
        }
        const { status, body } = await this.azure.call("GET", host, path, { expect: [200, 404] });
        if (status === 200) {
            const { etag, ...group } = body as Identity;
            const changed = { ...group, provisioningStatus: "disabled" };
            await this.azure.call("PUT", host, path, { body: changed, ifMatch: etag });
        }
    }

    /** A device and a CA on the stack's hub that are not the stack's; both must stay untouched. */
    async addForeign(certificatePem: string): Promise<void> {
        const { hostName, id } = this.around.hub();
        const authentication = { type: "certificateAuthority" };
        const device = { deviceId: foreignDevice, status: "enabled", authentication };
        const path = `/devices/${foreignDevice}?${registryVersion}`;
        await this.azure.call("PUT", hostName, path, { body: device });
        const certificate = Buffer.from(certificatePem).toString("base64");
        await this.azure.call("PUT", arm, `${id}/certificates/${foreignCaName}?${hubVersion}`, {
            body: { properties: { certificate } },
        });
    }

    /** A hub of somebody else's in a resource group of its own, which a provisioning service may be linked to. */
    async makeForeignHub(): Promise<string> {
        const group = `${this.azure.subscription}/resourceGroups/${foreignGroup}`;
        await this.azure.call("PUT", arm, `${group}?api-version=2021-04-01`, {
            body: { location: "westeurope" },
        });
        const id = `${group}/providers/Microsoft.Devices/IotHubs/${foreignHubName}`;
        const policy = { keyName: "iot-x509-dps", rights: "RegistryWrite, ServiceConnect" };
        await this.azure.call("PUT", arm, `${id}?${hubVersion}`, {
            body: {
                location: "westeurope",
                sku: { name: "S1", capacity: 1 },
                properties: { authorizationPolicies: [policy] },
            },
        });
        return id;
    }
}

const arm = "management.azure.com";
export const foreignDevice = "foreign-device";
export const foreignCaName = "foreign-ca";
export const foreignGroup = "rg-foreign";
export const foreignHubName = "walk-foreign-hub";
