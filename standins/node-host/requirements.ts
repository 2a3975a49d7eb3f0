import * as grpc from "@grpc/grpc-js";
import {
    GetRequiredPackagesRequest,
    GetRequiredPackagesResponse,
    GetRequiredPluginsRequest,
    GetRequiredPluginsResponse,
} from "@pulumi/pulumi/proto/language_pb";
import {
    PackageDependency,
    PackageParameterization,
    PluginDependency,
} from "@pulumi/pulumi/proto/plugin_pb";
import { answering } from "./answering";
import { installedPackages, Manifest, Parameterization } from "./installed";

/** A resource plug-in that an installed package requires. */
interface Requirement {
    readonly name: string;
    /** Without a leading v. */
    readonly version: string;
    /** Empty for the plug-in's usual source. */
    readonly server: string;
    readonly parameterization?: Parameterization;
    readonly extension?: Parameterization;
}

/** `GetRequiredPackages`: the plug-ins of the installed packages, including parameterised ones. */
export const getRequiredPackages: grpc.handleUnaryCall<
    GetRequiredPackagesRequest,
    GetRequiredPackagesResponse
> = answering((request) => {
    const response = new GetRequiredPackagesResponse();
    const folder = request.getInfo()?.getProgramDirectory() ?? "";
    response.setPackagesList(
        requirements(folder).map(({ name, version, server, parameterization, extension }) => {
            const dependency = new PackageDependency();
            dependency.setName(name);
            dependency.setKind("resource");
            dependency.setVersion(version);
            dependency.setServer(server);
            dependency.setParameterization(parameters(parameterization));
            dependency.setExtension$(parameters(extension));
            return dependency;
        }),
    );
    return response;
});

/** `GetRequiredPlugins`, for engines without support for parameterised packages. */
export const getRequiredPlugins: grpc.handleUnaryCall<
    GetRequiredPluginsRequest,
    GetRequiredPluginsResponse
> = answering((request) => {
    const response = new GetRequiredPluginsResponse();
    const folder = request.getInfo()?.getProgramDirectory() || request.getPwd();
    response.setPluginsList(
        requirements(folder).map(({ name, version, server }) => {
            const dependency = new PluginDependency();
            dependency.setName(name);
            dependency.setKind("resource");
            dependency.setVersion(version);
            dependency.setServer(server);
            return dependency;
        }),
    );
    return response;
});

function requirements(program: string): Requirement[] {
    const found = new Map<string, Requirement>();
    for (const manifest of installedPackages(program, `"pulumi"`)) {
        if (manifest.pulumi?.resource === true) {
            const requirement = requirementOf(manifest);
            found.set(JSON.stringify(requirement), requirement);
        }
    }
    return [...found.values()];
}

function requirementOf({ name = "", version = "", pulumi = {} }: Manifest): Requirement {
    return {
        name: pulumi.name ?? name.replace(/^@[^/]*\//, ""),
        version: (pulumi.version ?? version).replace(/^v/, ""),
        server: pulumi.server ?? "",
        parameterization: pulumi.parameterization,
        extension: pulumi.extensionParameterization,
    };
}

function parameters(given: Parameterization | undefined): PackageParameterization | undefined {
    if (given === undefined) {
        return undefined;
    }
    const message = new PackageParameterization();
    message.setName(given.name);
    message.setVersion(given.version);
    message.setValue(given.value);
    return message;
}
