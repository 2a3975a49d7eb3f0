/*
 * Runs the program without an engine: on Pulumi's in-process test monitor, with every resource made for real. A child of
 * inProcess.ts, in the project's folder, with the emulator's environment. Told "up" it answers with the stack's outputs,
 * told "destroy" it deletes what it made, the last first.
 */
import { readFileSync } from "fs";
import { createRequire } from "module";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { Answer, Command } from "./inProcess";
import { Providers, Run } from "./inProcessProviders";
import { Made, Values } from "./inProcessResource";
import { readYaml } from "../../cli/stackFiles/stackYaml";

type Program = () => Promise<pulumi.Inputs>;

const folder = process.cwd();
const made: Made[] = [];

function readRun(stack: string): Run {
    const read = (file: string) =>
        readYaml(readFileSync(path.join(folder, file), "utf8")) as Values;
    const { name: project, config: schema } = read("Pulumi.yaml");
    const { config } = read(`Pulumi.${stack}.yaml`);
    const defaults = Object.entries(schema as Record<string, Values>)
        .filter(([, { default: value }]) => value !== undefined)
        .map(([key, { default: value }]) => [`${project}:${key}`, value]);
    const values = { ...Object.fromEntries(defaults), ...(config as Values) };
    const texts = Object.entries(values).map(([key, value]) => [
        key,
        typeof value === "object" ? JSON.stringify(value) : String(value),
    ]);
    return { project: String(project), stack, config: Object.fromEntries(texts) };
}

async function up(stack: string): Promise<Answer> {
    const run = readRun(stack);
    const providers = new Providers(run);
    pulumi.runtime.setAllConfig(run.config);
    await pulumi.runtime.setMocks(
        {
            call: ({ token, inputs }) => providers.call(token, plain(inputs) as Values),
            newResource: async ({ type, name, inputs, custom }) => {
                if (custom !== true) {
                    return { id: undefined, state: {} };
                }
                const one = await providers.make({ type, name, inputs: plain(inputs) as Values });
                made.push(one);
                return one;
            },
        },
        run.project,
        stack,
        false,
        "organization",
    );
    const program = createRequire(path.join(folder, "index.ts"))("./index") as Program;
    const outputs = await pulumi.runtime.runInPulumiStack(program);
    const known = await new Promise((resolve) => pulumi.output(outputs as Values).apply(resolve));
    await pulumi.runtime.disconnect();
    return { outputs: known as Values, count: made.length };
}

async function destroy(): Promise<Answer> {
    const { length } = made;
    for (const { remove } of made.splice(0).reverse()) {
        await remove?.();
    }
    return { outputs: {}, count: length };
}

/** Values without the marks of secrets, as the engine gives them to a provider that does not keep secrets. */
function plain(value: unknown): unknown {
    const bare: unknown = pulumi.runtime.unwrapRpcSecret(value);
    if (Array.isArray(bare)) {
        return bare.map(plain);
    }
    return typeof bare === "object" && bare !== null
        ? Object.fromEntries(Object.entries(bare).map(([key, inner]) => [key, plain(inner)]))
        : bare;
}

function answer(result: Answer | { error: string }): void {
    process.send?.(result);
}

function fail(error: Error): void {
    answer({ error: error.message });
}

process.on("unhandledRejection", fail);
process.on("message", ({ command, stack }: Command) => {
    const work = command === "up" ? up(stack) : destroy();
    work.then(answer, fail);
});
