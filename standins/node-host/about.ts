import * as grpc from "@grpc/grpc-js";
import {
    AboutRequest,
    AboutResponse,
    RuntimeOptionPrompt,
    RuntimeOptionsRequest,
    RuntimeOptionsResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { version } from "@pulumi/pulumi/version";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { answering } from "./answering";
import { packageManagers, runtimeOptions } from "./options";

/** `GetPluginInfo`: the host has the version of the SDK installed beside it. */
export const getPluginInfo: grpc.handleUnaryCall<Empty, PluginInfo> = answering(() => {
    const info = new PluginInfo();
    info.setVersion(version);
    return info;
});

/** `About`: the Node version that runs programs. */
export const about: grpc.handleUnaryCall<AboutRequest, AboutResponse> = answering(() => {
    const response = new AboutResponse();
    response.setExecutable(process.execPath);
    response.setVersion(process.version);
    return response;
});

/** `RuntimeOptionsPrompts`: what `pulumi new` asks: the package manager, if none is chosen. */
export const runtimeOptionsPrompts: grpc.handleUnaryCall<
    RuntimeOptionsRequest,
    RuntimeOptionsResponse
> = answering((request) => {
    const response = new RuntimeOptionsResponse();
    const options = request.getInfo()?.getOptions()?.toJavaScript() ?? {};
    runtimeOptions(request.getInfo());
    if ("packagemanager" in options) {
        return response;
    }
    const { STRING } = RuntimeOptionPrompt.RuntimeOptionType;
    const choice = (name: string): RuntimeOptionPrompt.RuntimeOptionValue => {
        const value = new RuntimeOptionPrompt.RuntimeOptionValue();
        value.setPrompttype(STRING);
        value.setStringvalue(name);
        value.setDisplayname(name);
        return value;
    };
    const prompt = new RuntimeOptionPrompt();
    prompt.setKey("packagemanager");
    prompt.setDescription("The package manager to use for installing dependencies");
    prompt.setPrompttype(STRING);
    prompt.setChoicesList(packageManagers.map(choice));
    prompt.setDefault(choice("npm"));
    response.addPrompts(prompt);
    return response;
});
