import { compileFunction } from "vm";
import { Config } from "@pulumi/pulumi/cmd/dynamic-provider/config";
import { ResourceProvider } from "@pulumi/pulumi/dynamic";
import { connect } from "../../standins/azure-native/connect";
import { AzureNativeProvider } from "../../standins/azure-native/provider";
import { connect as connectToGraph } from "../../standins/azuread/connect";
import { Provider } from "../../standins/frame/provider";
import { randomProvider } from "../../standins/random/provider";
import { tlsProvider } from "../../standins/tls/provider";
import { Made, Make, Values } from "./inProcessResource";

/** Longest that one call to a provider takes. */
const patience = 10 * 60 * 1000;

/** The project, stack and configuration of a run, with the namespaces of the configuration's keys. */
export interface Run {
    readonly project: string;
    readonly stack: string;
    readonly config: Readonly<Record<string, string>>;
}

const warn = (_urn: string, message: string): void => console.warn(message);

/**
 * What the engine and the plugins do for one run of the program: packages by the code of their stand-ins, dynamic resources
 * as Pulumi's own host loads them.
 */
export class Providers {
    private readonly packages = new Map<string, Promise<Provider>>();
    private readonly dynamic = new Map<string, Promise<ResourceProvider>>();

    constructor(private readonly run: Run) {}

    /** @throws Error for a type that only the engine with its plugin can make */
    readonly make: Make = (resource) =>
        resource.type.startsWith("pulumi-nodejs:dynamic/")
            ? this.makeDynamic(resource.inputs)
            : this.makeWithPlugin(resource);

    /** Calls a function of a package, or the engine's own for outputs of a stack, which here has none yet. */
    async call(token: string, inputs: Values): Promise<Values> {
        if (token === "pulumi:pulumi:readStackOutputs") {
            return { outputs: {} };
        }
        const provider = await this.providerOf(token);
        return provider.invoke(token, inputs, AbortSignal.timeout(patience));
    }

    /** Configures a package's provider once. */
    private providerOf(token: string): Promise<Provider> {
        const [name] = token.split(":");
        const provider = this.packages.get(name) ?? this.configured(name);
        this.packages.set(name, provider);
        return provider;
    }

    private async configured(name: string): Promise<Provider> {
        switch (name) {
            case "azure-native":
                return new AzureNativeProvider(await connect(this.settings(name), warn));
            case "azuread":
                return connectToGraph(this.settings(name));
            case "tls":
                return tlsProvider(warn);
            case "random":
                return randomProvider();
            default:
                throw new Error(`${name} cannot be used without the Pulumi CLI and its plugin`);
        }
    }

    private settings(name: string): ReadonlyMap<string, string> {
        const prefix = `${name}:`;
        const own = Object.entries(this.run.config).filter(([key]) => key.startsWith(prefix));
        return new Map(own.map(([key, value]) => [key.slice(prefix.length), value]));
    }

    private async makeWithPlugin({ type, name, inputs: news }: Parameters<Make>[0]): Promise<Made> {
        const provider = await this.providerOf(type);
        const { project, stack } = this.run;
        const urn = `urn:pulumi:${stack}::${project}::${type}::${name}`;
        const signal = () => AbortSignal.timeout(patience);
        const request = { urn, olds: {}, news, randomSeed: new Uint8Array() };
        const { inputs, failures } = await provider.check(request, signal());
        if (failures.length > 0) {
            throw new Error(`${type} "${name}": ${failures.join("; ")}`);
        }
        const { id, outputs } = await provider.create(urn, inputs, signal());
        return { id, state: outputs, remove: () => provider.delete(urn, id, signal()) };
    }

    private async makeDynamic(given: Values): Promise<Made> {
        const { __provider: loader, ...news } = given;
        const provider = await this.dynamicProvider(String(loader));
        const { inputs = news, failures = [] } = (await provider.check?.({}, news)) ?? {};
        if (failures.length > 0) {
            throw new Error(
                failures.map(({ property, reason }) => `${property}: ${reason}`).join(),
            );
        }
        const { id, outs } = await provider.create(inputs);
        return { id, state: outs ?? {}, remove: async () => provider.delete?.(id, outs) };
    }

    /** Loads and configures a provider once, as `@pulumi/pulumi/cmd/dynamic-provider` does. */
    private dynamicProvider(loader: string): Promise<ResourceProvider> {
        const load = async (): Promise<ResourceProvider> => {
            const exported: { handler?: () => ResourceProvider } = {};
            compileFunction(loader, ["exports", "require"])(exported, require);
            const provider = exported.handler?.() as ResourceProvider;
            await provider.configure?.({ config: new Config(this.run.config, this.run.project) });
            return provider;
        };
        const loaded = this.dynamic.get(loader) ?? load();
        this.dynamic.set(loader, loaded);
        return loaded;
    }
}
