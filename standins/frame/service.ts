import * as grpc from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { ChangeKind, InitializationFailed, NamingOptions, Provider } from "./provider";
import { secret, Values } from "./values";

type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** The longest time for an operation without `customTimeouts`, as in the official plug-ins. */
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
 * The Pulumi resource provider service (`pulumi/provider.proto`). Like the official plug-ins it does not accept secrets
 * from the engine, which then marks outputs as secret if the matching inputs were; outputs that are always secret are
 * returned as such. Methods left out reply "unimplemented", which the engine understands.
 *
 * @param schema of the package, as JSON
 */
export function service(
    configure: (settings: ReadonlyMap<string, string>) => Provider | Promise<Provider>,
    version: string,
    schema: string,
): grpc.UntypedServiceImplementation {
    const shutdown = new AbortController();
    let configured: Provider | undefined;
    let keepSecrets = false;
    const provider = (): Provider => {
        if (configured === undefined) {
            throw new Error("the provider is not configured");
        }
        return configured;
    };
    const within = (seconds: number): AbortSignal =>
        AbortSignal.any([
            shutdown.signal,
            AbortSignal.timeout((seconds > 0 ? seconds : defaultTimeoutSeconds) * 1_000),
        ]);

    const outputs = (urn: string, properties: Values): Struct => {
        const secrets = keepSecrets ? (provider().secretOutputs?.(urn) ?? []) : [];
        const marked = secrets
            .filter((name) => name in properties)
            .map((name) => [name, secret(properties[name])]);
        return struct({ ...properties, ...Object.fromEntries(marked) });
    };

    const checkConfig = answering((request: messages.CheckRequest) => {
        const response = new messages.CheckResponse();
        response.setInputs(request.getNews());
        return response;
    });

    const configureProvider = answering(async (request: messages.ConfigureRequest) => {
        const variables = request.getVariablesMap().toArray() as [string, string][];
        configured = await configure(
            new Map(variables.map(([name, value]) => [name.replace(/^[^:]*:config:/, ""), value])),
        );
        keepSecrets = request.getAcceptsecrets();
        const response = new messages.ConfigureResponse();
        response.setSupportspreview(true);
        response.setSupportsAutonamingConfiguration(true);
        return response;
    });

    const invokeFunction = answering(async (request: messages.InvokeRequest) => {
        const args = values(request.getArgs());
        const result = await provider().invoke(request.getTok(), args, within(0));
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
        const result = provider().diff({
            urn: request.getUrn(),
            oldInputs: values(request.getOldInputs()),
            oldState: values(request.getOlds()),
            news: values(request.getNews()),
        });
        const response = new DiffResponse();
        const { DIFF_SOME, DIFF_NONE } = DiffResponse.DiffChanges;
        response.setChanges(result.changed.length > 0 ? DIFF_SOME : DIFF_NONE);
        response.setDiffsList([...result.changed]);
        response.setReplacesList([...result.replaces]);
        response.setDeletebeforereplace(result.deleteBeforeReplace);
        response.setHasdetaileddiff((result.detailed?.size ?? 0) > 0);
        for (const [path, { kind, replaces }] of result.detailed ?? []) {
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
            const previewed = provider().previewCreate(request.getUrn(), inputs);
            response.setProperties(outputs(request.getUrn(), previewed));
            return response;
        }
        const signal = within(request.getTimeout());
        const created = await provider().create(request.getUrn(), inputs, signal);
        response.setId(created.id);
        response.setProperties(outputs(request.getUrn(), created.outputs));
        return response;
    });

    const read = answering(async (request: messages.ReadRequest) => {
        const found = await provider().read(
            request.getUrn(),
            request.getId(),
            request.hasInputs() ? values(request.getInputs()) : undefined,
            values(request.getProperties()),
            within(request.getTimeout()),
        );
        const response = new messages.ReadResponse();
        response.setId(found.id);
        response.setProperties(outputs(request.getUrn(), found.outputs));
        response.setInputs(struct(found.inputs));
        return response;
    });

    const update = answering(async (request: messages.UpdateRequest) => {
        const change = {
            urn: request.getUrn(),
            id: request.getId(),
            oldState: values(request.getOlds()),
            news: values(request.getNews()),
        };
        const updated = request.getPreview()
            ? provider().previewUpdate(change)
            : await provider().update(change, within(request.getTimeout()));
        const response = new messages.UpdateResponse();
        response.setProperties(outputs(request.getUrn(), updated));
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

    const getSchema = answering((_request: messages.GetSchemaRequest) => {
        const response = new messages.GetSchemaResponse();
        response.setSchema(schema);
        return response;
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
        getSchema,
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

/** A failed operation, with the resource's current state if it exists after all. */
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
