import * as grpc from "@grpc/grpc-js";
import {
    ResourceProviderClient,
    ResourceProviderService,
} from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { ArmClient } from "../../standins/azure-native/armClient";
import { AzureNativeProvider } from "../../standins/azure-native/provider";
import { Configuration } from "../../standins/azure/configuration";
import { service } from "../../standins/frame/service";
import { FakeArm } from "./fakeArm";

export type Props = Record<string, unknown>;

export const subscription = "11111111-2222-3333-4444-555555555555";
export const group = `/subscriptions/${subscription}/resourceGroups/rg`;

export const urn = (type: string, name: string): string =>
    `urn:pulumi:dev::project::azure-native:${type}::${name}`;

export const struct = (properties: Props): Struct =>
    Struct.fromJavaScript(properties as Record<string, JavaScriptValue>);

/** A JWT whose payload says who signed in. */
export const tokenOf = (claims: Props): string =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

/** The plugin's service behind a real gRPC connection, its ARM a fake. */
export class Plugin {
    readonly scopes: string[] = [];
    readonly warnings: string[] = [];
    /** Milliseconds the plugin waited between calls. */
    readonly waits: number[] = [];
    private constructor(
        readonly arm: FakeArm,
        private readonly server: grpc.Server,
        private readonly connect: (port: number) => ResourceProviderClient,
    ) {}

    private client!: ResourceProviderClient;

    static async start(settings: Record<string, string> = {}): Promise<Plugin> {
        const arm = new FakeArm();
        const server = new grpc.Server();
        const plugin = new Plugin(
            arm,
            server,
            (port) =>
                new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure()),
        );
        const handlers = service((options) => {
            const configuration = new Configuration("azure-native", options, {});
            const wait = (milliseconds: number): Promise<void> => {
                plugin.waits.push(milliseconds);
                return Promise.resolve();
            };
            const client = new ArmClient(arm, { endpoint: "https://management.azure.com", wait });
            const warn = (_urn: string, message: string): void => {
                plugin.warnings.push(message);
            };
            const credential = {
                getToken: (scope: string | string[]) => {
                    plugin.scopes.push(String(scope));
                    const token = tokenOf({ appid: "app", oid: "object", tid: "tenant" });
                    return Promise.resolve({ token, expiresOnTimestamp: Date.now() + 60_000 });
                },
            };
            const connection = { client, configuration, credential, warn };
            return new AzureNativeProvider({ ...connection, subscriptionId: subscription });
        }, "3.28.0");
        server.addService(ResourceProviderService, handlers);
        const port = await new Promise<number>((resolve, reject) => {
            server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, at) =>
                error === null ? resolve(at) : reject(error),
            );
        });
        plugin.client = plugin.connect(port);
        const request = new messages.ConfigureRequest();
        for (const [name, value] of Object.entries(settings)) {
            request.getVariablesMap().set(`azure-native:config:${name}`, value);
        }
        await plugin.call<messages.ConfigureResponse>("configure", request);
        return plugin;
    }

    stop(): void {
        this.client.close();
        this.server.forceShutdown();
    }

    call<Response>(
        method: keyof ResourceProviderClient & string,
        request: unknown,
    ): Promise<Response> {
        const client = this.client as unknown as Record<
            string,
            (request: unknown, callback: (error: Error | null, response: Response) => void) => void
        >;
        return new Promise((resolve, reject) => {
            client[method](request, (error, response) =>
                error === null ? resolve(response) : reject(error),
            );
        });
    }

    async check(
        type: string,
        name: string,
        news: Props,
        more: { olds?: Props; seed?: string; naming?: [number, string] } = {},
    ): Promise<{ inputs: Props; failures: string[] }> {
        const request = new messages.CheckRequest();
        request.setUrn(urn(type, name));
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
        request.setUrn(urn(type, "it"));
        request.setOldInputs(struct(oldInputs));
        request.setOlds(struct(state));
        request.setNews(struct(news));
        return this.call("diff", request);
    }

    async create(type: string, inputs: Props, preview = false): Promise<[string, Props]> {
        const request = new messages.CreateRequest();
        request.setUrn(urn(type, "it"));
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
        request.setUrn(urn(type, "it"));
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

    async update(type: string, news: Props, olds: Props = {}, preview = false): Promise<Props> {
        const request = new messages.UpdateRequest();
        request.setUrn(urn(type, "it"));
        request.setOlds(struct(olds));
        request.setNews(struct(news));
        request.setPreview(preview);
        const response = await this.call<messages.UpdateResponse>("update", request);
        return response.getProperties()?.toJavaScript() ?? {};
    }

    async delete(type: string, id: string): Promise<void> {
        const request = new messages.DeleteRequest();
        request.setUrn(urn(type, "it"));
        request.setId(id);
        await this.call("delete", request);
    }

    async invoke(token: string, args: Props): Promise<Props> {
        const request = new messages.InvokeRequest();
        request.setTok(`azure-native:${token}`);
        request.setArgs(struct(args));
        const response = await this.call<messages.InvokeResponse>("invoke", request);
        return response.getReturn()?.toJavaScript() ?? {};
    }
}
