/** A resource in a state; what is not named here goes with it unread. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly id?: string;
    readonly parent?: string;
    /** URN and ID of the provider, with `::` between them. */
    readonly provider?: string;
    readonly dependencies?: readonly string[];
    readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
    /** To be deleted by the next run. */
    readonly delete?: boolean;
    /** Not to be deleted. */
    readonly protect?: boolean;
    /** When the engine wrote it last; ISO 8601. */
    readonly modified?: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
}

/** A stack's state, as `pulumi stack export` prints it. */
export interface ExportedState {
    readonly version: number;
    readonly deployment: { readonly resources?: readonly StateResource[] };
}

export const stackType = "pulumi:pulumi:Stack";

/**
 * A state with resources of another one at its end, as that stack's own.
 *
 * @param rootOutputs of a stack that was never deployed
 */
export function received(
    state: ExportedState,
    stack: string,
    from: ExportedState,
    fromStack: string,
    urns: ReadonlySet<string>,
    rootOutputs: Readonly<Record<string, unknown>> = {},
): ExportedState {
    const own = (urn: string): string => renamed(urn, fromStack, stack);
    const present = [...(state.deployment.resources ?? [])];
    const theirs = from.deployment.resources ?? [];
    const moved = theirs.filter(({ urn }) => urns.has(urn));
    const parents = new Set(moved.map(({ parent }) => parent));
    const providers = new Set(moved.map(({ provider }) => provider && urnOf(provider)));
    // A stack that was never deployed gets its root and its provider as the first to stand on.
    for (const resource of theirs) {
        const isNeeded =
            providers.has(resource.urn) ||
            (resource.type === stackType && parents.has(resource.urn));
        if (isNeeded && !present.some(({ urn }) => urn === own(resource.urn))) {
            // The root's outputs are the giving stack's; they may hold CA keys.
            const bare = resource.type === stackType ? { outputs: rootOutputs } : {};
            present.push({ ...resource, ...bare, urn: own(resource.urn) });
        }
    }
    const providerIds = new Map(present.map(({ urn, id }) => [urn, id]));
    const urnsHere = new Set([
        ...present.map(({ urn }) => urn),
        ...moved.map(({ urn }) => own(urn)),
    ]);
    const here = (all: readonly string[]) => all.map(own).filter((urn) => urnsHere.has(urn));
    for (const resource of moved) {
        const { parent, provider, dependencies, propertyDependencies } = resource;
        const providerUrn = provider && own(urnOf(provider));
        present.push({
            ...resource,
            urn: own(resource.urn),
            parent: parent && own(parent),
            provider: providerUrn && `${providerUrn}::${providerIds.get(providerUrn)}`,
            dependencies: dependencies && here(dependencies),
            propertyDependencies:
                propertyDependencies &&
                Object.fromEntries(
                    Object.entries(propertyDependencies).map(([property, all]) => [
                        property,
                        here(all ?? []),
                    ]),
                ),
        });
    }
    return withResources(state, present);
}

/** A state without resources that another stack has received. */
export function given(state: ExportedState, urns: ReadonlySet<string>): ExportedState {
    return withResources(
        state,
        (state.deployment.resources ?? []).filter(({ urn }) => !urns.has(urn)),
    );
}

/** A state whose root has one output more, unless it has that already. */
export function withOutput(state: ExportedState, name: string, value: unknown): ExportedState {
    const resources = (state.deployment.resources ?? []).map((resource) =>
        resource.type === stackType
            ? { ...resource, outputs: { [name]: value, ...resource.outputs } }
            : resource,
    );
    return withResources(state, resources);
}

function withResources(state: ExportedState, resources: readonly StateResource[]): ExportedState {
    return { ...state, deployment: { ...state.deployment, resources } };
}

/** `urn:pulumi:STACK::PROJECT::TYPE::NAME` in another stack; the root's name ends with the stack's. */
function renamed(urn: string, from: string, to: string): string {
    const [, project, type, ...name] = urn.split("::");
    const named = name.join("::");
    return [
        `urn:pulumi:${to}`,
        project,
        type,
        type === stackType && named === `${project}-${from}` ? `${project}-${to}` : named,
    ].join("::");
}

function urnOf(provider: string): string {
    return provider.slice(0, provider.lastIndexOf("::"));
}
