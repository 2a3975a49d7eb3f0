import { Props, ProviderClient } from "./providerClient";

/** A resource of a program; inputs may use outputs of those before it. */
export interface Declared {
    readonly type: string;
    readonly name: string;
    readonly inputs: (outputs: (name: string) => Props) => Props;
}

/** A resource in the state. */
export interface Kept {
    readonly type: string;
    readonly id: string;
    readonly inputs: Props;
    readonly outputs: Props;
}

/** A step of a preview, as `pulumi preview --json` tells it. */
export interface Step {
    readonly op: "create" | "update" | "replace";
    readonly urn: string;
    readonly diffReasons: readonly string[];
    readonly replaceReasons: readonly string[];
}

/** Drives plug-ins through a program as the engine does: check, diff, then what the diff says; steps that stay the same are left out. */
export class Stack {
    readonly state = new Map<string, Kept>();

    /** @param clients by package. */
    constructor(private readonly clients: Readonly<Record<string, ProviderClient>>) {}

    preview(program: readonly Declared[]): Promise<Step[]> {
        return this.run(program, true);
    }

    up(program: readonly Declared[]): Promise<Step[]> {
        return this.run(program, false);
    }

    async refresh(): Promise<void> {
        for (const [name, { type, id, inputs, outputs }] of this.state) {
            const state = plain(outputs);
            const read = await this.client(type).read(withoutPackage(type), id, { inputs, state });
            this.state.set(name, { type, id: read.id, inputs: read.inputs, outputs: read.outputs });
        }
    }

    private async run(program: readonly Declared[], preview: boolean): Promise<Step[]> {
        const steps: Step[] = [];
        const outputs = new Map<string, Props>();
        for (const { type, name, inputs } of program) {
            const client = this.client(type);
            const token = withoutPackage(type);
            const old = this.state.get(name);
            const checked = await client.check(
                token,
                name,
                inputs((other) => plain(outputs.get(other) ?? {})),
                { olds: old?.inputs },
            );
            if (checked.failures.length > 0) {
                throw new Error(checked.failures.join("; "));
            }
            const step = await this.step(token, old, checked.inputs);
            if (step.op !== "same") {
                steps.push({ ...step, op: step.op, urn: `${type}::${name}` });
            }
            let made = old;
            if (step.op === "create" || step.op === "replace") {
                const [id, created] = await client.create(token, checked.inputs, preview);
                made = { type, id, inputs: checked.inputs, outputs: created };
            } else if (step.op === "update" && old !== undefined) {
                const news = checked.inputs;
                const updated = await client.update(
                    token,
                    news,
                    plain(old.outputs),
                    preview,
                    old.id,
                );
                made = { ...old, inputs: news, outputs: updated };
            }
            outputs.set(name, made?.outputs ?? {});
            if (!preview && made !== undefined) {
                this.state.set(name, made);
            }
        }
        return steps;
    }

    private async step(
        token: string,
        old: Kept | undefined,
        inputs: Props,
    ): Promise<Omit<Step, "urn" | "op"> & { op: Step["op"] | "same" }> {
        if (old === undefined) {
            return { op: "create", diffReasons: [], replaceReasons: [] };
        }
        const client = this.client(old.type);
        const diff = await client.diff(token, old.inputs, inputs, plain(old.outputs));
        const replaceReasons = diff.getReplacesList();
        const diffReasons = diff.getDiffsList();
        const changed = diff.getChanges() === 2;
        const op = !changed ? "same" : replaceReasons.length > 0 ? "replace" : "update";
        return { op, diffReasons, replaceReasons };
    }

    private client(type: string): ProviderClient {
        return this.clients[type.split(":")[0]];
    }
}

const withoutPackage = (type: string): string => type.slice(type.indexOf(":") + 1);

const signature = "4dabf18193072939515e22adb298388d";

export const isSecret = (value: unknown): value is { value: unknown } =>
    typeof value === "object" && value !== null && signature in value;

/** Values as the engine hands them to a plug-in that takes no secrets. */
export function plain(outputs: Props): Props {
    return Object.fromEntries(
        Object.entries(outputs).map(([name, value]) => [
            name,
            isSecret(value) ? value.value : value,
        ]),
    );
}
