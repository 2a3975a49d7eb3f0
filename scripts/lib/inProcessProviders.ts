import { randomInt } from "crypto";
import { compileFunction } from "vm";
import { Config } from "@pulumi/pulumi/cmd/dynamic-provider/config";
import { ResourceProvider } from "@pulumi/pulumi/dynamic";
import { connect } from "../../standins/azure-native/connect";
import { invoke } from "../../standins/azure-native/functions";
import { Provider } from "../../standins/azure-native/provider";
import { Configured } from "../../standins/azure-native/service";
import { Made, Make, onlyInputs, Values } from "./inProcessResource";
import { tlsResources } from "./inProcessTls";

/** Longest that one call to a provider takes. */
const patience = 10 * 60 * 1000;

/** The project, stack and configuration of a run, with the namespaces of the configuration's keys. */
export interface Run {
    readonly project: string;
    readonly stack: string;
    readonly config: Readonly<Record<string, string>>;
}

/**
 * What the engine and the plugins do for one run of the program: azure-native by the code of the emulator's stand-in,
 * dynamic resources as Pulumi's own host loads them, `tls` and `random` as far as the program uses them.
 */
export class Providers {
    private azure: Promise<Configured> | undefined;
    private readonly dynamic = new Map<string, Promise<ResourceProvider>>();

    constructor(private readonly run: Run) {}

    /** @throws Error for a type that only the engine with its plugin can make */
    readonly make: Make = (resource) => {
        const { type, inputs } = resource;
        if (type.startsWith("azure-native:")) {
            return this.makeAzure(resource);
        }
        if (type.startsWith("pulumi-nodejs:dynamic/")) {
            return this.makeDynamic(inputs);
        }
        const maker = { ...tlsResources, [randomStringType]: randomString }[type];
        if (maker === undefined) {
            throw new Error(`${type} cannot be made without the Pulumi CLI and its plugin`);
        }
        return maker(inputs);
    };

    /** Calls a function of azure-native, or the engine's own for outputs of a stack, which here has none yet. */
    async call(token: string, inputs: Values): Promise<Values> {
        if (token === "pulumi:pulumi:readStackOutputs") {
            return { outputs: {} };
        }
        const { connection, credential } = await this.azureNative();
        return invoke(token, inputs, connection, credential, AbortSignal.timeout(patience));
    }

    private azureNative(): Promise<Configured> {
        const settings = Object.entries(this.run.config)
            .filter(([key]) => key.startsWith("azure-native:"))
            .map(([key, value]): [string, string] => [key.replace(":", ":config:"), value]);
        return (this.azure ??= connect(settings, (_, message) => console.warn(message)));
    }

    private async makeAzure({ type, name, inputs: news }: Parameters<Make>[0]): Promise<Made> {
        const provider = new Provider((await this.azureNative()).connection);
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

const randomStringType = "random:index/randomString:RandomString";

async function randomString(inputs: Values): Promise<Made> {
    onlyInputs(inputs, "length", "upper", "special");
    const { length, upper, special } = inputs;
    if (upper !== false || special !== false) {
        throw new Error("without the Pulumi CLI a random string has small letters and digits only");
    }
    const characters = "abcdefghijklmnopqrstuvwxyz0123456789";
    const pick = () => characters[randomInt(characters.length)];
    const result = Array.from({ length: Number(length) }, pick).join("");
    return { id: result, state: { ...inputs, result } };
}
