import { AzureClient } from "../../components/azure/client";
import { DataPlaneAccess } from "../../components/azure/dataPlaneAccess";
import { AzureLogin } from "../../components/azure/login";
import { HubSize } from "../../components/azure/serviceLimits";
import { Enrollments, GroupRegistration } from "../../components/enrollments/enrollments";
import { LocalRateLimiters } from "../../components/rateLimit/localRateLimiters";
import { Registry, SeenDevice } from "../../components/registry/registry";
import { ArmReader } from "../check/armReader";
import { HeldHub, HeldService } from "./heldCertificates";

const hubVersion = "2023-06-30";
const serviceVersion = "2022-12-12";

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

interface RawCertificate {
    readonly name: string;
    readonly properties: {
        readonly subject: string;
        readonly thumbprint: string;
        /** As in an HTTP header. */
        readonly expiry: string;
        readonly isVerified: boolean;
    };
}

/** Reads hubs and a provisioning service without changing them. */
export class AzureReader {
    private readonly arm: ArmReader;

    constructor(
        private readonly login: AzureLogin,
        private readonly say: (line: string) => void,
    ) {
        const { credential, cloud, subscription } = login;
        const client = new AzureClient(credential, cloud.armScope);
        this.arm = new ArmReader(client, cloud.arm, subscription?.value ?? "");
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
                    : await this.authorities(
                          "service",
                          { id: service.id, hostName: service.hostName },
                          serviceVersion,
                      )),
            ],
            devices: seen.flatMap(({ devices }) => devices),
            registered: registered ?? new Map<string, GroupRegistration>(),
        };
    }

    private async hub(id: string): Promise<Pick<AzureView, "trusted" | "devices">> {
        const { properties, sku } = await this.arm.get<RawHub>(id, hubVersion);
        const { hostName } = properties;
        const { credential, cloud } = this.login;
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
            trusted: await this.authorities("hub", { id, hostName }, hubVersion),
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
        { id, hostName }: HeldHub,
        version: string,
    ): Promise<TrustedCa[]> {
        const { value } = await this.arm.get<{ value: readonly RawCertificate[] }>(
            `${id}/certificates`,
            version,
        );
        return value.map(({ name, properties: { subject, thumbprint, expiry, isVerified } }) => ({
            hostName,
            kind,
            name,
            subject,
            thumbprint: thumbprint.toUpperCase(),
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
