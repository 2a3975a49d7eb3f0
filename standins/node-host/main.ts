import * as grpc from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { parseArgs } from "util";
import { Lifetime } from "./lifetime";
import { service } from "./service";

/** Requests contain a stack's whole configuration. */
const unlimited = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
};

/**
 * Starts the host as the engine does: `[--logtostderr] [-v=N] [--tracing URL] ENGINE`. The first line of stdout is the
 * port; the rest is the programs' output.
 */
function main(): void {
    const { values, positionals } = parseArgs({
        args: process.argv.slice(2),
        options: { tracing: { type: "string" } },
        strict: false,
    });
    const lifetime = new Lifetime();
    const engine = {
        address: positionals.at(-1) ?? "",
        tracing: values.tracing as string | undefined,
    };
    const server = new grpc.Server(unlimited);
    server.addService(LanguageRuntimeService, service(lifetime, engine));
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
        if (error !== null) {
            throw error;
        }
        lifetime.watch();
        process.stdout.write(`${port}\n`);
    });
}

main();
