import { ArmError, StartedError } from "./armClient";
import {
    CheckRequest,
    CheckResult,
    DiffRequest,
    DiffResult,
    InitializationFailed,
    Provider,
    Resource,
    typeOf,
    UpdateRequest,
} from "../frame/provider";
import {
    importedInputs,
    inputsFromOutputs,
    outputsOf,
    previewOutputs,
    requestBody,
} from "./convert";
import { Changes, difference, mergeDrift } from "./difference";
import { invoke } from "./functions";
import { applyName, createBeforeDelete } from "./naming";
import { parseResourceId, resourceId } from "./resourcePath";
import { ResourceType, resourceType } from "./resourceTypes";
import { validate } from "./validate";
import {
    containsUnknowns,
    hasValue,
    sameValue,
    unknownValue,
    Values,
    withoutNulls,
} from "../frame/values";
import { Connection } from "./connection";

/** API version that azure-native uses to look up a resource group's location. */
const resourceGroupVersion = "2020-10-01";

/**
 * The lifecycle of resources, with the same steps as the official provider (pulumi-azure-native
 * `provider/pkg/provider`: `provider.go`, `crud/crud.go`).
 */
export class AzureNativeProvider implements Provider {
    private readonly groupLocations = new Map<string, string>();

    constructor(private readonly connection: Connection) {}

    async check(request: CheckRequest, signal: AbortSignal): Promise<CheckResult> {
        const type = resourceType(typeOf(request.urn));
        const inputs = withoutNulls(request.news);
        const olds = withoutNulls(request.olds);
        applyName(type, request.urn, request.randomSeed, request.autonaming, olds, inputs);
        if ("location" in type.body && !hasValue(inputs["location"])) {
            const location = await this.defaultLocation(olds, inputs, signal);
            if (location !== undefined) {
                inputs["location"] = location;
            }
        }
        inputs["azureApiVersion"] ??= type.apiVersion;
        return { inputs, failures: validate(type, inputs) };
    }

    /** The old location, else the configured one, else the resource group's. */
    private async defaultLocation(
        olds: Values,
        inputs: Values,
        signal: AbortSignal,
    ): Promise<unknown> {
        const fixed = olds["location"] ?? this.connection.configuration.location;
        const group = inputs["resourceGroupName"];
        if (fixed !== undefined || typeof group !== "string") {
            return fixed;
        }
        if (group === unknownValue) {
            return unknownValue;
        }
        const known = this.groupLocations.get(group);
        if (known !== undefined) {
            return known;
        }
        const id = `/subscriptions/${this.connection.subscriptionId}/resourceGroups/${encodeURIComponent(group)}`;
        try {
            const found = await this.connection.client.get(id, resourceGroupVersion, signal);
            const location = found["location"];
            if (typeof location === "string") {
                this.groupLocations.set(group, location);
                return location;
            }
        } catch (error) {
            if (!(error instanceof ArmError)) {
                throw error;
            }
        }
        return undefined;
    }

    diff({ urn, oldInputs, oldState, news }: DiffRequest): DiffResult {
        const olds = withoutNulls(oldInputs);
        const inputs = withoutNulls(news);
        // An imported resource has the version only in its outputs.
        if (!hasValue(olds["azureApiVersion"]) && hasValue(oldState["azureApiVersion"])) {
            olds["azureApiVersion"] = oldState["azureApiVersion"];
        }
        const detailed: Changes = difference(resourceType(typeOf(urn)), olds, inputs);
        for (const [path, change] of detailed) {
            // An input that equals what Azure had already chosen does not replace anything.
            const settled = hasValue(inputs[path]) && sameValue(inputs[path], oldState[path]);
            if (change.kind === "add" && change.replaces && settled) {
                detailed.set(path, { ...change, replaces: false });
            }
        }
        const replaces = [...detailed].filter(([, { replaces }]) => replaces).map(([path]) => path);
        return {
            changed: [...new Set([...detailed.keys()].map((path) => path.split(".")[0]))],
            replaces,
            deleteBeforeReplace: replaces.length > 0 && olds[createBeforeDelete] !== true,
            detailed,
        };
    }

    /** @throws InitializationFailed when creation started but did not finish */
    async create(urn: string, properties: Values, signal: AbortSignal): Promise<Resource> {
        const type = resourceType(typeOf(urn));
        const inputs = withoutNulls(properties);
        const id = this.idOf(type, inputs);
        await this.connection.client.canCreate(id, type.apiVersion, signal);
        return this.put(urn, type, id, inputs, "Create", signal);
    }

    previewCreate(urn: string, properties: Values): Values {
        return previewOutputs(resourceType(typeOf(urn)).body, withoutNulls(properties));
    }

    async update({ urn, news }: UpdateRequest, signal: AbortSignal): Promise<Values> {
        const type = resourceType(typeOf(urn));
        const inputs = withoutNulls(news);
        const path = this.idOf(type, inputs);
        return (await this.put(urn, type, path, inputs, "Update", signal)).outputs;
    }

    /** Name and location never change in an update. */
    previewUpdate({ urn, oldState, news }: UpdateRequest): Values {
        const stable = ["name", "location"].filter((name) => hasValue(oldState[name]));
        return {
            ...this.previewCreate(urn, news),
            ...Object.fromEntries(stable.map((name) => [name, oldState[name]])),
        };
    }

    /**
     * Reads a resource that is known (`inputs` and `state` from last time) or imported (neither). Changes made on
     * Azure's side become inputs, so that the next preview shows them.
     */
    async read(
        urn: string,
        id: string,
        inputs: Values | undefined,
        state: Values,
        signal: AbortSignal,
    ): Promise<Resource> {
        const type = resourceType(typeOf(urn));
        let outputs: Values;
        try {
            outputs = this.outputs(
                type,
                await this.connection.client.get(id, type.apiVersion, signal),
            );
        } catch (error) {
            if (error instanceof ArmError && error.status === 404) {
                return { id: "", outputs: {}, inputs: {} };
            }
            throw error;
        }
        if (inputs === undefined) {
            const path = parseResourceId(type.template, type.path, id);
            return { id, outputs, inputs: { ...path, ...importedInputs(type.body, outputs) } };
        }
        const drifted = mergeDrift(
            withoutNulls(inputs),
            inputsFromOutputs(type.body, withoutNulls(state)),
            inputsFromOutputs(type.body, outputs),
        );
        return { id, outputs, inputs: drifted };
    }

    async delete(urn: string, id: string, signal: AbortSignal): Promise<void> {
        const type = resourceType(typeOf(urn));
        await this.connection.client.delete(
            id,
            type.apiVersion,
            type.longRunningDelete === true,
            signal,
        );
    }

    invoke(token: string, args: Values, signal: AbortSignal): Promise<Values> {
        return invoke(token, args, this.connection, signal);
    }

    private async put(
        urn: string,
        type: ResourceType,
        path: string,
        inputs: Values,
        operation: "Create" | "Update",
        signal: AbortSignal,
    ): Promise<Resource> {
        if (containsUnknowns(inputs)) {
            throw new Error(`${operation} of ${path}: an input is still unknown`);
        }
        const { client } = this.connection;
        let answer: Values;
        try {
            answer = await client.put(
                path,
                type.apiVersion,
                requestBody(type.body, inputs),
                type.longRunningPut === true,
                signal,
            );
        } catch (error) {
            if (error instanceof StartedError) {
                throw await this.initializationFailed(type, path, inputs, error, signal);
            }
            throw error;
        }
        const id = typeof answer["id"] === "string" ? answer["id"] : path;
        try {
            // Replies to PUT and GET differ; a refresh compares with replies to GET.
            answer = await client.get(id, type.apiVersion, signal);
        } catch (error) {
            this.connection.warn(
                urn,
                `Failed to read resource after ${operation}: ${(error as Error).message}`,
            );
        }
        return { id, outputs: this.outputs(type, answer), inputs };
    }

    private async initializationFailed(
        type: ResourceType,
        id: string,
        inputs: Values,
        cause: Error,
        signal: AbortSignal,
    ): Promise<InitializationFailed> {
        try {
            const found = await this.connection.client.get(id, type.apiVersion, signal);
            return new InitializationFailed(cause.message, {
                id,
                outputs: this.outputs(type, found),
                inputs,
            });
        } catch (error) {
            const reason = `resource created but read failed ${(error as Error).message}: ${cause.message}`;
            return new InitializationFailed(reason, { id, outputs: {}, inputs });
        }
    }

    private idOf(type: ResourceType, inputs: Values): string {
        return resourceId(type.template, type.path, inputs, this.connection.subscriptionId);
    }

    private outputs(type: ResourceType, response: Values): Values {
        return { ...outputsOf(type.body, response), azureApiVersion: type.apiVersion };
    }
}
