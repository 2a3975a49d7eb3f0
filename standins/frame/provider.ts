import { Values } from "./values";

/** What the engine says about names: `pulumi:autonaming` in the stack's configuration. */
export interface NamingOptions {
    /** `propose`: a suggestion; `enforce`: this name and no other; `disable`: no name is made up. */
    readonly mode: "propose" | "enforce" | "disable";
    readonly proposedName: string;
}

export interface CheckRequest {
    readonly urn: string;
    /** Inputs of the last time; empty for a new resource. */
    readonly olds: Values;
    readonly news: Values;
    /** The engine's, so that a preview and its update agree; empty for true randomness. */
    readonly randomSeed: Uint8Array;
    readonly autonaming?: NamingOptions;
}

export interface CheckResult {
    readonly inputs: Values;
    /** What is wrong; never with a property's value, which may be a secret. */
    readonly failures: readonly string[];
}

export interface DiffRequest {
    readonly urn: string;
    readonly oldInputs: Values;
    readonly oldState: Values;
    readonly news: Values;
}

export type ChangeKind = "add" | "delete" | "update";

/** One entry of a detailed diff; its key is the property path, e.g. `sku.capacity` or `a[0].b`. */
export interface Change {
    readonly kind: ChangeKind;
    readonly replaces: boolean;
}

export interface DiffResult {
    /** Top-level names. */
    readonly changed: readonly string[];
    /** Property paths. */
    readonly replaces: readonly string[];
    readonly deleteBeforeReplace: boolean;
    /** Left out by providers whose official plug-in gives none. */
    readonly detailed?: ReadonlyMap<string, Change>;
}

export interface UpdateRequest {
    readonly urn: string;
    readonly id: string;
    readonly oldState: Values;
    readonly news: Values;
}

export interface Resource {
    /** Empty: there is none. */
    readonly id: string;
    readonly outputs: Values;
    readonly inputs: Values;
}

/** A resource as it was made. */
export type Created = Omit<Resource, "inputs">;

/** The resource is there, in this state, but not as it was asked for. */
export class InitializationFailed extends Error {
    constructor(
        reason: string,
        readonly resource: Resource,
    ) {
        super(reason);
    }
}

/**
 * A configured provider: the life of its resources. Property values come without marks of secrets; one that a preview does
 * not know yet is `unknownValue`. Every method throws for a type or function that the stand-in does not know.
 */
export interface Provider {
    check(request: CheckRequest, signal: AbortSignal): CheckResult | Promise<CheckResult>;
    diff(request: DiffRequest): DiffResult;
    /** Outputs that a preview shows. */
    previewCreate(urn: string, inputs: Values): Values;
    /** @throws InitializationFailed when the resource was begun and not finished. */
    create(urn: string, inputs: Values, signal: AbortSignal): Promise<Created>;
    /** Reads a resource that is known (`inputs` and `state` of the last time) or imported (none). */
    read(
        urn: string,
        id: string,
        inputs: Values | undefined,
        state: Values,
        signal: AbortSignal,
    ): Promise<Resource>;
    previewUpdate(request: UpdateRequest): Values;
    /** @returns the outputs. */
    update(request: UpdateRequest, signal: AbortSignal): Promise<Values>;
    delete(urn: string, id: string, signal: AbortSignal): Promise<void>;
    invoke(token: string, args: Values, signal: AbortSignal): Promise<Values>;
    /** Outputs that are secret whatever the inputs were; none when left out. */
    secretOutputs?(urn: string): readonly string[];
}

/** The type in `urn:pulumi:stack::project::parentType$type::name`. */
export function typeOf(urn: string): string {
    const qualified = urn.split("::")[2] ?? "";
    return qualified.slice(qualified.lastIndexOf("$") + 1);
}
