import { Values } from "./values";

/** The engine's naming options: `pulumi:autonaming` in the stack's configuration. */
export interface NamingOptions {
    /** `propose`: a suggestion; `enforce`: exactly this name; `disable`: no name is generated. */
    readonly mode: "propose" | "enforce" | "disable";
    readonly proposedName: string;
}

export interface CheckRequest {
    readonly urn: string;
    /** Inputs from last time; empty for a new resource. */
    readonly olds: Values;
    readonly news: Values;
    /** From the engine, so that a preview and its update agree; empty for true randomness. */
    readonly randomSeed: Uint8Array;
    readonly autonaming?: NamingOptions;
}

export interface CheckResult {
    readonly inputs: Values;
    /** What is wrong; never contains a property's value, which may be a secret. */
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
    /** Omitted by providers whose official plug-in sends none. */
    readonly detailed?: ReadonlyMap<string, Change>;
}

export interface UpdateRequest {
    readonly urn: string;
    readonly id: string;
    readonly oldState: Values;
    readonly news: Values;
}

export interface Resource {
    /** Empty when the resource does not exist. */
    readonly id: string;
    readonly outputs: Values;
    readonly inputs: Values;
}

/** A resource as created. */
export type Created = Omit<Resource, "inputs">;

/** The resource exists in this state, but not as requested. */
export class InitializationFailed extends Error {
    constructor(
        reason: string,
        readonly resource: Resource,
    ) {
        super(reason);
    }
}

/**
 * A configured provider, which implements the lifecycle of its resources. Property values have no secret markers; a
 * value that a preview does not know yet is `unknownValue`. Every method throws for a type or function that the
 * stand-in does not know.
 */
export interface Provider {
    check(request: CheckRequest, signal: AbortSignal): CheckResult | Promise<CheckResult>;
    diff(request: DiffRequest): DiffResult;
    /** Outputs that a preview shows. */
    previewCreate(urn: string, inputs: Values): Values;
    /** @throws InitializationFailed when creation started but did not finish */
    create(urn: string, inputs: Values, signal: AbortSignal): Promise<Created>;
    /** Reads a resource that is known (`inputs` and `state` from last time) or imported (neither). */
    read(
        urn: string,
        id: string,
        inputs: Values | undefined,
        state: Values,
        signal: AbortSignal,
    ): Promise<Resource>;
    previewUpdate(request: UpdateRequest): Values;
    /** @returns the outputs */
    update(request: UpdateRequest, signal: AbortSignal): Promise<Values>;
    delete(urn: string, id: string, signal: AbortSignal): Promise<void>;
    invoke(token: string, args: Values, signal: AbortSignal): Promise<Values>;
    /** Outputs that are secret regardless of the inputs; default: none. */
    secretOutputs?(urn: string): readonly string[];
}

/** The type in `urn:pulumi:stack::project::parentType$type::name`. */
export function typeOf(urn: string): string {
    const qualified = urn.split("::")[2] ?? "";
    return qualified.slice(qualified.lastIndexOf("$") + 1);
}
