import * as grpc from "@grpc/grpc-js";
import type { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";
import { RpcError } from "./answering";

export const packageManagers = ["npm", "pnpm", "yarn", "bun"] as const;
export type PackageManager = (typeof packageManagers)[number];

/** `runtime.options` in Pulumi.yaml, as the official host accepts them. */
export interface RuntimeOptions {
    /** Load the program through ts-node. Default: true. */
    readonly typescript: boolean;
    /** Path of the tsconfig.json, relative to the program. Default: tsconfig.json. */
    readonly tsconfig?: string;
    /** Arguments for `node` itself. Default: none. */
    readonly nodeargs: readonly string[];
    /** Default: the one with a lock file, else npm. */
    readonly packagemanager?: PackageManager;
}

/** @throws RpcError that names the option, its value and what it accepts */
export function runtimeOptions(info: ProgramInfo | undefined): RuntimeOptions {
    const given = (info?.getOptions()?.toJavaScript() ?? {}) as Record<string, unknown>;
    const manager = text(given, "packagemanager");
    if (manager !== undefined && manager !== "auto" && !isPackageManager(manager)) {
        throw invalid("packagemanager", manager, `one of auto, ${packageManagers.join(", ")}`);
    }
    return {
        typescript: flag(given, "typescript") ?? true,
        tsconfig: text(given, "tsconfig"),
        nodeargs: words(text(given, "nodeargs") ?? ""),
        packagemanager: manager === "auto" ? undefined : (manager as PackageManager | undefined),
    };
}

export function isPackageManager(name: string): name is PackageManager {
    return (packageManagers as readonly string[]).includes(name);
}

function flag(given: Record<string, unknown>, name: string): boolean | undefined {
    const value = given[name];
    if (value === undefined || typeof value === "boolean") {
        return value;
    }
    if (value === "true" || value === "false") {
        return value === "true";
    }
    throw invalid(name, value, "true or false");
}

function text(given: Record<string, unknown>, name: string): string | undefined {
    const value = given[name];
    if (value === undefined || typeof value === "string") {
        return value === "" ? undefined : value;
    }
    throw invalid(name, value, "a string");
}

/** Splits like a shell: at blanks, except in quotes and after a backslash. */
function words(line: string): string[] {
    const found = [...line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs)];
    return found.map(([word]) =>
        word.replace(
            /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs,
            (_, double: string | undefined, single: string | undefined, escaped: string) =>
                double?.replace(/\\(["\\])/g, "$1") ?? single ?? escaped,
        ),
    );
}

function invalid(name: string, value: unknown, takes: string): RpcError {
    return new RpcError(
        grpc.status.INVALID_ARGUMENT,
        `runtime.options.${name} in Pulumi.yaml is ${JSON.stringify(value)}: it takes ${takes}`,
    );
}
