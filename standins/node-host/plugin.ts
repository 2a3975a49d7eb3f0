import * as grpc from "@grpc/grpc-js";
import { RunPluginRequest, RunPluginResponse } from "@pulumi/pulumi/proto/language_pb";
import { Readable } from "stream";
import { RpcError, streaming } from "./answering";
import { Lifetime } from "./lifetime";
import { runtimeOptions } from "./options";
import { run } from "./processes";
import { ownTypescript, preload, resolveRunner, withoutProxy } from "./sdk";
import { isTranspileOnly } from "./transpileOnly";

/** Exit code reported when a signal ended a plug-in. */
const endedBySignal = 255;

/**
 * `RunPlugin`: a policy pack (kind `analyzer`) or a plug-in written in Node. The engine ends it by cancelling the call.
 * `Cancel` does not affect it, because it may still be doing work that the engine waits for.
 */
export function runPlugin(
    lifetime: Lifetime,
): grpc.handleServerStreamingCall<RunPluginRequest, RunPluginResponse> {
    return streaming(async (request, call) => {
        if (request.getAttachDebugger()) {
            throw new RpcError(
                grpc.status.UNIMPLEMENTED,
                "this Node language host attaches no debugger to a plugin: the official one does",
            );
        }
        const folder = request.getInfo()?.getProgramDirectory() || request.getProgram();
        const analyzer = request.getKind() === "analyzer";
        const runner = resolveRunner(analyzer ? "run-policy-pack" : "run-plugin", folder);
        const args = request.getArgsList();
        const ending = await run(
            process.execPath,
            [
                ...["--require", preload],
                ...(analyzer && isTranspileOnly(folder) ? ["--require", ownTypescript] : []),
                ...runtimeOptions(request.getInfo()).nodeargs,
                runner,
                // The engine's address is the last argument. run-policy-pack takes only that, before the program;
                // run-plugin passes whatever follows to the program.
                ...(analyzer ? [...args.slice(-1), folder] : [folder, ...args]),
            ],
            {
                // A policy pack reads its package.json from the working directory.
                cwd: analyzer ? folder : request.getPwd() || folder,
                env: withoutProxy(environmentOf(request.getEnvList())),
                stdio: ["ignore", "pipe", "pipe"],
            },
            lifetime.ofCall(call),
            ({ stdout, stderr }) => {
                forward(stdout as Readable, call, (chunk) => {
                    const response = new RunPluginResponse();
                    response.setStdout(chunk);
                    return response;
                });
                forward(stderr as Readable, call, (chunk) => {
                    const response = new RunPluginResponse();
                    response.setStderr(chunk);
                    return response;
                });
            },
        );
        const response = new RunPluginResponse();
        response.setExitcode(ending.code ?? endedBySignal);
        call.write(response);
    });
}

function forward(
    stream: Readable,
    call: grpc.ServerWritableStream<unknown, RunPluginResponse>,
    message: (chunk: Uint8Array) => RunPluginResponse,
): void {
    stream.on("data", (chunk: Uint8Array) => void call.write(message(chunk)));
}

/** The engine sends the whole environment, as KEY=VALUE. */
function environmentOf(entries: readonly string[]): NodeJS.ProcessEnv {
    if (entries.length === 0) {
        return process.env;
    }
    return Object.fromEntries(
        entries.map((entry) => {
            const split = entry.indexOf("=");
            return [entry.slice(0, split), entry.slice(split + 1)];
        }),
    );
}
