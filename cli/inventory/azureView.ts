import { AzureClient } from "../../components/azure/client";
import { DataPlaneAccess } from "../../components/azure/dataPlaneAccess";
import { AzureLogin } from "../../components/azure/login";
import { HubSize } from "../../components/azure/serviceLimits";
import { CaCertificates } from "../../components/caCertificates/caCertificates";
import { Enrollments, GroupRegistration } from "../../components/enrollments/enrollments";
import { LocalRateLimiters } from "../../components/rateLimit/localRateLimiters";
import { Registry, SeenDevice } from "../../components/registry/registry";
import { ArmReader } from "../check/armReader";
import { HeldService } from "./heldCertificates";

const hubVersion = "2023-06-30";

/** A CA as reported by a hub or a provisioning service. */
export interface TrustedCa {
    /** Host name of the hub or service. */
    readonly hostName: string;
    readonly kind: "hub" | "service";
    /** Its name there. */
    readonly name: string;
    /** Common name. */
    readonly subject: string;
    /** SHA-1, upper-case hex. */
    readonly thumbprint: string;
    /** ISO 8601. */
    readonly notAfter: string;
    readonly isVerified: boolean;
}

export interface HubDevice extends SeenDevice {
    /** Classic host name. */
    readonly hub: string;
}

/** What Azure reports about one environment. */
export interface AzureView {
    readonly trusted: readonly TrustedCa[];
    readonly devices: readonly HubDevice[];
    /** Devices that registered through an enrollment group, by device ID. */
    readonly registered: ReadonlyMap<string, GroupRegistration>;
}

interface RawHub {
    readonly properties: { readonly hostName: string };
    readonly sku: { readonly name: HubSize["sku"]; readonly capacity: number };
}

/** Reads hubs and a provisioning service without changing them. */
export class AzureReader {
    private readonly client: AzureClient;

    constructor(
        private readonly login: AzureLogin,
        private readonly say: (line: string) => void,
    ) {
        this.client = new AzureClient(login.credential, login.cloud.armScope);
    }

    /**
     * @param hubs ARM IDs: the stack's own hub, then the others that its provisioning service is linked to
     * @throws AzureError that names what is missing: a resource, or a role
     */
    async view(hubs: readonly string[], service: HeldService | undefined): Promise<AzureView> {
        const seen = await Promise.all(hubs.map((id) => this.hub(id)));
        const registered = service && (await this.registrations(service));
        return {
            trusted: [
                ...seen.flatMap(({ trusted }) => trusted),
                ...(service?.id === undefined
                    ? []
                    : await this.authorities("service", service.id, service.hostName)),
            ],
            devices: seen.flatMap(({ devices }) => devices),
            registered: registered ?? new Map<string, GroupRegistration>(),
        };
    }

    private async hub(id: string): Promise<Pick<AzureView, "trusted" | "devices">> {
        const { credential, cloud, subscription } = this.login;
        const arm = new ArmReader(this.client, cloud.arm, subscription?.value ?? "");
        const { properties, sku } = await arm.get<RawHub>(id, hubVersion);
        const { hostName } = properties;
        const { queries } = new LocalRateLimiters({ sku: sku.name, units: sku.capacity });
        const access = new DataPlaneAccess({
            hostName,
            resourceId: id,
            role: "IoT Hub Data Reader",
            waitSeconds: 0,
        });
        const client = new AzureClient(credential, cloud.iotScope);
        const registry = new Registry(client, hostName, access, queries);
        const devices = await registry.seen((count) => this.tell(hostName, count));
        return {
            trusted: await this.authorities("hub", id, hostName),
            devices: devices.map((device) => ({ ...device, hub: hostName })),
        };
    }

    private tell(hostName: string, count: number): void {
        if (count > 1000) {
            this.say(`${count.toLocaleString("en-US")} devices of ${hostName} read ...`);
        }
    }

    private async authorities(
        kind: TrustedCa["kind"],
        id: string,
        hostName: string,
    ): Promise<TrustedCa[]> {
        const found = await new CaCertificates(this.client, {
            arm: this.login.cloud.arm,
            id,
        }).list();
        return found.map(({ name, subject, thumbprint, expiry, isVerified }) => ({
            hostName,
            kind,
            name,
            subject,
            thumbprint,
            notAfter: new Date(expiry).toISOString(),
            isVerified,
        }));
    }

    private async registrations({
        id,
        hostName,
    }: HeldService): Promise<ReadonlyMap<string, GroupRegistration>> {
        const { credential, cloud } = this.login;
        const access = new DataPlaneAccess({
            hostName,
            resourceId: id ?? `the provisioning service ${hostName}`,
            role: "Device Provisioning Service Data Reader",
            waitSeconds: 0,
        });
        const client = new AzureClient(credential, cloud.dpsScope);
        return new Enrollments(client, hostName, access).registeredByGroup();
    }
}
