import { azure } from "./clients";
import { AzureError } from "./client";
import { identityOf } from "./identity";

const hubVersion = "2023-06-30";
const serviceVersion = "2022-12-12";
const authorizationVersion = "2022-04-01";
/** Longer than Azure takes at most until a role assignment counts (docs: role-based-access-control/troubleshooting). */
const settledMilliseconds = 15 * 60 * 1000;

/** What the properties of a hub or a provisioning service say of who may reach it. */
interface NetworkProperties {
    readonly publicNetworkAccess?: string;
    readonly networkRuleSets?: {
        readonly defaultAction?: string;
        readonly ipRules?: readonly { readonly ipMask?: string }[];
    };
    readonly ipFilterRules?: readonly { readonly action?: string; readonly ipMask?: string }[];
}

/**
 * Why a hub or a provisioning service refuses a login for as long as nobody changes that: the login is of another tenant,
 * the network rules keep it out, or it has the role for long. The refusal itself does not say: Azure answers 401
 * "Unauthorized" to all of these (docs: iot-hub-ip-filtering, iot-hub-public-network-access).
 *
 * @param resourceId of the resource; of anything else nothing can be told
 * @param role name of the built-in role that the call needs
 * @returns cause and remedy; undefined: a role may be on its way
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
        // 401: Resource Manager does not take this login either, and says why. Whoever may not read is none the wiser.
        return error instanceof AzureError && error.status === 401 ? error.message : undefined;
    }
}

/** The login was taken and has no role: 401003 at hubs (azure-iot-sdk-csharp issue 3344) and provisioning services. */
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

/** When this login was first given a role on a resource, ISO 8601; undefined: it was not, or may not read that. */
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
