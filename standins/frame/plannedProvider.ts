import {
    CheckRequest,
    CheckResult,
    Created,
    DiffRequest,
    DiffResult,
    Provider,
    Resource,
    typeOf,
    UpdateRequest,
} from "./provider";
import { InputProperties, useOfficial, validate } from "./resourceSchema";
import {
    containsUnknowns,
    hasValue,
    sameValue,
    unknownValue,
    Values,
    withoutNulls,
} from "./values";

/** A resource that exists only in the state: created once, kept unchanged, and forgotten when deleted. */
export interface PlannedResource {
    readonly inputs: InputProperties;
    /** Properties that only the provider sets. */
    readonly computed: readonly string[];
    /** Whether a diff also shows computed properties as changed. */
    readonly recomputed?: true;
    readonly secretOutputs: readonly string[];
    /** `schema_version` in the official plug-in's state, which it reads when it takes over; 0 is not written. */
    readonly schemaVersion?: number;
    /** Creates the resource from the planned inputs. @returns its computed outputs, without `id` */
    readonly create: (planned: Values, urn: string) => Promise<Created>;
    /** Computed outputs that the plan for a new or changed resource already knows. */
    readonly planComputed?: (planned: Values) => Values;
    /** Computed outputs that call for a new resource when they are true. */
    readonly due?: (outputs: Values) => readonly string[];
}

interface Plan {
    readonly planned: Values;
    readonly changed: readonly string[];
    readonly replaces: readonly string[];
}

/**
 * Resources of a provider that uses Terraform's plugin framework, as driven by pulumi-terraform-bridge
 * (`pkg/pf/tfbridge`): a diff compares the state with the plan, and an omitted input with a fallback keeps its value as
 * long as nothing else changes.
 */
export class PlannedProvider implements Provider {
    /** @param name of the package, e.g. `tls` */
    constructor(
        private readonly name: string,
        private readonly resources: Readonly<Record<string, PlannedResource>>,
    ) {}

    check({ urn, news }: CheckRequest): CheckResult {
        const inputs = withoutNulls(news);
        return { inputs, failures: validate(this.name, this.resource(urn).inputs, inputs) };
    }

    diff({ urn, oldState, news }: DiffRequest): DiffResult {
        const { changed, replaces } = this.plan(urn, oldState, news);
        return { changed, replaces, deleteBeforeReplace: false };
    }

    previewCreate(urn: string, inputs: Values): Values {
        return this.planned(urn, inputs);
    }

    async create(urn: string, inputs: Values): Promise<Created> {
        if (containsUnknowns(inputs)) {
            throw new Error(`${urn}: an input is still unknown`);
        }
        const resource = this.resource(urn);
        const planned = this.planned(urn, inputs);
        const { id, outputs } = await resource.create(planned, urn);
        const { schemaVersion } = resource;
        const meta =
            schemaVersion === undefined
                ? {}
                : { __meta: JSON.stringify({ schema_version: String(schemaVersion) }) };
        return { id, outputs: { ...meta, ...planned, ...outputs, id } };
    }

    read(urn: string, id: string, inputs: Values | undefined, state: Values): Promise<Resource> {
        const resource = this.resource(urn);
        if (inputs === undefined) {
            throw new Error(
                `${typeOf(urn)}: import is not in the ${this.name} stand-in. ${useOfficial}`,
            );
        }
        const due = (resource.due?.(state) ?? []).map((name) => [name, true]);
        return Promise.resolve({ id, outputs: { ...state, ...Object.fromEntries(due) }, inputs });
    }

    previewUpdate({ urn, oldState, news }: UpdateRequest): Values {
        return this.plan(urn, oldState, news).planned;
    }

    update({ urn, oldState, news }: UpdateRequest): Promise<Values> {
        return Promise.resolve(this.plan(urn, oldState, news).planned);
    }

    delete(urn: string): Promise<void> {
        this.resource(urn);
        return Promise.resolve();
    }

    invoke(token: string): Promise<Values> {
        throw new Error(`function ${token} is not in the ${this.name} stand-in. ${useOfficial}`);
    }

    secretOutputs(urn: string): readonly string[] {
        return this.resource(urn).secretOutputs;
    }

    private resource(urn: string): PlannedResource {
        const type = typeOf(urn);
        if (!Object.prototype.hasOwnProperty.call(this.resources, type)) {
            throw new Error(
                `resource type ${type} is not in the ${this.name} stand-in, which supports ` +
                    `${Object.keys(this.resources).join(", ")}. ${useOfficial}`,
            );
        }
        return this.resources[type];
    }

    /** A new resource as far as it is known before creation. */
    private planned(urn: string, inputs: Values): Values {
        const { inputs: properties, computed, planComputed } = this.resource(urn);
        const fallbacks = Object.entries(properties)
            .filter(([, { fallback }]) => fallback !== undefined)
            .map(([name, { fallback }]) => [name, fallback]);
        const given: Values = { ...Object.fromEntries(fallbacks), ...withoutNulls(inputs) };
        const unknown = computed.map((name) => [name, unknownValue]);
        return { ...Object.fromEntries(unknown), ...given, ...planComputed?.(given) };
    }

    private plan(urn: string, state: Values, news: Values): Plan {
        const resource = this.resource(urn);
        const { inputs: properties, computed, due } = resource;
        const inputs = withoutNulls(news);
        const differs = ([name, { fallback }]: [string, { fallback?: unknown }]): boolean =>
            fallback !== undefined && !hasValue(inputs[name])
                ? false
                : !same(inputs[name], state[name]);
        const kept = Object.fromEntries(
            Object.entries(state).filter(([name]) => !(name in properties)),
        );
        const anew = this.planned(urn, inputs);
        const planned: Values = Object.entries(properties).some(differs)
            ? { ...anew, ...(resource.recomputed ? {} : kept), ...resource.planComputed?.(anew) }
            : { ...state };
        const dueNow = due?.(planned) ?? [];
        for (const name of dueNow) {
            planned[name] = unknownValue;
        }
        const changed = [...Object.keys(properties), ...computed]
            .filter((name) => !same(planned[name], state[name]))
            .sort();
        const replaces = changed.filter(
            (name) =>
                dueNow.includes(name) || (name in properties && properties[name].updates !== true),
        );
        return { planned, changed, replaces };
    }
}

/** Absent and null are treated as equal. */
const same = (one: unknown, other: unknown): boolean => sameValue(one ?? null, other ?? null);
