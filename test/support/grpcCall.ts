type Method<Response> = (
    request: unknown,
    callback: (error: Error | null, response: Response) => void,
) => void;

/** Makes a unary gRPC call by its method's name; rejects with grpc-js's `ServiceError`. */
export function grpcCall<Client extends object, Response>(
    client: Client,
    method: keyof Client & string,
    request: unknown,
): Promise<Response> {
    const methods = client as Record<string, Method<Response>>;
    return new Promise((resolve, reject) => {
        methods[method](request, (error, response) =>
            error === null ? resolve(response) : reject(error),
        );
    });
}
