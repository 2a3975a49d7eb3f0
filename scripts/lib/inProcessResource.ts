/** Property values as a provider takes and gives them: nothing is secret, nothing unknown. */
export type Values = Record<string, unknown>;

/** A resource that exists now. */
export interface Made {
    readonly id: string;
    readonly state: Values;
    /** Takes it away again; left out where nothing outlives the run. */
    readonly remove?: () => Promise<void>;
}

/** Makes resources of one kind. */
export type Make = (resource: {
    readonly type: string;
    readonly name: string;
    readonly inputs: Values;
}) => Promise<Made>;

/** @throws Error for an input that is not among the known ones: none is dropped in silence */
export function onlyInputs(inputs: Values, ...known: readonly string[]): void {
    const unknown = Object.keys(inputs).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
        throw new Error(`without the Pulumi CLI this input cannot be used: ${unknown.join(", ")}`);
    }
}
