import { stableJson } from "../dynamic/values";

/**
 * Members of IotHubProperties (API 2023-06-30) that this program does not declare. A PUT that omits one removes it from
 * the hub (azure-rest-api-specs, iothub.json: the body is the whole hub).
 */
export const keptProperties = [
    "allowedFqdnList",
    "cloudToDevice",
    "comments",
    "enableDataResidency",
    "enableFileUploadNotifications",
    "eventHubEndpoints",
    "features",
    "ipFilterRules",
    "messagingEndpoints",
    "networkRuleSets",
    "privateEndpointConnections",
    "publicNetworkAccess",
    "restrictOutboundNetworkAccess",
    "routing",
    "storageEndpoints",
] as const;

type Part = Readonly<Record<string, unknown>>;

/** What a hub has beyond what this program declares, as inputs of its PUT. */
export interface HubParts {
    readonly identity?: Part;
    readonly tags?: Readonly<Record<string, string>>;
    readonly properties: Part;
}

/** Properties that the service computes and nobody can set, by the path of the object that holds them. */
const computed: Readonly<Record<string, readonly string[]>> = {
    identity: ["principalId", "tenantId"],
    "properties.eventHubEndpoints.*": ["partitionIds", "path", "endpoint"],
    "properties.privateEndpointConnections.*": ["id", "name", "type"],
    "properties.privateEndpointConnections.*.properties": ["privateEndpoint"],
    "properties.routing.endpoints.cosmosDBSqlContainers.*": ["id"],
};

/**
 * The parts of a hub as a read shows them. Keys in connection strings are masked; a PUT that carries the mask leaves the
 * key unchanged, which other clients rely on as well (hashicorp/terraform-provider-azurerm#13890, azure-cli's
 * `az iot hub update`).
 *
 * @param names the properties that the program leaves to others; default: those of a hub
 */
export function partsOf(
    hub: { readonly identity?: unknown; readonly tags?: unknown; readonly properties?: unknown },
    names: readonly string[] = keptProperties,
): HubParts {
    const properties = (hub.properties ?? {}) as Part;
    const kept = names.map((name) => [name, properties[name]] as const);
    const given = {
        tags: hub.tags,
        identity: withListOfIdentities((hub.identity ?? {}) as Part),
        properties: Object.fromEntries(kept),
    };
    const written = (withoutComputed(given, "") ?? {}) as {
        identity?: Part;
        tags?: Record<string, string>;
        properties?: Part;
    };
    const { identity, tags } = written;
    return {
        ...(identity === undefined || identity["type"] === "None" ? {} : { identity }),
        ...(tags === undefined ? {} : { tags }),
        properties: written.properties ?? {},
    };
}

/** Undefined for a value that is missing, null or empty: a read shows it, but a PUT may omit it. */
function withoutComputed(value: unknown, path: string): unknown {
    if (Array.isArray(value)) {
        const items = value.map((item) => withoutComputed(item, `${path}.*`));
        return items.length === 0 ? undefined : items;
    }
    if (typeof value !== "object" || value === null) {
        return value ?? undefined;
    }
    const isMap = path in maps;
    const entries = Object.entries(value)
        .filter(([name]) => !computed[path]?.includes(name))
        .map(([name, inner]) => {
            const below = isMap ? "*" : name;
            return [name, withoutComputed(inner, path === "" ? below : `${path}.${below}`)];
        })
        .filter(([, inner]) => inner !== undefined);
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Objects whose keys are names rather than properties. */
const maps: Readonly<Record<string, true>> = { "properties.eventHubEndpoints": true };

/** A read shows a map from identity IDs to details; azure-native takes a list of IDs. */
function withListOfIdentities(identity: Part): Part {
    const { userAssignedIdentities: assigned, ...rest } = identity;
    return assigned === undefined || Array.isArray(assigned)
        ? identity
        : { ...rest, userAssignedIdentities: Object.keys(assigned as Part).sort() };
}

/** Properties that identify an item in a hub's lists. */
const keys = ["name", "filterName", "keyName", "key"];

/**
 * Merges what is declared into what is present: objects member by member, lists of named items item by item, where each
 * item keeps its place; any other declared value replaces the present one.
 */
export function mergeParts(present: unknown, declared: unknown): unknown {
    if (declared === undefined) {
        return present;
    }
    if (isObject(present) && isObject(declared)) {
        const names = new Set([...Object.keys(present), ...Object.keys(declared)]);
        return Object.fromEntries(
            [...names].map((name) => [name, mergeParts(present[name], declared[name])]),
        );
    }
    const key = keys.find((one) => isKeyed(present, one) && isKeyed(declared, one));
    return key === undefined ? declared : mergeItems(present as Part[], declared as Part[], key);
}

function mergeItems(present: readonly Part[], declared: readonly Part[], key: string): Part[] {
    const isSame = (one: Part, other: Part): boolean =>
        String(one[key]).toLowerCase() === String(other[key]).toLowerCase();
    return [
        ...present.map((item) => {
            const own = declared.find((one) => isSame(one, item));
            return mergeParts(item, own) as Part;
        }),
        ...declared.filter((own) => !present.some((item) => isSame(item, own))),
    ];
}

function isKeyed(value: unknown, key: string): boolean {
    return Array.isArray(value) && value.every((item) => isObject(item) && key in item);
}

function isObject(value: unknown): value is Part {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a hub matches what is declared, whatever else it has. A switch that a read omits is off. */
export function isAsDeclared(present: unknown, declared: unknown): boolean {
    return stableJson(worth(mergeParts(present, declared))) === stableJson(worth(present));
}

function worth(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(worth);
    }
    if (!isObject(value)) {
        return value;
    }
    const entries = Object.entries(value)
        .map(([name, inner]) => [name, worth(inner)])
        .filter(([, inner]) => inner !== false && inner !== undefined && inner !== null);
    return Object.fromEntries(entries);
}
