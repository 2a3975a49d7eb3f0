import * as grpc from "@grpc/grpc-js";
import { RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb";
import { answering, RpcError } from "./answering";
import { Lifetime } from "./lifetime";
import { runtimeOptions } from "./options";
import { describe, run } from "./processes";
import { ownTypescript, preload, resolveRunner, withoutProxy } from "./sdk";
import { isTranspileOnly } from "./transpileOnly";

/** Exit code of `cmd/run` when the error has already been shown. */
const alreadyShown = 32;

/** What the host was started with, or learned from `Handshake`. */
export interface Engine {
    address: string;
    /** Where to send traces. */
    readonly tracing?: string;
}

/** `Run`: runs each program in its own process, whose output becomes the host's. */
export function runProgram(
    lifetime: Lifetime,
    engine: Engine,
): grpc.handleUnaryCall<RunRequest, RunResponse> {
    return answering(async (request, call) => {
        if (request.getAttachDebugger()) {
            throw new RpcError(
                grpc.status.UNIMPLEMENTED,
                "this Node language host attaches no debugger to a program: the official one does",
            );
        }
        const folder = request.getInfo()?.getProgramDirectory() || request.getPwd();
        const { nodeargs, typescript, tsconfig } = runtimeOptions(request.getInfo());
        const isTranspiled = typescript && isTranspileOnly(request.getPwd() || folder, tsconfig);
        const ending = await run(
            process.execPath,
            [
                ...["--require", preload],
                ...(isTranspiled ? ["--require", ownTypescript] : []),
                ...nodeargs,
                resolveRunner("run", folder),
                ...programArguments(request, engine),
            ],
            {
                cwd: request.getPwd() || folder,
                env: programEnvironment(request, typescript && !isTranspiled),
                stdio: ["ignore", "inherit", "inherit"],
            },
            lifetime.ofOperation(call),
        ).catch((error: NodeJS.ErrnoException) => {
            throw new Error(startFailure(error, request));
        });
        if (ending.stopped) {
            throw new RpcError(grpc.status.CANCELLED, "the program was cancelled");
        }
        const response = new RunResponse();
        if (ending.code === alreadyShown) {
            response.setBail(true);
        } else if (ending.code !== 0) {
            response.setError(`the program ${describe(ending)}`);
        }
        return response;
    });
}

function programArguments(request: RunRequest, engine: Engine): string[] {
    const settings: [string, string | undefined][] = [
        ["monitor", request.getMonitorAddress()],
        ["engine", engine.address],
        ["organization", request.getOrganization()],
        ["project", request.getProject()],
        ["root-directory", request.getInfo()?.getRootDirectory()],
        ["stack", request.getStack()],
        ["pwd", request.getPwd()],
        ["parallel", String(request.getParallel())],
        ["tracing", engine.tracing],
    ];
    const flags = settings
        .filter(([, value]) => value !== undefined && value !== "")
        .map(([name, value]) => `--${name}=${value}`);
    const entry = request.getInfo()?.getEntryPoint() || request.getProgram() || ".";
    return [
        ...flags,
        ...(request.getDryrun() ? ["--dry-run"] : []),
        entry,
        ...request.getArgsList(),
    ];
}

function programEnvironment(request: RunRequest, withTsNode: boolean): NodeJS.ProcessEnv {
    const { tsconfig } = runtimeOptions(request.getInfo());
    const config = Object.fromEntries(request.getConfigMap().toArray());
    return {
        ...withoutProxy(process.env),
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        PULUMI_NODEJS_TYPESCRIPT: String(withTsNode),
        ...(tsconfig !== undefined && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
    };
}

function startFailure(error: NodeJS.ErrnoException, request: RunRequest): string {
    if (error.code === "E2BIG") {
        const size = JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())).length;
        return (
            `the stack's config is ${Math.ceil(size / 1024)} KB, more than the operating system ` +
            "passes to a program (Linux: 128 KB): move large values into files"
        );
    }
    return `the program could not be started: ${error.message}`;
}
