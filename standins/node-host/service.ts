import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb";
import {
    LanguageHandshakeRequest,
    LanguageHandshakeResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { about, getPluginInfo, runtimeOptionsPrompts } from "./about";
import { answering, unimplemented } from "./answering";
import { generateProgram } from "./codegen/generateProgram";
import { getProgramDependencies, installDependencies } from "./dependencies";
import { Lifetime } from "./lifetime";
import { runPlugin } from "./plugin";
import { Engine, runProgram } from "./program";
import { getRequiredPackages, getRequiredPlugins } from "./requirements";

/**
 * The Pulumi language runtime service (`pulumi/language.proto`) for Node. Only the official host generates and packs
 * SDKs.
 */
export function service(lifetime: Lifetime, engine: Engine): ILanguageRuntimeServer {
    const handshake = answering((request: LanguageHandshakeRequest) => {
        engine.address = request.getEngineAddress() || engine.address;
        return new LanguageHandshakeResponse();
    });
    const cancel = answering((): Empty => {
        lifetime.cancel();
        return new Empty();
    });
    return {
        handshake,
        getPluginInfo,
        getRequiredPackages,
        getRequiredPlugins,
        run: runProgram(lifetime, engine),
        runPlugin: runPlugin(lifetime),
        installDependencies: installDependencies(lifetime),
        getProgramDependencies,
        about,
        runtimeOptionsPrompts,
        cancel,
        template: unimplemented("Template"),
        generateProgram,
        generateProject: unimplemented("GenerateProject"),
        generatePackage: unimplemented("GeneratePackage"),
        pack: unimplemented("Pack"),
        link: unimplemented("Link"),
    };
}
