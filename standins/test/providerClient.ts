import * as grpc from "@grpc/grpc-js";
import {
    ResourceProviderClient,
    ResourceProviderService,
} from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { Provider } from "../frame/provider";
import { service } from "../frame/service";
import { grpcCall } from "../../test/support/grpcCall";

export type Props = Record<string, unknown>;

const struct = (properties: Props): Struct =>
    Struct.fromJavaScript(properties as Record<string, JavaScriptValue>);

type Configure = (settings: ReadonlyMap<string, string>) => Provider | Promise<Provider>;

/** A provider behind a real gRPC connection, called as the engine calls it. */
export class ProviderClient {
    private readonly server = new grpc.Server();
    private client!: ResourceProviderClient;

    /** @param name of the package */
    constructor(private readonly name: string) {}

    /** The engine takes secrets, as a real one does. */
    async serve(
        configure: Configure,
        version: string,
        settings: Record<string, string> = {},
    ): Promise<this> {
        this.server.addService(ResourceProviderService, service(configure, version, "{}"));
        const insecure = grpc.ServerCredentials.createInsecure();
        const port = await new Promise<number>((resolve, reject) => {
            this.server.bindAsync("127.0.0.1:0", insecure, (error, at) =>
                error === null ? resolve(at) : reject(error),
            );
        });
        const credentials = grpc.credentials.createInsecure();
        this.client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials);
        const request = new messages.ConfigureRequest();
        for (const [name, value] of Object.entries(settings)) {
            request.getVariablesMap().set(`${this.name}:config:${name}`, value);
        }
        request.setAcceptsecrets(true);
        await this.call<messages.ConfigureResponse>("configure", request);
        return this;
    }

    stop(): void {
        this.client.close();
        this.server.forceShutdown();
    }

    /** @param type without the package, e.g. `iothub:IotHubResource` */
    protected urn(type: string, name = "it"): string {
        return `urn:pulumi:dev::project::${this.token(type)}::${name}`;
    }

    private token(name: string): string {
        return `${this.name}:${name}`;
    }

    call<Response>(
        method: keyof ResourceProviderClient & string,
        request: unknown,
    ): Promise<Response> {
        return grpcCall(this.client, method, request);
    }

    async check(
        type: string,
        name: string,
        news: Props,
        more: { olds?: Props; seed?: string; naming?: [number, string] } = {},
    ): Promise<{ inputs: Props; failures: string[] }> {
        const request = new messages.CheckRequest();
        request.setUrn(this.urn(type, name));
        request.setOlds(struct(more.olds ?? {}));
        request.setNews(struct(news));
        request.setRandomseed(Buffer.from(more.seed ?? ""));
        if (more.naming !== undefined) {
            const options = new messages.CheckRequest.AutonamingOptions();
            options.setMode(more.naming[0] as 0 | 1 | 2);
            options.setProposedName(more.naming[1]);
            request.setAutonaming(options);
        }
        const response = await this.call<messages.CheckResponse>("check", request);
        return {
            inputs: response.getInputs()?.toJavaScript() ?? {},
            failures: response.getFailuresList().map((failure) => failure.getReason()),
        };
    }

    async diff(
        type: string,
        oldInputs: Props,
        news: Props,
        state: Props = {},
    ): Promise<messages.DiffResponse> {
        const request = new messages.DiffRequest();
        request.setUrn(this.urn(type));
        request.setOldInputs(struct(oldInputs));
        request.setOlds(struct(state));
        request.setNews(struct(news));
        return this.call("diff", request);
    }

    async create(type: string, inputs: Props, preview = false): Promise<[string, Props]> {
        const request = new messages.CreateRequest();
        request.setUrn(this.urn(type));
        request.setProperties(struct(inputs));
        request.setPreview(preview);
        const response = await this.call<messages.CreateResponse>("create", request);
        return [response.getId(), response.getProperties()?.toJavaScript() ?? {}];
    }

    async read(
        type: string,
        id: string,
        known?: { inputs: Props; state: Props },
    ): Promise<{ id: string; outputs: Props; inputs: Props }> {
        const request = new messages.ReadRequest();
        request.setUrn(this.urn(type));
        request.setId(id);
        request.setProperties(struct(known?.state ?? {}));
        if (known !== undefined) {
            request.setInputs(struct(known.inputs));
        }
        const response = await this.call<messages.ReadResponse>("read", request);
        return {
            id: response.getId(),
            outputs: response.getProperties()?.toJavaScript() ?? {},
            inputs: response.getInputs()?.toJavaScript() ?? {},
        };
    }

    async update(
        type: string,
        news: Props,
        olds: Props = {},
        preview = false,
        id = "",
    ): Promise<Props> {
        const request = new messages.UpdateRequest();
        request.setId(id);
        request.setUrn(this.urn(type));
        request.setOlds(struct(olds));
        request.setNews(struct(news));
        request.setPreview(preview);
        const response = await this.call<messages.UpdateResponse>("update", request);
        return response.getProperties()?.toJavaScript() ?? {};
    }

    async delete(type: string, id: string): Promise<void> {
        const request = new messages.DeleteRequest();
        request.setUrn(this.urn(type));
        request.setId(id);
        await this.call("delete", request);
    }

    async invoke(token: string, args: Props): Promise<Props> {
        const request = new messages.InvokeRequest();
        request.setTok(this.token(token));
        request.setArgs(struct(args));
        const response = await this.call<messages.InvokeResponse>("invoke", request);
        return response.getReturn()?.toJavaScript() ?? {};
    }
}
