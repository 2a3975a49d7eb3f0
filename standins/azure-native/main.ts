import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { connect, version } from "./connect";
import { Configure, service } from "./service";

/** State of one resource may be some megabytes; the engine sends as much. */
const unlimited = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
};

type Say = (severity: number, urn: string, message: string) => Promise<void>;

/** Lines that the engine shows with the run; without an engine they go nowhere. */
function engineLog(address: string | undefined): Say {
    if (address === undefined) {
        return () => Promise.resolve();
    }
    // The engine is on this machine: gRPC must not look for it through the emulator's proxy.
    const direct = { ...unlimited, "grpc.enable_http_proxy": 0 };
    const engine = new EngineClient(address, grpc.credentials.createInsecure(), direct);
    return (severity, urn, message) => {
        const request = new LogRequest();
        request.setSeverity(severity);
        request.setUrn(urn);
        request.setMessage(message);
        // A line that is lost is no reason to stop.
        return new Promise((resolve) => engine.log(request, () => resolve()));
    };
}

function configureWith(say: Say): Configure {
    return async (variables) => {
        const warn = (urn: string, message: string): void => {
            void say(LogSeverity.WARNING, urn, message);
        };
        const configured = await connect(variables, warn);
        await say(
            LogSeverity.INFO,
            "",
            `azure-native ${version}: the emulator's stand-in runs, not the official plugin.`,
        );
        return configured;
    };
}

/** A plugin's start: the port goes to stdout, which says nothing else. */
function main(): void {
    const engineAddress = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
    const server = new grpc.Server(unlimited);
    server.addService(
        ResourceProviderService,
        service(configureWith(engineLog(engineAddress)), version),
    );
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
        if (error !== null) {
            throw error;
        }
        process.stdout.write(`${port}\n`);
    });
}

main();
