import * as grpc from "@grpc/grpc-js";

/** An error with its gRPC status; the CLI shows its text. */
export class RpcError extends Error {
    constructor(
        readonly code: grpc.status,
        message: string,
    ) {
        super(message);
    }
}

/** Makes a unary method from a function that returns the response or throws. */
export function answering<Request, Response>(
    respond: (
        request: Request,
        call: grpc.ServerUnaryCall<Request, Response>,
    ) => Promise<Response> | Response,
): grpc.handleUnaryCall<Request, Response> {
    return (call, callback) => {
        void (async () => {
            try {
                callback(null, await respond(call.request, call));
            } catch (error) {
                callback(statusOf(error));
            }
        })();
    };
}

/** Makes a server-streaming method from a function that writes to the call, then returns or throws. */
export function streaming<Request, Response>(
    respond: (
        request: Request,
        call: grpc.ServerWritableStream<Request, Response>,
    ) => Promise<void>,
): grpc.handleServerStreamingCall<Request, Response> {
    return (call) => {
        void (async () => {
            try {
                await respond(call.request, call);
                call.end();
            } catch (error) {
                call.emit("error", statusOf(error));
            }
        })();
    };
}

/** A method that only the official host has. */
export function unimplemented(name: string): grpc.handleUnaryCall<unknown, never> {
    return (_call, callback) =>
        callback({
            code: grpc.status.UNIMPLEMENTED,
            details:
                `this Node language host has no ${name}: the official one has, ` +
                `which comes with the Pulumi CLI from https://www.pulumi.com/docs/install/`,
        });
}

function statusOf(error: unknown): Partial<grpc.StatusObject> {
    if (error instanceof RpcError) {
        return { code: error.code, details: error.message };
    }
    const details = error instanceof Error ? error.message : String(error);
    return { code: grpc.status.UNKNOWN, details };
}
