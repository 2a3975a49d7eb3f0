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
