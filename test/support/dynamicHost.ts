import { ChildProcess, spawn } from "child_process";
import * as path from "path";
import { createInterface } from "readline";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { loader, ProviderName } from "../../components/dynamic/resource";
import { grpcCall } from "./grpcCall";

const repository = path.resolve(__dirname, "../..");
const project = "iot-x509";

export type Props = Record<string, unknown>;

export interface Checked {
    readonly inputs: Props;
    /** `property: reason`. */
    readonly failures: readonly string[];
}

export interface Difference {
    readonly changes: boolean;
    readonly replaces: readonly string[];
}

/**
 * Pulumi's own process for dynamic providers, spoken to as the engine does it: gRPC on loopback. Its working folder is the
 * project's, and its environment this process's.
 */
export class DynamicHost {
    private constructor(
        private readonly child: ChildProcess,
        private readonly client: ResourceProviderClient,
        /** What the host wrote to its standard output after the port, and to its standard error. */
        readonly lines: readonly string[],
    ) {}

    /** @param settings of the stack, without the project's name; beside the one that every stack has */
    static async start(
        settings: Readonly<Record<string, string | undefined>> = {},
        variables: NodeJS.ProcessEnv = {},
    ): Promise<DynamicHost> {
        const script = "node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js";
        const child = spawn(process.execPath, [script, "127.0.0.1:1"], {
            cwd: repository,
            env: {
                ...process.env,
                PULUMI_NODEJS_PROJECT: project,
                PULUMI_NODEJS_STACK: "unit",
                ...variables,
            },
            stdio: ["ignore", "pipe", "pipe"],
        });
        const lines: string[] = [];
        const output = createInterface({ input: child.stdout });
        createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
        const port = await new Promise<string>((resolve, reject) => {
            output.once("line", resolve);
            child.once("error", reject);
            child.once("exit", () => reject(new Error(lines.join("\n"))));
        });
        output.on("line", (line) => lines.push(line));
        const client = new ResourceProviderClient(
            `127.0.0.1:${port.trim()}`,
            grpc.credentials.createInsecure(),
        );
        const host = new DynamicHost(child, client, lines);
        await host.configure({ organization: "Contoso", ...settings });
        return host;
    }

    async stop(): Promise<void> {
        this.client.close();
        const ended = new Promise((resolve) => this.child.once("exit", resolve));
        this.child.kill();
        await ended;
    }

    private async configure(settings: Readonly<Record<string, string | undefined>>): Promise<void> {
        const given = Object.entries(settings).filter(([, value]) => value !== undefined);
        const named = given.map(([key, value]) => [`${project}:${key}`, value]);
        const request = new messages.ConfigureRequest();
        request.setArgs(struct(Object.fromEntries(named)));
        await this.call("configure", request);
    }

    /** @param module of the provider, as for {@link loader} */
    async check(module: ProviderName, news: Props, olds: Props = {}): Promise<Checked> {
        const request = new messages.CheckRequest();
        request.setOlds(struct(olds));
        request.setNews(struct({ ...news, __provider: loader(module) }));
        const response = await this.call<messages.CheckResponse>("check", request);
        return {
            inputs: properties(response.getInputs()),
            failures: response
                .getFailuresList()
                .map((failure) => `${failure.getProperty()}: ${failure.getReason()}`),
        };
    }

    /** What {@link check} lets through; throws on a failure. */
    async checked(module: ProviderName, news: Props, olds: Props = {}): Promise<Props> {
        const { inputs, failures } = await this.check(module, news, olds);
        if (failures.length > 0) {
            throw new Error(failures.join("\n"));
        }
        return inputs;
    }

    async diff(id: string, olds: Props, news: Props): Promise<Difference> {
        const request = new messages.DiffRequest();
        request.setId(id);
        request.setOlds(struct(olds));
        request.setNews(struct(news));
        const response = await this.call<messages.DiffResponse>("diff", request);
        return {
            changes: response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
            replaces: response.getReplacesList(),
        };
    }

    async create(inputs: Props): Promise<{ readonly id: string; readonly state: Props }> {
        const request = new messages.CreateRequest();
        request.setProperties(struct(inputs));
        const response = await this.call<messages.CreateResponse>("create", request);
        return { id: response.getId(), state: properties(response.getProperties()) };
    }

    /** The state found; undefined when the resource is gone. */
    async read(id: string, state: Props): Promise<Props | undefined> {
        const request = new messages.ReadRequest();
        request.setId(id);
        request.setProperties(struct(state));
        const response = await this.call<messages.ReadResponse>("read", request);
        return response.getId() === "" ? undefined : properties(response.getProperties());
    }

    async update(id: string, olds: Props, news: Props): Promise<Props> {
        const request = new messages.UpdateRequest();
        request.setId(id);
        request.setOlds(struct(olds));
        request.setNews(struct(news));
        const response = await this.call<messages.UpdateResponse>("update", request);
        return properties(response.getProperties());
    }

    async delete(id: string, state: Props): Promise<void> {
        const request = new messages.DeleteRequest();
        request.setId(id);
        request.setProperties(struct(state));
        await this.call("delete", request);
    }

    private call<Response>(
        method: keyof ResourceProviderClient & string,
        request: unknown,
    ): Promise<Response> {
        return grpcCall(this.client, method, request);
    }
}

/** How a device authenticates: azure-iothub's types lack the property. */
export function authenticationType(device: { readonly authentication?: unknown }): unknown {
    return (device.authentication as { readonly type?: unknown } | undefined)?.type;
}

function struct(values: Props): Struct {
    return Struct.fromJavaScript(values as Record<string, JavaScriptValue>);
}

function properties(values: Struct | undefined): Props {
    return values?.toJavaScript() ?? {};
}
