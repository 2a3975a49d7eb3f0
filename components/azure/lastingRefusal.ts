import { azure } from "./clients";
import { AzureError } from "./client";
import { identityOf } from "./identity";

const hubVersion = "2023-06-30";
const serviceVersion = "2022-12-12";
const authorizationVersion = "2022-04-01";
/** More than a role assignment needs at most to take effect (docs: role-based-access-control/troubleshooting). */
const settledMilliseconds = 15 * 60 * 1000;

/** The network rules in the properties of a hub or provisioning service. */
interface NetworkProperties {
    readonly publicNetworkAccess?: string;
    readonly networkRuleSets?: {
        readonly defaultAction?: string;
        readonly ipRules?: readonly { readonly ipMask?: string }[];
    };
    readonly ipFilterRules?: readonly { readonly action?: string; readonly ipMask?: string }[];
}

/**
 * Returns why a hub or provisioning service refuses a login permanently: the login belongs to another tenant, the network
 * rules exclude it, or it has had the role for long. The refusal itself does not tell, because Azure answers 401
 * "Unauthorized" in all of these cases (docs: iot-hub-ip-filtering, iot-hub-public-network-access).
 *
 * @param resourceId ARM resource ID of the hub or provisioning service
 * @param role name of the built-in role that the call requires
 * @returns cause and remedy; undefined if a role may still be propagating
 */
export async function lastingRefusal(
    resourceId: string,
    role: string,
    refusal: AzureError,
): Promise<string | undefined> {
    if (!/^\/subscriptions\//i.test(resourceId)) {
        return undefined;
    }
    try {
        const network = isOfRoles(refusal) ? undefined : await keptOut(resourceId);
        return network ?? (await heldForLong(resourceId, role));
    } catch (error) {
        // On 401, Resource Manager rejects this login, too, and says why. A login that may not read learns nothing.
        return error instanceof AzureError && error.status === 401 ? error.message : undefined;
    }
}

/** Whether the login is accepted but lacks the role: 401003 of hubs (azure-iot-sdk-csharp issue 3344) and services. */
function isOfRoles({ code, message }: AzureError): boolean {
    return code === "IotHubUnauthorized" || code === "401003" || /is not authorized/.test(message);
}

async function keptOut(resourceId: string): Promise<string | undefined> {
    const version = /\/IotHubs\//i.test(resourceId) ? hubVersion : serviceVersion;
    const { properties } = await get<{ properties: NetworkProperties }>(resourceId, version);
    if (properties.publicNetworkAccess === "Disabled") {
        return (
            "its public network access is disabled: run this where its private endpoint is reachable, or enable public access " +
            "(portal: Networking)"
        );
    }
    const { networkRuleSets, ipFilterRules = [] } = properties;
    const allows = networkRuleSets?.defaultAction === "Deny" ? networkRuleSets.ipRules : undefined;
    const filters = ipFilterRules.filter(({ action }) => action === "Reject");
    if (allows === undefined && filters.length === 0) {
        return undefined;
    }
    const rules =
        allows === undefined
            ? `reject ${masks(filters)}`
            : `accept ${allows.length === 0 ? "nobody" : `only ${masks(allows)}`}`;
    return `its IP rules ${rules}: add this machine's public address (portal: Networking), or run this from an accepted address`;
}

function masks(rules: readonly { readonly ipMask?: string }[]): string {
    return rules.map(({ ipMask }) => ipMask).join(", ");
}

async function heldForLong(resourceId: string, role: string): Promise<string | undefined> {
    const since = await heldSince(resourceId, role);
    return since !== undefined && Date.now() - Date.parse(since) > settledMilliseconds
        ? `this login has the role "${role}" since ${since}, so waiting does not help: look for another cause, such as ` +
              "a conditional access policy or a firewall"
        : undefined;
}

/**
 * When this login was first granted a role on a resource, ISO 8601; undefined if it was not, or may not read assignments.
 */
export async function roleSince(resourceId: string, role: string): Promise<string | undefined> {
    return /^\/subscriptions\//i.test(resourceId)
        ? heldSince(resourceId, role).catch(() => undefined)
        : undefined;
}

async function heldSince(resourceId: string, role: string): Promise<string | undefined> {
    const { cloud, credential } = azure();
    const { objectId } = await identityOf(credential, cloud.armScope);
    const definitions = await list<{ name: string }>(
        resourceId,
        "roleDefinitions",
        `roleName eq '${role}'`,
    );
    const assignments = await list<{
        properties: { roleDefinitionId: string; createdOn: string };
    }>(resourceId, "roleAssignments", `assignedTo('${objectId}')`);
    const [first] = assignments
        .map(({ properties }) => properties)
        .filter(({ roleDefinitionId }) =>
            definitions.some(({ name }) => roleDefinitionId.endsWith(name)),
        )
        .map(({ createdOn }) => createdOn)
        .sort();
    return first;
}

async function list<T>(resourceId: string, kind: string, filter: string): Promise<readonly T[]> {
    const id = `${resourceId}/providers/Microsoft.Authorization/${kind}`;
    const { value } = await get<{ value: readonly T[] }>(
        id,
        `${authorizationVersion}&$filter=${encodeURIComponent(filter)}`,
    );
    return value;
}

async function get<T>(id: string, version: string): Promise<T> {
    const { arm, cloud } = azure();
    const url = `${cloud.arm}${id}?api-version=${version}`;
    return (await arm.send({ method: "GET", url, expect: [200] })).body as T;
}
