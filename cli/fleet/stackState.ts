/** A resource in a state; fields that are not named here are kept unread. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly id?: string;
    readonly parent?: string;
    /** URN and ID of the provider, with `::` between them. */
    readonly provider?: string;
    readonly dependencies?: readonly string[];
    readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
    /** Whether the next run deletes it. */
    readonly delete?: boolean;
    /** Whether it is protected from deletion. */
    readonly protect?: boolean;
    /** When the engine last wrote it; ISO 8601. */
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

/** The engine's mark of a secret in a state; a decrypted export has the secret's JSON in `plaintext`. */
const secretMark = "4dabf18193072939515e22adb298388d";

/** A decrypted state with its secrets as plain values. */
export function revealed(state: ExportedState): ExportedState {
    return JSON.parse(JSON.stringify(state), (_, value: unknown) => {
        const { plaintext, ...rest } = (value ?? {}) as { readonly plaintext?: string };
        return plaintext !== undefined && secretMark in rest ? JSON.parse(plaintext) : value;
    }) as ExportedState;
}

/**
 * A state with resources of another state appended, renamed as its own.
 *
 * @param rootOutputs outputs for a stack that was never deployed
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
    // A stack that was never deployed first gets a root and a provider for the others to depend on.
    for (const resource of theirs) {
        const isNeeded =
            providers.has(resource.urn) ||
            (resource.type === stackType && parents.has(resource.urn));
        if (isNeeded && !present.some(({ urn }) => urn === own(resource.urn))) {
            // The root's outputs belong to the source stack and may contain CA keys.
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

/** A state without the resources that another stack has received. */
export function given(state: ExportedState, urns: ReadonlySet<string>): ExportedState {
    return withResources(
        state,
        (state.deployment.resources ?? []).filter(({ urn }) => !urns.has(urn)),
    );
}

/** A state with an additional output of its root, unless it has that already. */
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

/** The URN (`urn:pulumi:STACK::PROJECT::TYPE::NAME`) in another stack; the root's name ends with the stack's. */
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
