interface Text {
    readonly type: "string";
}

interface TextWithDefault extends Text {
    readonly default: string;
}

export const usage: string;

export const options: {
    readonly host: TextWithDefault;
    readonly port: TextWithDefault;
    readonly "mqtt-port": TextWithDefault;
    readonly "management-port": TextWithDefault;
    readonly "state-file": Text;
    readonly "env-file": Text;
    readonly help: { readonly type: "boolean"; readonly default: boolean };
};

export function problems(
    positionals: readonly string[],
    values: Readonly<Record<string, unknown>>,
): string[];
