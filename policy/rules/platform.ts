import { at, ofType, Rule, StackResource, types, unknown, Violation } from "../stack";

export interface TlsBounds {
    /** `1.2` or `1.3`. */
    readonly floor: string;
}

/** The minimum TLS version of hubs and of the Event Hubs that messages are routed to. */
export const tlsFloor: Rule<TlsBounds> = (resources, { floor }) => {
    const below = ({ name, urn }: StackResource, version: unknown, remedy: string): Violation[] =>
        version === unknown || (typeof version === "string" && Number(version) >= Number(floor))
            ? []
            : [
                  {
                      message: `${name} accepts TLS ${typeof version === "string" ? version : "of any version"}, below ${floor} — ${remedy}`,
                      urn,
                  },
              ];
    return [
        ...ofType(resources, types.hub).flatMap((hub) =>
            below(
                hub,
                at(hub.props, "properties", "minTlsVersion"),
                "it is fixed when a hub is made: set hub.minTlsVersion for a new one",
            ),
        ),
        ...ofType(resources, types.eventHubs).flatMap((namespace) =>
            below(namespace, namespace.props.minimumTlsVersion, "set minimumTlsVersion"),
        ),
    ];
};

/** Regular expressions. */
export interface NameBounds {
    readonly hub: string;
    readonly service: string;
    readonly resourceGroup: string;
    readonly group: string;
    readonly device: string;
}

/**
 * Names that people and scripts rely on. Names that a preview does not know yet are checked by the update that creates
 * them.
 */
export const names: Rule<NameBounds> = (resources, bounds) => {
    const named = (
        kind: keyof NameBounds,
        type: string,
        name: (resource: StackResource) => unknown,
    ): Violation[] => {
        const pattern = new RegExp(bounds[kind]);
        return ofType(resources, type).flatMap((resource) => {
            const value = name(resource);
            return typeof value !== "string" || pattern.test(value)
                ? []
                : [
                      {
                          message: `The ${words[kind]} name ${JSON.stringify(value)} does not match ${bounds[kind]} — rename it, or change this rule's ${kind}`,
                          urn: resource.urn,
                      },
                  ];
        });
    };
    return [
        ...named("hub", types.hub, ({ props }) => props.name ?? props.resourceName),
        ...named(
            "service",
            types.service,
            ({ props }) => props.name ?? props.provisioningServiceName,
        ),
        ...named(
            "resourceGroup",
            types.resourceGroup,
            ({ props }) => props.name ?? props.resourceGroupName,
        ),
        ...named("group", types.issuer, ({ name }) => name),
        ...named("device", types.identity, ({ name }) => name),
        ...named("device", types.registration, ({ name }) => name),
    ];
};

const words: Readonly<Record<keyof NameBounds, string>> = {
    hub: "hub",
    service: "provisioning service",
    resourceGroup: "resource group",
    group: "group",
    device: "device",
};
