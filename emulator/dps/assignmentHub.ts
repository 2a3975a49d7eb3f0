import { createHash, randomUUID } from "crypto";
import { EmulatorContext } from "../context";
import { Hub } from "../hub/model";
import { rightsOf } from "../hub/sharedAccess";
import { AssignmentFailure, hubNotFound } from "./assignmentFailure";
import { EnrollmentPolicy, LinkedHub, ProvisioningService } from "./model";

type Context = Pick<EmulatorContext, "hubs" | "access" | "clock">;

interface Candidate {
    readonly link: LinkedHub;
    readonly hub: Hub;
}

/**
 * Chooses the linked hub for a device (Azure docs: iot-dps how-to-use-allocation-policies). The hashed and
 * lowest-latency policies consider the linked hubs that exist, are active, take part in allocation and, if the
 * enrollment names hubs, are among those; a device stays on its hub while that is one of them. Hashed uses weighted
 * rendezvous hashing of the registration ID, so that a device always lands on the same hub and a new hub takes only its
 * share. The emulator does not measure latency: it prefers a hub in the service's own location, then goes by the
 * location's name.
 *
 * @param current the hub that the device is assigned to now
 * @throws AssignmentFailure
 */
export function allocate(
    context: Context,
    service: ProvisioningService,
    policy: EnrollmentPolicy,
    registrationId: string,
    current: Hub | undefined,
): Hub {
    const kind = policy.allocationPolicy ?? service.allocationPolicy.toLowerCase();
    const { link, hub } =
        kind === "static"
            ? staticHub(context, service, policy)
            : sharedHub(context, service, policy, registrationId, current, kind === "hashed");
    checkRight(context, service, link, hub);
    return hub;
}

/** Keeps the device on its hub, which must still be linked. */
export function keepHub(context: Context, service: ProvisioningService, current: Hub): Hub {
    const { link, hub } = candidate(context, service, current.hostName);
    checkRight(context, service, link, hub);
    return hub;
}

function staticHub(
    context: Context,
    service: ProvisioningService,
    policy: EnrollmentPolicy,
): Candidate {
    const wanted = policy.iotHubHostName ?? policy.iotHubs?.[0];
    if (wanted === undefined) {
        throw hubNotFound("the allocation policy is static, but the enrollment names no IoT hub");
    }
    return candidate(context, service, wanted);
}

function candidate(context: Context, service: ProvisioningService, hostName: string): Candidate {
    const link = service.linkedHubs.find((one) => sameHost(one.name, hostName));
    if (link === undefined) {
        throw hubNotFound(`hub ${hostName} is not linked to provisioning service ${service.name}`);
    }
    const hub = activeHub(context, link);
    if (hub === undefined) {
        throw hubNotFound(`linked hub ${hostName} does not exist or is not active`);
    }
    return { link, hub };
}

function sharedHub(
    context: Context,
    service: ProvisioningService,
    policy: EnrollmentPolicy,
    registrationId: string,
    current: Hub | undefined,
    isHashed: boolean,
): Candidate {
    const candidates = service.linkedHubs.flatMap((link): Candidate[] => {
        const isNamed = policy.iotHubs?.some((name) => sameHost(name, link.name)) ?? true;
        const hub = activeHub(context, link);
        return hub !== undefined && isNamed && link.applyAllocationPolicy ? [{ link, hub }] : [];
    });
    if (candidates.length === 0) {
        const named = policy.iotHubs === undefined ? "" : " that the enrollment names";
        throw hubNotFound(
            `provisioning service ${service.name} has no linked hub${named} that exists, is active ` +
                `and has the allocation policy applied`,
        );
    }
    const stays = candidates.find(({ hub }) => hub === current);
    if (stays !== undefined) {
        return stays;
    }
    return isHashed
        ? least(candidates, ({ link }) => distance(registrationId, link))
        : least(candidates, ({ hub }) => (hub.location === service.location ? "" : hub.location));
}

function activeHub(context: Context, link: LinkedHub): Hub | undefined {
    const hub = context.hubs.byHostName(link.name);
    return hub?.state === "Active" ? hub : undefined;
}

function least<T>(items: readonly T[], order: (item: T) => number | string): T {
    return items.reduce((best, one) => (order(one) < order(best) ? one : best));
}

/**
 * Weighted rendezvous hashing: for a uniform u, -ln(u)/weight is smallest with a probability proportional to the
 * weight. A hub of weight 0 gets devices only where all hubs have weight 0.
 */
function distance(registrationId: string, link: LinkedHub): number {
    const text = `${registrationId.toLowerCase()}/${link.name.toLowerCase()}`;
    const hash = createHash("sha256").update(text).digest().readUIntBE(0, 6);
    return -Math.log((hash + 1) / 2 ** 48) / Math.max(Number.EPSILON, link.allocationWeight);
}

/**
 * The service logs in to the hub with a connection string or as its managed identity. The connection string's policy
 * needs RegistryWrite and ServiceConnect, and its hub must allow shared access policies (Azure docs:
 * how-to-manage-linked-iot-hubs).
 */
function checkRight(
    context: Context,
    service: ProvisioningService,
    link: LinkedHub,
    hub: Hub,
): void {
    const problem =
        link.authenticationType === "KeyBased"
            ? keyProblem(link, hub)
            : identityProblem(context, service, link, hub);
    if (problem !== undefined) {
        throw new AssignmentFailure(
            "linkedHubUnauthorized",
            `provisioning service ${service.name} may not write to hub ${hub.name}: ${problem}`,
            401002,
            unauthorizedAccess(context.clock.date()),
        );
    }
}

function keyProblem(link: LinkedHub, hub: Hub): string | undefined {
    if (hub.properties.disableLocalAuth === true) {
        return "shared access policies are disabled on the hub (disableLocalAuth)";
    }
    const fields = new Map(
        (link.connectionString ?? "").split(";").map((part): [string, string] => {
            const at = part.indexOf("=");
            return [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
        }),
    );
    const name = fields.get("sharedaccesskeyname");
    const policy = hub.policies.find((one) => one.keyName === name);
    if (policy === undefined) {
        return `the hub has no shared access policy "${name ?? ""}"`;
    }
    const key = fields.get("sharedaccesskey");
    if (key !== policy.primaryKey && key !== policy.secondaryKey) {
        return `the key of policy "${policy.keyName}" in the connection string does not match the hub's`;
    }
    const rights = rightsOf(policy);
    const missing = ["RegistryWrite", "ServiceConnect"].filter((one) => !rights.includes(one));
    return missing.length === 0
        ? undefined
        : `policy "${policy.keyName}" lacks ${missing.join(" and ")}`;
}

function identityProblem(
    context: Context,
    service: ProvisioningService,
    link: LinkedHub,
    hub: Hub,
): string | undefined {
    const { identity } = service;
    const userAssigned = Object.entries(identity?.userAssignedIdentities ?? {}).find(
        ([id]) => id.toLowerCase() === link.userAssignedIdentity?.toLowerCase(),
    );
    const objectId =
        link.authenticationType === "SystemAssigned"
            ? identity?.principalId
            : userAssigned?.[1].principalId;
    if (objectId === undefined) {
        return `the service has no ${link.authenticationType} managed identity`;
    }
    const principal = { tenantId: identity?.tenantId ?? "", objectId, appId: "" };
    const missing = ["devices/write", "twins/write"].filter(
        (action) =>
            !context.access.isDataAllowed(principal, `Microsoft.Devices/IotHubs/${action}`, hub.id),
    );
    return missing.length === 0
        ? undefined
        : `its managed identity has no role with ${missing.join(" and ")} on the hub`;
}

/** The hub's reply as the record repeats it (Azure/azure-iot-sdk-c#2362). */
function unauthorizedAccess(now: Date): string {
    const trackingId = randomUUID();
    const inner = { errorCode: 401002, message: "Unauthorized access", trackingId };
    const message = JSON.stringify({ ...inner, timestampUtc: now.toISOString(), info: null });
    return JSON.stringify({ Message: message, ExceptionMessage: "" });
}

function sameHost(one: string, other: string): boolean {
    return one.toLowerCase() === other.toLowerCase();
}
