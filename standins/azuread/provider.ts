import {
    Change,
    CheckRequest,
    CheckResult,
    Created,
    DiffRequest,
    DiffResult,
    Provider,
    Resource,
    typeOf,
    UpdateRequest,
} from "../frame/provider";
import { useOfficial, validate } from "../frame/resourceSchema";
import { containsUnknowns, hasValue, sameValue, Values, withoutNulls } from "../frame/values";
import { GraphClient, GraphError } from "./graphClient";
import { DirectoryResource, resources } from "./resources";

const clientConfig = "azuread:index/getClientConfig:getClientConfig";
const minute = 60e9;

/**
 * The lifecycle of Entra ID objects, using the official plug-in's Graph calls. The official plug-in polls until a reply
 * has been stable for some seconds, because Entra ID propagates changes slowly; the emulator applies them at once, so
 * each request is sent only once.
 */
export class AzureAdProvider implements Provider {
    constructor(private readonly client: GraphClient) {}

    check({ urn, news }: CheckRequest): CheckResult {
        const { inputs: properties } = resource(urn);
        const given = withoutNulls(news);
        const defaults = Object.entries(properties).filter(
            ([name, { fallback }]) => fallback !== undefined && !(name in given),
        );
        const inputs = {
            ...Object.fromEntries(defaults.map(([name, { fallback }]) => [name, fallback])),
            ...given,
            __defaults: defaults.map(([name]) => name),
        };
        return { inputs, failures: validate("azuread", properties, inputs) };
    }

    diff({ urn, oldState, news }: DiffRequest): DiffResult {
        const { inputs: properties } = resource(urn);
        const detailed = new Map<string, Change>();
        for (const [name, { updates }] of Object.entries(properties)) {
            if (hasValue(news[name]) && !sameValue(news[name], oldState[name])) {
                detailed.set(name, { kind: "update", replaces: updates !== true });
            }
        }
        const changed = [...detailed.keys()].sort();
        const replaces = changed.filter((name) => detailed.get(name)?.replaces);
        return { changed, replaces, deleteBeforeReplace: false, detailed };
    }

    /** Only the inputs are known: Entra ID determines everything else. */
    previewCreate(_urn: string, inputs: Values): Values {
        return known(inputs);
    }

    async create(urn: string, inputs: Values, signal: AbortSignal): Promise<Created> {
        if (containsUnknowns(inputs)) {
            throw new Error(`${urn}: an input is still unknown`);
        }
        const type = resource(urn);
        const id = await type.create(this.client, inputs, signal);
        return { id, outputs: await this.outputs(type, id, signal) };
    }

    async read(
        urn: string,
        id: string,
        inputs: Values | undefined,
        _state: Values,
        signal: AbortSignal,
    ): Promise<Resource> {
        if (inputs === undefined) {
            throw new Error(
                `${typeOf(urn)}: import is not in the azuread stand-in. ${useOfficial}`,
            );
        }
        const type = resource(urn);
        const found = await type.read(this.client, id, signal);
        if (found === undefined) {
            return { id: "", outputs: {}, inputs: {} };
        }
        const drifted = Object.keys(known(inputs)).map((name) => [name, found[name]]);
        return {
            id,
            outputs: { ...meta(type), ...found, id },
            inputs: { ...inputs, ...Object.fromEntries(drifted) },
        };
    }

    previewUpdate({ oldState, news }: UpdateRequest): Values {
        return { ...oldState, ...known(news) };
    }

    async update({ urn, id, news }: UpdateRequest, signal: AbortSignal): Promise<Values> {
        const type = resource(urn);
        await this.client.call("PATCH", type.path(id), signal, type.patch(news));
        return this.outputs(type, id, signal);
    }

    /** An object that no longer exists counts as deleted. */
    async delete(urn: string, id: string, signal: AbortSignal): Promise<void> {
        const path = resource(urn).path(id);
        try {
            await this.client.call("DELETE", path, signal);
        } catch (error) {
            if (!(error instanceof GraphError && error.status === 404)) {
                throw error;
            }
        }
        if ((await this.client.find(path, signal)) !== undefined) {
            throw new Error(`${id} still exists after its deletion`);
        }
    }

    async invoke(token: string, _args: Values, signal: AbortSignal): Promise<Values> {
        if (token !== clientConfig) {
            throw new Error(
                `function ${token} is not in the azuread stand-in, which supports ${clientConfig}. ${useOfficial}`,
            );
        }
        const { appid: clientId, oid: objectId, tid: tenantId } = await this.client.whoAmI(signal);
        const id = [tenantId, clientId, objectId].map(String).join("-");
        return { clientId, id, objectId, tenantId };
    }

    private async outputs(
        type: DirectoryResource,
        id: string,
        signal: AbortSignal,
    ): Promise<Values> {
        const found = await type.read(this.client, id, signal);
        if (found === undefined) {
            throw new Error(`${id} cannot be found after its creation or update`);
        }
        return { ...meta(type), ...found, id };
    }
}

/** Inputs without those that the frame adds, e.g. `__defaults`. */
const known = (inputs: Values): Values =>
    Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("__")));

/** What the official plug-in stores about its timeouts and schema, so that it can take over the state. */
function meta({ schemaVersion, timeouts }: DirectoryResource): Values {
    const [create, remove, read, update] = timeouts.map((minutes) => minutes * minute);
    return {
        __meta: JSON.stringify({
            "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0": { create, delete: remove, read, update },
            ...(schemaVersion === undefined ? {} : { schema_version: String(schemaVersion) }),
        }),
    };
}

function resource(urn: string): DirectoryResource {
    const type = typeOf(urn);
    if (!Object.prototype.hasOwnProperty.call(resources, type)) {
        throw new Error(
            `resource type ${type} is not in the azuread stand-in, which supports ` +
                `${Object.keys(resources).join(", ")}. ${useOfficial}`,
        );
    }
    return resources[type];
}
