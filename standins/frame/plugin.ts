import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { whenEngineIsGone } from "./engineGone";
import { packageSchema, ResourceSpecs } from "./packageSchema";
import { Provider } from "./provider";
import { service } from "./service";
import { dropStaleSchema, officialVersion } from "./standIns";

/** Lines that the engine shows with the run; without an engine they are discarded. */
export interface Log {
    readonly info: (message: string) => Promise<void>;
    /** Shown under the resource that it is about. */
    readonly warn: (urn: string, message: string) => void;
}

/** Creates a provider from its configuration, whose names have no namespace, e.g. `location`. */
export type Configure = (
    settings: ReadonlyMap<string, string>,
    log: Log,
) => Provider | Promise<Provider>;

/** The state of one resource may be several megabytes, and the engine sends messages of that size. */
const unlimited = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
};

function engineLog(address: string | undefined): Log {
    if (address === undefined) {
        return { info: () => Promise.resolve(), warn: () => undefined };
    }
    // The engine is on this machine: gRPC must not use the emulator's proxy to reach it.
    const direct = { ...unlimited, "grpc.enable_http_proxy": 0 };
    const engine = new EngineClient(address, grpc.credentials.createInsecure(), direct);
    const say = (severity: LogSeverity, urn: string, message: string): Promise<void> => {
        const request = new LogRequest();
        request.setSeverity(severity);
        request.setUrn(urn);
        request.setMessage(message);
        // A lost line is no reason to stop.
        return new Promise((resolve) => engine.log(request, () => resolve()));
    };
    return {
        info: (message) => say(LogSeverity.INFO, "", message),
        warn: (urn, message) => void say(LogSeverity.WARNING, urn, message),
    };
}

/**
 * Starts a plug-in: the port goes to stdout, which is used for nothing else.
 *
 * @param name of the package, e.g. `azure-native`
 * @param resources that can be imported
 */
export function serve(name: string, configure: Configure, resources: ResourceSpecs = {}): void {
    const version = officialVersion(name);
    const schema = packageSchema(name, version, resources);
    dropStaleSchema(name, schema);
    const engineAddress = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
    const log = engineLog(engineAddress);
    const server = new grpc.Server(unlimited);
    server.addService(
        ResourceProviderService,
        service((settings) => configure(settings, log), version, schema),
    );
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
        if (error !== null) {
            throw error;
        }
        process.stdout.write(`${port}\n`);
    });
    whenEngineIsGone(() => process.exit(0));
}
