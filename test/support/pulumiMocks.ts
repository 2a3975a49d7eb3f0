import * as pulumi from "@pulumi/pulumi";

/** A resource as a program declared it. */
export interface Declared {
    readonly type: string;
    readonly name: string;
    /** With outputs resolved and secrets in clear. */
    readonly inputs: Readonly<Record<string, unknown>>;
    /** Inputs that are secrets. */
    readonly secrets: readonly string[];
    /** Name of the parent; undefined below the stack. */
    readonly parent: string | undefined;
    readonly protect: boolean;
    readonly options: pulumi.CustomResourceOptions;
}

/** Outputs of a resource beside its inputs, by its type. */
export type MockOutputs = Readonly<Record<string, (name: string) => Record<string, unknown>>>;

/**
 * Puts Pulumi's mocks in place: call it before the program's modules are imported. A type or a function that is not in
 * the tables throws.
 */
export async function setMocks(
    outputs: MockOutputs,
    functions: Readonly<Record<string, Record<string, unknown>>> = {},
): Promise<void> {
    await pulumi.runtime.setMocks(
        {
            call: ({ token }) => known(functions, token),
            newResource: ({ type, name, inputs, custom }) => {
                const own = custom ? known(outputs, type)(name) : {};
                return { id: `${name}-id`, state: { ...inputs, ...own } };
            },
        },
        "iot-x509",
        "unit",
        false,
        "organization",
    );
}

function known<T>(table: Readonly<Record<string, T>>, token: string): T {
    if (!(token in table)) {
        throw new Error(`Mock not implemented: ${token}`);
    }
    return table[token];
}

/** What a program declares, by name and the last part of the type, e.g. `root-key PrivateKey`. */
export async function declaredBy(program: () => unknown): Promise<ReadonlyMap<string, Declared>> {
    const seen: pulumi.ResourceTransformationArgs[] = [];
    await pulumi.runtime.runInPulumiStack(async () => {
        pulumi.runtime.registerStackTransformation((args) => {
            seen.push(args);
            return undefined;
        });
        await program();
        return {};
    });
    const all = await Promise.all(seen.map(describeResource));
    const keyed = all.map((one): [string, Declared] => [`${one.name} ${kindOf(one.type)}`, one]);
    const map = new Map(keyed);
    if (map.size !== all.length) {
        throw new Error("two resources have the same type and name");
    }
    return map;
}

async function describeResource(args: pulumi.ResourceTransformationArgs): Promise<Declared> {
    const { type, name, props, opts, resource } = args;
    // A resource is complete when its URN is there; a program does not wait for that.
    await valueOf(resource.urn);
    const entries = Object.entries(props).filter(([, value]) => value !== undefined);
    const inputs: [string, unknown][] = [];
    const secrets: string[] = [];
    for (const [key, value] of entries) {
        const output = pulumi.output(value);
        const resolved: unknown = await valueOf(output);
        if (resolved !== undefined) {
            // Leaves out what is undefined at any depth, as the engine does.
            inputs.push([key, JSON.parse(JSON.stringify(resolved))]);
        }
        if (await pulumi.isSecret(output)) {
            secrets.push(key);
        }
    }
    const parent = opts.parent as unknown as { __name: string; __pulumiType: string } | undefined;
    return {
        type,
        name,
        inputs: Object.fromEntries(inputs),
        secrets,
        parent: parent?.__pulumiType === "pulumi:pulumi:Stack" ? undefined : parent?.__name,
        protect: (resource as unknown as { __protect?: boolean }).__protect ?? false,
        options: opts,
    };
}

/** The value of an output, with secrets in clear. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
    return new Promise((resolve) => void output.apply((value) => resolve(value as T)));
}

function kindOf(type: string): string {
    return type.slice(type.lastIndexOf(":") + 1);
}
