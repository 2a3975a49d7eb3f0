import * as pulumi from "@pulumi/pulumi";
import { Deployer } from "../components/azure/dataPlaneRole";
import {
    EnrollmentArgs,
    EnrollmentGroup,
    IndividualEnrollment,
} from "../components/dps/enrollment";
import { DeviceRegistration } from "../components/dps/registration";
import { FormerGroup, isOpen } from "../components/dps/formerGroups";
import { LinkedHubs } from "../components/dps/linkedHubs";
import { ProvisioningService } from "../components/dps/provisioningService";
import { Hub } from "../components/iothub/hub";
import { PresentHub } from "../components/iothub/presentHub";
import { DeviceCertificate } from "../components/pki/deviceCertificate";
import { hubAddress } from "../components/iothub/linkedHub";
import { VerifiedCertificate } from "../components/caCertificates/verifiedCertificate";
import { Authorities } from "./authorities";
import { kindOf } from "./deviceKinds/deviceKinds";
import { isListed, registersAtDps } from "./deviceProvisioning";
import { deviceTypes, PreviousState } from "./previousState";
import {
    DeviceSettings,
    DpsSettings,
    EnrollmentSettings,
    GroupSettings,
    Settings,
} from "./settings";
import { serviceLinks, serviceType } from "./serviceLinks";
import { SignedIn } from "./signIn";
import { createTrust } from "./trust";

/** The provisioning service of an environment, with what its groups need. */
export interface Provisioning {
    readonly service: ProvisioningService;
    /** CA certificates on it, by name. */
    readonly trusted: ReadonlyMap<string, VerifiedCertificate>;
    /** By group. */
    readonly enrollmentGroups: ReadonlyMap<string, EnrollmentGroup>;
}

/** A provisioning service as enrollments need it. */
export interface EnrollmentService {
    /** ARM resource ID. */
    readonly serviceId: pulumi.Output<string>;
    /** Host name of its service API. */
    readonly hostName: pulumi.Output<string>;
    /** What must exist before its data plane can be used. */
    readonly ready: pulumi.Resource[];
    /** By group, if they are in the same stack. */
    readonly enrollmentGroups?: ReadonlyMap<string, pulumi.Resource>;
}

/** What the provisioning service is linked to. */
export interface ProvisioningArgs {
    readonly resourceGroupName: pulumi.Input<string>;
    readonly hub: Hub;
    /** The hub before the run. */
    readonly presentHub: PresentHub | undefined;
    readonly authorities: Authorities;
    /** Gets the data-plane role; undefined: it is granted elsewhere. */
    readonly deployer: Deployer | undefined;
    readonly signedIn: SignedIn;
    /** Whose devices they are: `project/stack`. */
    readonly owner: string;
    /** State before the run. */
    readonly previous: PreviousState;
}

/** Declares the provisioning service, its CAs with their proofs, and an enrollment group for each group that uses it. */
export async function createProvisioning(
    settings: Settings,
    dps: DpsSettings,
    args: ProvisioningArgs,
): Promise<Provisioning> {
    const { name: serviceName, prefix, units, allocationPolicy } = dps;
    const links = await serviceLinks(settings, dps, args);
    const service = new ProvisioningService(
        "dps",
        {
            resourceGroupName: args.resourceGroupName,
            location: settings.location,
            serviceName,
            prefix,
            units,
            allocationPolicy,
            ...links,
            deployer: args.deployer,
            isNew: ["azure-native:iothub:IotHubResource", serviceType].some(
                (type) => args.previous.all(type).size === 0,
            ),
        },
        { protect: settings.protect, dependsOn: args.hub.ready },
    );
    const trusted = createTrust(
        settings,
        { id: service.serviceId, ready: service.ready, suffix: "-dps" },
        args.authorities,
        ({ group }) => registersAtDps(group),
    );
    const enrollmentGroups = new Map<string, EnrollmentGroup>();
    for (const group of settings.groups) {
        const attestation = groupAttestation(settings, group, args.authorities, trusted);
        if (registersAtDps(group) && attestation !== undefined) {
            enrollmentGroups.set(
                group.name,
                new EnrollmentGroup(
                    group.name,
                    {
                        enrollmentGroupId: group.name,
                        ...attestation,
                        owner: args.owner,
                        members: membersOf(settings, group),
                        ...(isFreed(group, args.previous)
                            ? { others: othersThan(settings, group) }
                            : {}),
                        ...enrollmentArgs(service, group),
                    },
                    { dependsOn: service.ready },
                ),
            );
        }
    }
    declareLinks(dps, args, service, [...enrollmentGroups.values()]);
    return { service, trusted, enrollmentGroups };
}

function membersOf({ devices }: Settings, { name }: GroupSettings): string[] {
    return devices.filter(({ group }) => group === name).map(({ id }) => id);
}

function othersThan({ devices }: Settings, { name }: GroupSettings): string[] {
    return devices.filter(({ group }) => group !== name).map(({ id }) => id);
}

function isFreed({ name, blocked }: GroupSettings, previous: PreviousState): boolean {
    const before = previous.find(deviceTypes.enrollmentGroup, name);
    return !blocked && before?.["provisioningStatus"] === "disabled";
}

/** Enrolls one device by its own certificate, under the policy of its group. */
export function createIndividualEnrollment(
    service: EnrollmentService,
    group: GroupSettings,
    device: DeviceSettings,
    certificate: pulumi.Output<string>,
): IndividualEnrollment {
    const args = enrollmentArgs(service, group);
    return new IndividualEnrollment(
        device.id,
        {
            ...args,
            registrationId: device.id,
            clientCertificates: [certificate],
            provisioningStatus: device.status === "disabled" ? "disabled" : args.provisioningStatus,
        },
        { dependsOn: service.ready },
    );
}

/** What either kind of registration knows about its device. */
interface RegistrationArgs {
    readonly hubHostName: pulumi.Output<string>;
    readonly owner: string;
    /** PEM of the device's certificate. */
    readonly certificate: pulumi.Input<string>;
    /** Groups that the device left. */
    readonly left: readonly FormerGroup[];
}

/** Keeps the CAs of other groups, including those that the device left, from registering the ID of a listed device. */
export function createReservation(
    service: EnrollmentService,
    group: string,
    device: DeviceSettings,
    args: RegistrationArgs,
): DeviceRegistration {
    return new DeviceRegistration(
        device.id,
        {
            ...registrationArgs(service, group, device, args),
            status: "disabled",
            isEnrolled: false,
            isListed: true,
            isReserved: true,
            isBlocked: false,
        },
        { dependsOn: service.ready },
    );
}

/** Represents what a device whose group registers creates at the provisioning service. */
export function createRegistration(
    service: EnrollmentService,
    group: GroupSettings,
    device: DeviceSettings,
    {
        enrollment,
        former,
        ...args
    }: RegistrationArgs & {
        readonly enrollment: IndividualEnrollment | undefined;
        readonly former: DeviceCertificate["former"];
    },
): DeviceRegistration {
    const isEnrolled = enrollment !== undefined;
    // The group's enrollment does not control certificates that the device got from another group.
    const isBlockedAlone = group.blocked && (isEnrolled || isOpen(args.left));
    const isOff = device.status === "disabled" || isBlockedAlone;
    // Registering is disabled first, then registered devices are cut off; a group re-enables what was blocked with it.
    const decides = enrollment ?? service.enrollmentGroups?.get(group.name);
    return new DeviceRegistration(
        device.id,
        {
            ...registrationArgs(service, group.name, device, args),
            status: isOff ? "disabled" : "enabled",
            isEnrolled,
            isListed: isListed(group),
            isBlocked: group.blocked,
            former,
            generations: trustedGenerations(group),
            key: kindOf(device.authentication).certificate?.keyName(device.authentication, group),
        },
        { dependsOn: decides === undefined ? service.ready : [...service.ready, decides] },
    );
}

function registrationArgs(
    { serviceId, hostName }: EnrollmentService,
    group: string,
    { id }: DeviceSettings,
    { hubHostName, owner, certificate, left }: RegistrationArgs,
) {
    return {
        serviceId,
        hostName,
        hubHostName,
        registrationId: id,
        group,
        owner,
        certificate,
        ...(left.length > 0 ? { formerGroups: left } : {}),
    };
}

function trustedGenerations({ intermediate }: GroupSettings): number[] {
    return [intermediate.generation, ...intermediate.retain];
}

function enrollmentArgs(service: EnrollmentService, group: GroupSettings): EnrollmentArgs {
    const { iotEdge, allocationPolicy, initialTwin, reprovision } = group.enrollment;
    const isTwinGiven =
        Object.keys(initialTwin.tags).length + Object.keys(initialTwin.desired).length > 0;
    return {
        serviceId: service.serviceId,
        hostName: service.hostName,
        provisioningStatus: group.blocked ? "disabled" : "enabled",
        generations: trustedGenerations(group),
        iotEdge,
        ...reprovisioning(reprovision),
        ...(allocationPolicy === undefined ? {} : { allocationPolicy }),
        ...(isTwinGiven ? { initialTwin } : {}),
    };
}

/** Azure docs: concepts-device-reprovision. */
function reprovisioning(policy: EnrollmentSettings["reprovision"]) {
    return {
        updateHubAssignment: policy !== "keep",
        migrateDeviceData: policy === "migrate",
    };
}

/**
 * The group's current intermediate and, during a rollover, the newest retained one. Under a trusted root the enrollment
 * contains the certificates themselves, because all groups share the root; the root itself must be proven on the service
 * (Azure docs: concepts-x509-attestation).
 */
function groupAttestation(
    settings: Settings,
    group: GroupSettings,
    authorities: Authorities,
    trusted: ReadonlyMap<string, VerifiedCertificate>,
) {
    const own = authorities.intermediates
        .filter((intermediate) => intermediate.group === group)
        .sort((one, other) => other.generation - one.generation)
        .slice(0, 2);
    if (own.length === 0) {
        return undefined;
    }
    if (settings.pki.trust === "root") {
        return { signingCertificates: own.map(({ certificate }) => certificate) };
    }
    const names = own.flatMap(({ name }) => trusted.get(name)?.certificateName ?? []);
    return { caReferences: names };
}

/** Declared after the service and its groups: no device is assigned to a removed hub any more; those that were can be queried. */
function declareLinks(
    { linkedHubs: others }: DpsSettings,
    { hub, owner }: ProvisioningArgs,
    { serviceId, hostName, ready }: ProvisioningService,
    groups: readonly EnrollmentGroup[],
): void {
    if (others.length > 0) {
        const hubs = others.map(({ id }) => ({ id, hostName: hostNameOf(hub, id) }));
        const dependsOn = [...ready, ...groups];
        new LinkedHubs("linked-hubs", { serviceId, hostName, hubs, owner }, { dependsOn });
    }
}

/** Host name of a hub in the same cloud. */
function hostNameOf(own: Hub, hubId: string): pulumi.Output<string> {
    const { hubName } = hubAddress(hubId);
    return own.hostName.apply((host) => host.replace(/^[^.]+/, hubName));
}
