/** What {@link readArguments} gives of the commands that are written in TypeScript. */
interface Arguments {
    readonly demo: { readonly keep: boolean; readonly official: boolean };
    readonly plan: { readonly stack?: string; readonly shards?: string; readonly json: boolean };
    readonly inventory: {
        readonly stack?: string;
        readonly expiring?: string;
        readonly group?: string;
        readonly generation?: string;
        readonly issued: readonly string[];
        readonly "state-only": boolean;
        readonly csv: boolean;
        readonly json: boolean;
    };
    readonly rollover: {
        readonly stack?: string;
        readonly group?: string;
        readonly "state-only": boolean;
        readonly json: boolean;
    };
    readonly expiry: {
        readonly stack?: string;
        readonly days?: string;
        readonly grace?: string;
        readonly issued: readonly string[];
        readonly "state-only": boolean;
        readonly json: boolean;
        readonly notify: readonly string[];
        readonly memory?: string;
    };
    readonly est: {
        readonly stack?: string;
        readonly listen: string;
        readonly status: string;
        readonly certificate?: string;
        readonly key?: string;
        readonly bundle?: string;
        readonly "ca-key-file": readonly string[];
        readonly audit: string;
        readonly reload: string;
    };
    readonly report: {
        readonly stack?: string;
        readonly output?: string;
        readonly "state-only": boolean;
    };
    readonly diff: {
        readonly stack?: string;
        readonly refresh: boolean;
        readonly exclude?: string;
        readonly "policy-pack"?: string;
        readonly "policy-pack-config"?: string;
        readonly from?: string;
        readonly html?: string;
        readonly markdown: boolean;
        readonly json: boolean;
        readonly "fail-on": string;
    };
    readonly check: { readonly stack?: string; readonly json: boolean };
    readonly live: {
        readonly emulator: boolean;
        readonly record?: string;
        readonly compare: boolean;
    };
    readonly bench: {
        readonly quick: boolean;
        readonly only: string[];
        readonly divide: string;
        readonly continue: boolean;
        readonly report: boolean;
    };
    readonly load: { readonly devices?: string; readonly days: string };
}

export function readArguments<Name extends keyof Arguments>(
    name: Name,
): { readonly values: Arguments[Name]; readonly positionals: readonly string[] };
