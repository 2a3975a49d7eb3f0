import * as grpc from "@grpc/grpc-js";
import { createRequire } from "module";
import * as path from "path";
import { RpcError } from "./answering";

/** SDK modules that run code written in Node. */
export type Runner = "run" | "run-policy-pack" | "run-plugin";

/** What a runner loads before the SDK. */
export const preload = path.join(__dirname, "preload.js");

/** What loads TypeScript in place of ts-node, where only transpiling is asked for. */
export const ownTypescript = path.join(__dirname, "typescript.js");

/**
 * The path of `@pulumi/pulumi/cmd/RUNNER` as Node resolves it from a program's folder: programs bring their own SDK.
 *
 * @throws RpcError when the SDK is not installed there
 */
export function resolveRunner(runner: Runner, folder: string): string {
    const name = `@pulumi/pulumi/cmd/${runner}`;
    try {
        return createRequire(path.join(folder, "package.json")).resolve(name);
    } catch {
        throw new RpcError(
            grpc.status.FAILED_PRECONDITION,
            `Cannot find module '${name}' from ${folder}: ` +
                "install the dependencies there, with `pulumi install` or `npm install`",
        );
    }
}

/**
 * The environment for processes that speak gRPC with the engine: gRPC must not use the proxy in HTTPS_PROXY to reach
 * this machine. Only gRPC reads `no_grpc_proxy`.
 */
export function withoutProxy(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const excluded = environment.no_grpc_proxy ?? environment.no_proxy;
    const local = "127.0.0.1,localhost";
    return { ...environment, no_grpc_proxy: excluded ? `${excluded},${local}` : local };
}
