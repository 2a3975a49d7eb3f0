import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";

export type Properties = Readonly<Record<string, unknown>>;

/** What the engine would do to one resource. */
export interface Step {
    readonly action: "create" | "update" | "replace" | "delete";
    readonly urn: string;
    readonly type: string;
    readonly name: string;
    readonly before?: StepState;
    /** Undefined for a resource that is deleted. */
    readonly after?: StepState;
    /** Paths of properties that change, as the provider reports them; those that only come in addition are left out. */
    readonly paths: readonly string[];
}

export interface StepState {
    readonly inputs: Properties;
    /** Empty for a resource that does not exist yet. */
    readonly outputs: Properties;
}

/** The part of a step that the event log and `pulumi preview --json` have in common. */
export interface RawStep {
    readonly op: string;
    readonly urn: string;
    /** Null in the event log if there is none. */
    readonly old?: Partial<StepState> | null;
    readonly new?: Partial<StepState> | null;
    /** By path; the event log and the saved preview call the kind differently. Null in both if there is none. */
    readonly detailedDiff?: Readonly<
        Record<string, { readonly kind?: string; readonly diffKind?: string }>
    > | null;
}

/** By the engine's operation; all other operations change nothing. */
const actions: Readonly<Record<string, Step["action"]>> = {
    create: "create",
    import: "create",
    update: "update",
    delete: "delete",
    replace: "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
};

export function typeOf(urn: string): string {
    const [, , qualified = ""] = urn.split("::");
    return qualified.slice(qualified.lastIndexOf("$") + 1);
}

export function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}

/** The engine's steps for one or several stacks that change something; the steps of a replacement are combined. */
export function changingSteps(raw: readonly RawStep[]): Step[] {
    const steps = new Map<string, Step>();
    for (const { op, urn, old, new: next, detailedDiff } of raw) {
        const action = actions[op];
        const type = typeOf(urn);
        if (action === undefined || type.startsWith("pulumi:")) {
            continue;
        }
        const known = steps.get(urn);
        steps.set(urn, {
            action,
            urn,
            type,
            name: nameOf(urn),
            before: isNone(old) ? known?.before : stepState(old),
            // The step that deletes a replaced resource has the old one on both sides, or none.
            after: isNone(next) || op === "delete-replaced" ? known?.after : stepState(next),
            // What a service fills in by itself is reported as added.
            paths: Object.entries(detailedDiff ?? {})
                .filter(([, { kind, diffKind }]) => !/^add/.test(kind ?? diffKind ?? ""))
                .map(([path]) => path),
        });
    }
    return [...steps.values()];
}

function isNone<T>(value: T | null | undefined): value is null | undefined {
    return value === null || value === undefined;
}

function stepState({ inputs, outputs }: Partial<StepState>): StepState {
    return { inputs: inputs ?? {}, outputs: outputs ?? {} };
}

/** Undefined if the event is not about a step. */
export function stepOfEvent({ resourcePreEvent }: EngineEvent): RawStep | undefined {
    const metadata: StepEventMetadata | undefined = resourcePreEvent?.metadata;
    return (
        metadata && {
            op: metadata.op,
            urn: metadata.urn,
            old: metadata.old,
            new: metadata.new,
            detailedDiff: metadata.detailedDiff,
        }
    );
}
