import * as grpc from "@grpc/grpc-js";
import {
    DependencyInfo,
    GetProgramDependenciesRequest,
    GetProgramDependenciesResponse,
    InstallDependenciesRequest,
    InstallDependenciesResponse,
} from "@pulumi/pulumi/proto/language_pb";
import * as fs from "fs";
import * as path from "path";
import { Readable } from "stream";
import { answering, RpcError, streaming } from "./answering";
import { installedPackages, packageFolder, readManifest } from "./installed";
import { Lifetime } from "./lifetime";
import { isPackageManager, PackageManager, runtimeOptions } from "./options";
import { describe, run } from "./processes";

const lockFiles: readonly [string, PackageManager][] = [
    ["yarn.lock", "yarn"],
    ["pnpm-lock.yaml", "pnpm"],
    ["bun.lock", "bun"],
    ["bun.lockb", "bun"],
    ["package-lock.json", "npm"],
];

/** How each package manager omits development dependencies: a plug-in is only run. */
const production: Record<PackageManager, readonly string[]> = {
    npm: ["--omit=dev"],
    pnpm: ["--prod"],
    yarn: ["--production"],
    bun: ["--production"],
};

/** `InstallDependencies`: runs the program's package manager and streams its output. */
export function installDependencies(
    lifetime: Lifetime,
): grpc.handleServerStreamingCall<InstallDependenciesRequest, InstallDependenciesResponse> {
    return streaming(async (request, call) => {
        const folder = request.getInfo()?.getProgramDirectory() || request.getDirectory();
        const manager = packageManagerOf(request, folder);
        if (request.getUseLanguageVersionTools()) {
            requireNodeVersion(folder);
        }
        const say = (text: string): void => {
            const response = new InstallDependenciesResponse();
            response.setStdout(Buffer.from(text));
            call.write(response);
        };
        const args = [
            "install",
            ...(manager === "npm" ? ["--loglevel=error"] : []),
            ...(request.getIsPlugin() ? production[manager] : []),
        ];
        say(`${manager} ${args.join(" ")}\n`);
        const ending = await run(
            manager,
            args,
            { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
            lifetime.ofOperation(call),
            ({ stdout, stderr }) => {
                (stdout as Readable).on("data", (chunk: Uint8Array) => {
                    const response = new InstallDependenciesResponse();
                    response.setStdout(chunk);
                    call.write(response);
                });
                (stderr as Readable).on("data", (chunk: Uint8Array) => {
                    const response = new InstallDependenciesResponse();
                    response.setStderr(chunk);
                    call.write(response);
                });
            },
        ).catch((error: NodeJS.ErrnoException) => {
            throw error.code === "ENOENT"
                ? failed(`${manager} is not installed, or not on PATH`)
                : error;
        });
        if (ending.stopped) {
            throw new RpcError(grpc.status.CANCELLED, "the installation was cancelled");
        }
        if (ending.code !== 0) {
            throw failed(`${manager} install in ${folder} ${describe(ending)}`);
        }
    });
}

/** `runtime.options.packagemanager`, else the one with a lock file, else npm. */
function packageManagerOf(request: InstallDependenciesRequest, folder: string): PackageManager {
    const { packagemanager } = runtimeOptions(request.getInfo());
    if (packagemanager !== undefined) {
        return packagemanager;
    }
    const home = packageFolder(folder);
    const locked = lockFiles.find(([file]) => fs.existsSync(path.join(home, file)));
    const declared = readManifest(home)?.packageManager?.split("@")[0] ?? "";
    return locked?.[1] ?? (isPackageManager(declared) ? declared : "npm");
}

/** Does not install Node: a Node version other than the one in the project's version file is refused. */
function requireNodeVersion(folder: string): void {
    const home = packageFolder(folder);
    const file = [".node-version", ".nvmrc"].find((name) => fs.existsSync(path.join(home, name)));
    if (file === undefined) {
        return;
    }
    const wanted = fs.readFileSync(path.join(home, file), "utf8").trim().replace(/^v/, "");
    const running = process.version.slice(1);
    if (/^\d/.test(wanted) && !`${running}.`.startsWith(`${wanted}.`)) {
        throw failed(
            `${path.join(home, file)} asks for Node ${wanted} and this is ${running}: ` +
                "switch with your version manager and run the command again",
        );
    }
}

/** `GetProgramDependencies`: the dependencies in package.json, with their installed versions. */
export const getProgramDependencies: grpc.handleUnaryCall<
    GetProgramDependenciesRequest,
    GetProgramDependenciesResponse
> = answering((request) => {
    const program = request.getInfo()?.getProgramDirectory() || request.getPwd();
    const response = new GetProgramDependenciesResponse();
    const found = request.getTransitivedependencies() ? everything(program) : direct(program);
    response.setDependenciesList(
        found.map(([name, version]) => {
            const dependency = new DependencyInfo();
            dependency.setName(name);
            dependency.setVersion(version);
            return dependency;
        }),
    );
    return response;
});

function direct(program: string): [string, string][] {
    const home = packageFolder(program);
    const { dependencies, devDependencies } = readManifest(home) ?? {};
    const above: string[] = [];
    for (let folder = home; above.at(-1) !== folder; folder = path.dirname(folder)) {
        above.push(folder);
    }
    return Object.entries({ ...devDependencies, ...dependencies })
        .map(([name, range]): [string, string] => {
            const installed = above
                .map((folder) => readManifest(path.join(folder, "node_modules", name)))
                .find((manifest) => manifest !== undefined);
            return [name, installed?.version ?? range];
        })
        .sort(byName);
}

function everything(program: string): [string, string][] {
    const found = new Map<string, [string, string]>();
    for (const { name, version } of installedPackages(program)) {
        if (name !== undefined && version !== undefined) {
            found.set(`${name}@${version}`, [name, version]);
        }
    }
    return [...found.values()].sort(byName);
}

function byName([one]: [string, string], [other]: [string, string]): number {
    return one < other ? -1 : Number(one > other);
}

function failed(message: string): RpcError {
    return new RpcError(grpc.status.FAILED_PRECONDITION, message);
}
