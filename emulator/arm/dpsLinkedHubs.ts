import { EmulatorContext } from "../context";
import { LinkedHub, ManagedIdentity, ProvisioningService } from "../dps/model";
import { Principal } from "../entra/principal";
import { Hub } from "../hub/model";
import { rightsOf } from "../hub/sharedAccess";
import { maximumLinkedHubs } from "./dpsRules";
import { locationName } from "./locations";
import { sameName } from "./resourceGroups";

/** The rights that a service needs on a hub: it creates identities and writes their twins. */
const neededRights = ["RegistryWrite", "ServiceConnect"];
const neededActions = [
    "Microsoft.Devices/IotHubs/devices/write",
    "Microsoft.Devices/IotHubs/twins/write",
];

/** `IotHubDefinitionDescription` (azure-rest-api-specs iotdps.json 2026-08-31). */
interface Wanted {
    readonly connectionString?: string | null;
    readonly hostName?: string | null;
    readonly name?: string | null;
    readonly authenticationType?: string | null;
    readonly selectedUserAssignedIdentityResourceId?: string | null;
    readonly location?: string | null;
    readonly applyAllocationPolicy?: boolean | null;
    readonly allocationWeight?: number | null;
}

/**
 * The hubs that a body links, or what is wrong with them. Each hub must exist, and the service must be able to log in
 * to it with a shared access policy or as one of its identities. Azure's wording of these errors is not documented.
 */
export function linkedHubsOf(
    context: EmulatorContext,
    given: unknown,
    identity: ManagedIdentity | undefined,
    existing: ProvisioningService | undefined,
): LinkedHub[] | string {
    if (given !== undefined && given !== null && !Array.isArray(given)) {
        return "Property iotHubs must be a list.";
    }
    const all = ((given ?? []) as Wanted[]).map((wanted) =>
        linkedHub(context, wanted ?? {}, identity, existing),
    );
    const problem = all.find((one) => typeof one === "string");
    if (problem !== undefined) {
        return problem as string;
    }
    const hubs = all as LinkedHub[];
    if (hubs.length > maximumLinkedHubs) {
        return `Max number of linked IoT hubs exceeded, Max Allowed = ${maximumLinkedHubs}, Current = ${hubs.length}.`;
    }
    const twice = hubs.find(
        ({ name }, index) => hubs.findIndex((one) => one.name === name) < index,
    );
    return twice === undefined ? hubs : `IoT hub '${twice.name}' is linked twice.`;
}

function linkedHub(
    context: EmulatorContext,
    wanted: Wanted,
    identity: ManagedIdentity | undefined,
    existing: ProvisioningService | undefined,
): LinkedHub | string {
    const { location, allocationWeight: weight, applyAllocationPolicy } = wanted;
    if (typeof location !== "string" || location === "") {
        return "Each of iotHubs needs the location of the hub.";
    }
    if (weight !== undefined && weight !== null && !(Number.isInteger(weight) && weight >= 0)) {
        return "allocationWeight must be a whole number, not below 0.";
    }
    const login = wanted.connectionString
        ? byConnectionString(context, wanted.connectionString, existing)
        : byIdentity(context, wanted, identity);
    if (typeof login === "string") {
        return login;
    }
    return {
        ...login,
        location: locationName(location),
        allocationWeight: weight ?? 1,
        applyAllocationPolicy: applyAllocationPolicy ?? true,
    };
}

type Login = Pick<
    LinkedHub,
    "name" | "connectionString" | "authenticationType" | "userAssignedIdentity"
>;

function byConnectionString(
    context: EmulatorContext,
    given: string,
    existing: ProvisioningService | undefined,
): Login | string {
    const fields = new Map(
        given.split(";").map((part) => {
            const at = part.indexOf("=");
            return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1)] as const;
        }),
    );
    const hostName = fields.get("hostname")?.toLowerCase();
    const keyName = fields.get("sharedaccesskeyname");
    const key = fields.get("sharedaccesskey");
    if (!hostName || !keyName || !key) {
        return "A connection string needs HostName, SharedAccessKeyName and SharedAccessKey.";
    }
    if (/^\*+$/.test(key)) {
        // A client that read the service sends back what it read: the link stays unchanged.
        const before = existing?.linkedHubs.find(({ name }) => name === hostName);
        return before?.connectionString === undefined
            ? `The connection string of IoT hub '${hostName}' has no key.`
            : {
                  name: hostName,
                  connectionString: before.connectionString,
                  authenticationType: "KeyBased",
              };
    }
    const hub = activeHub(context, hostName);
    if (hub === undefined) {
        return unfound(hostName);
    }
    const policy = hub.policies.find((one) => one.keyName === keyName);
    const isKey = policy?.primaryKey === key || policy?.secondaryKey === key;
    if (policy === undefined || !isKey || hub.properties.disableLocalAuth === true) {
        return `IoT hub '${hostName}' does not accept the key of policy '${keyName}'.`;
    }
    const rights = rightsOf(policy);
    const missing = neededRights.filter((right) => !rights.includes(right));
    if (missing.length > 0) {
        return `Policy '${keyName}' of IoT hub '${hostName}' lacks ${missing.join(" and ")}.`;
    }
    return { name: hostName, connectionString: given, authenticationType: "KeyBased" };
}

function byIdentity(
    context: EmulatorContext,
    wanted: Wanted,
    identity: ManagedIdentity | undefined,
): Login | string {
    const { authenticationType, selectedUserAssignedIdentityResourceId: selected } = wanted;
    const hostName = (wanted.hostName ?? wanted.name ?? "").toLowerCase();
    if (authenticationType !== "SystemAssigned" && authenticationType !== "UserAssigned") {
        return "Each of iotHubs needs a connection string, or an authenticationType of SystemAssigned or UserAssigned.";
    }
    const hub = activeHub(context, hostName);
    if (hub === undefined) {
        return unfound(hostName);
    }
    const isOwn = authenticationType === "SystemAssigned";
    const principal = isOwn ? systemAssigned(identity) : userAssigned(context, identity, selected);
    if (principal === undefined) {
        return isOwn
            ? "The provisioning service has no system-assigned identity."
            : `The provisioning service does not have the user-assigned identity '${selected ?? ""}'.`;
    }
    const missing = neededActions.filter(
        (action) => !context.access.isDataAllowed(principal, action, hub.id),
    );
    if (missing.length > 0) {
        return `The identity has no role on IoT hub '${hostName}' that permits ${missing.join(" and ")}.`;
    }
    return {
        name: hostName,
        connectionString: undefined,
        authenticationType,
        ...(isOwn ? {} : { userAssignedIdentity: selected as string }),
    };
}

function activeHub(context: EmulatorContext, hostName: string): Hub | undefined {
    const { clock, hubs, settings } = context;
    const hub = hubs.byHostName(hostName);
    const age = clock.now() - Date.parse(hub?.createdAt ?? "");
    const isSeen = age >= settings.newHubUnseenSeconds * 1000;
    return hub?.state === "Active" && isSeen ? hub : undefined;
}

const unfoundText = "Unable to find the IoThub";

/** As quoted in hashicorp/terraform-provider-azurerm#18153. */
function unfound(hostName: string): string {
    return `${unfoundText} \`${hostName}\`. Check if the hub exists and the connection information is correct.`;
}

/** The error code for a refused link. */
export function linkErrorCode(problem: string): number {
    return problem.startsWith(unfoundText) ? 404002 : 400004;
}

function systemAssigned(identity: ManagedIdentity | undefined): Principal | undefined {
    const { principalId, tenantId } = identity ?? {};
    return principalId === undefined || tenantId === undefined
        ? undefined
        : { tenantId, objectId: principalId, appId: "" };
}

function userAssigned(
    context: EmulatorContext,
    identity: ManagedIdentity | undefined,
    selected: string | null | undefined,
): Principal | undefined {
    const found = Object.entries(identity?.userAssignedIdentities ?? {}).find(([id]) =>
        sameName(id, selected ?? ""),
    );
    return found === undefined
        ? undefined
        : {
              tenantId: context.directory.tenantId,
              objectId: found[1].principalId,
              appId: found[1].clientId,
          };
}
