import type { TokenCredential } from "@azure/identity";
import * as grpc from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { ChangeKind } from "./difference";
import { invoke } from "./functions";
import { NamingOptions } from "./naming";
import { Connection, InitializationFailed, Provider } from "./provider";
import { Values } from "./values";

/** A provider that is configured: what signs in, and what it works with. */
export interface Configured {
    readonly connection: Connection;
    readonly credential: TokenCredential;
}

/** Signs in with the provider's configuration. */
export type Configure = (variables: Iterable<[string, string]>) => Promise<Configured>;

type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** Longest an operation takes when the program sets no `customTimeouts`, as officially. */
const defaultTimeoutSeconds = 120 * 60;

const { PropertyDiff, DiffResponse } = messages;
const kinds: Record<ChangeKind, [number, number]> = {
    add: [PropertyDiff.Kind.ADD, PropertyDiff.Kind.ADD_REPLACE],
    delete: [PropertyDiff.Kind.DELETE, PropertyDiff.Kind.DELETE_REPLACE],
    update: [PropertyDiff.Kind.UPDATE, PropertyDiff.Kind.UPDATE_REPLACE],
};

const modes: Record<number, NamingOptions["mode"]> = {
    [messages.CheckRequest.AutonamingOptions.Mode.PROPOSE]: "propose",
    [messages.CheckRequest.AutonamingOptions.Mode.ENFORCE]: "enforce",
    [messages.CheckRequest.AutonamingOptions.Mode.DISABLE]: "disable",
};

/**
 * The Pulumi resource provider service (`pulumi/provider.proto`). Like the official plugin it takes
 * no secrets from the engine, which then marks outputs as secret by the inputs that were.
 * Methods left out are answered "unimplemented", which the engine understands.
 */
export function service(configure: Configure, version: string): grpc.UntypedServiceImplementation {
    const shutdown = new AbortController();
    let configured: Configured | undefined;
    const ready = (): Configured => {
        if (configured === undefined) {
            throw new Error("the provider is not configured");
        }
        return configured;
    };
    const provider = (): Provider => (providerOf ??= new Provider(ready().connection));
    let providerOf: Provider | undefined;
    const within = (seconds: number): AbortSignal =>
        AbortSignal.any([
            shutdown.signal,
            AbortSignal.timeout((seconds > 0 ? seconds : defaultTimeoutSeconds) * 1_000),
        ]);

    const checkConfig = answering((request: messages.CheckRequest) => {
        const response = new messages.CheckResponse();
        response.setInputs(request.getNews());
        return response;
    });

    const configureProvider = answering(async (request: messages.ConfigureRequest) => {
        configured = await configure(request.getVariablesMap().toArray() as [string, string][]);
        providerOf = undefined;
        const response = new messages.ConfigureResponse();
        response.setSupportspreview(true);
        response.setSupportsAutonamingConfiguration(true);
        return response;
    });

    const invokeFunction = answering(async (request: messages.InvokeRequest) => {
        const { connection, credential } = ready();
        const args = values(request.getArgs());
        const result = await invoke(request.getTok(), args, connection, credential, within(0));
        const response = new messages.InvokeResponse();
        response.setReturn(struct(result));
        return response;
    });

    const check = answering(async (request: messages.CheckRequest) => {
        const { inputs, failures } = await provider().check(
            {
                urn: request.getUrn(),
                olds: values(request.getOlds()),
                news: values(request.getNews()),
                randomSeed: request.getRandomseed_asU8(),
                autonaming: namingOptions(request),
            },
            within(0),
        );
        const response = new messages.CheckResponse();
        response.setInputs(struct(inputs));
        response.setFailuresList(
            failures.map((reason) => {
                const failure = new messages.CheckFailure();
                failure.setReason(reason);
                return failure;
            }),
        );
        return response;
    });

    const diff = answering((request: messages.DiffRequest) => {
        const result = provider().diff(
            request.getUrn(),
            values(request.getOldInputs()),
            values(request.getOlds()),
            values(request.getNews()),
        );
        const response = new DiffResponse();
        const { DIFF_SOME, DIFF_NONE } = DiffResponse.DiffChanges;
        response.setChanges(result.changed.length > 0 ? DIFF_SOME : DIFF_NONE);
        response.setDiffsList([...result.changed]);
        response.setReplacesList([...result.replaces]);
        response.setDeletebeforereplace(result.deleteBeforeReplace);
        response.setHasdetaileddiff(result.changed.length > 0);
        for (const [path, { kind, replaces }] of result.detailed) {
            const entry = new PropertyDiff();
            entry.setKind(kinds[kind][replaces ? 1 : 0]);
            entry.setInputdiff(true);
            response.getDetaileddiffMap().set(path, entry);
        }
        return response;
    });

    const create = answering(async (request: messages.CreateRequest) => {
        const response = new messages.CreateResponse();
        const inputs = values(request.getProperties());
        if (request.getPreview()) {
            response.setProperties(struct(provider().previewCreate(request.getUrn(), inputs)));
            return response;
        }
        const signal = within(request.getTimeout());
        const { id, outputs } = await provider().create(request.getUrn(), inputs, signal);
        response.setId(id);
        response.setProperties(struct(outputs));
        return response;
    });

    const read = answering(async (request: messages.ReadRequest) => {
        const { id, outputs, inputs } = await provider().read(
            request.getUrn(),
            request.getId(),
            request.hasInputs() ? values(request.getInputs()) : undefined,
            values(request.getProperties()),
            within(request.getTimeout()),
        );
        const response = new messages.ReadResponse();
        response.setId(id);
        response.setProperties(struct(outputs));
        response.setInputs(struct(inputs));
        return response;
    });

    const update = answering(async (request: messages.UpdateRequest) => {
        const response = new messages.UpdateResponse();
        const news = values(request.getNews());
        if (request.getPreview()) {
            const olds = values(request.getOlds());
            response.setProperties(struct(provider().previewUpdate(request.getUrn(), olds, news)));
            return response;
        }
        const signal = within(request.getTimeout());
        response.setProperties(
            struct((await provider().update(request.getUrn(), news, signal)).outputs),
        );
        return response;
    });

    const remove = answering(async (request: messages.DeleteRequest) => {
        await provider().delete(request.getUrn(), request.getId(), within(request.getTimeout()));
        return new Empty();
    });

    const getPluginInfo = answering((_request: Empty) => {
        const info = new PluginInfo();
        info.setVersion(version);
        return info;
    });

    const cancel = answering((_request: Empty) => {
        shutdown.abort(new Error("the operation was cancelled"));
        return new Empty();
    });

    return {
        checkConfig,
        diffConfig: answering((_request: messages.DiffRequest) => new DiffResponse()),
        configure: configureProvider,
        invoke: invokeFunction,
        check,
        diff,
        create,
        read,
        update,
        delete: remove,
        getPluginInfo,
        cancel,
    };
}

function answering<Request, Response>(
    handle: (request: Request) => Response | Promise<Response>,
): Unary<Request, Response> {
    return (call, callback) => {
        const answer = async (): Promise<Response> => handle(call.request);
        answer().then(
            (response) => callback(null, response),
            (error: Error) => callback(statusOf(error)),
        );
    };
}

/** A failed operation, with the resource as it stands when there is one after all. */
function statusOf(error: Error): Partial<grpc.StatusObject> {
    const metadata = new grpc.Metadata();
    if (error instanceof InitializationFailed) {
        const { id, outputs, inputs } = error.resource;
        const detail = new messages.ErrorResourceInitFailed();
        detail.setId(id);
        detail.setProperties(struct(outputs));
        detail.setInputs(struct(inputs));
        detail.setReasonsList([error.message]);
        const packed = new Any();
        packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
        const status = new Status();
        status.setCode(grpc.status.UNKNOWN);
        status.setMessage(error.message);
        status.addDetails(packed);
        metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
    }
    return { code: grpc.status.UNKNOWN, details: error.message, metadata };
}

function namingOptions(request: messages.CheckRequest): NamingOptions | undefined {
    const options = request.getAutonaming();
    const mode = options === undefined ? undefined : modes[options.getMode()];
    return options === undefined || mode === undefined
        ? undefined
        : { mode, proposedName: options.getProposedName() };
}

const values = (properties: Struct | undefined): Values => properties?.toJavaScript() ?? {};

const struct = (properties: Values): Struct =>
    Struct.fromJavaScript(properties as Record<string, JavaScriptValue>);
