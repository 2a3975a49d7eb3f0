import * as grpc from "@grpc/grpc-js";
import { GenerateProgramRequest, GenerateProgramResponse } from "@pulumi/pulumi/proto/language_pb";
import { answering, RpcError } from "../answering";
import { parsePcl } from "./pcl";
import { typescriptProgram } from "./typescript";

/** `GenerateProgram`: the code that `pulumi import` prints for the imported resources. */
export const generateProgram: grpc.handleUnaryCall<
    GenerateProgramRequest,
    GenerateProgramResponse
> = answering((request) => {
    const sources = request.getSourceMap().toArray() as [string, string][];
    try {
        const blocks = sources.flatMap(([, source]) => parsePcl(source));
        const response = new GenerateProgramResponse();
        response.getSourceMap().set("index.ts", Buffer.from(typescriptProgram(blocks)));
        return response;
    } catch (error) {
        throw new RpcError(
            grpc.status.UNIMPLEMENTED,
            `this Node language host cannot print code for ${(error as Error).message}; what was imported is in the state. ` +
                "The official host prints more: it comes with the Pulumi CLI from https://www.pulumi.com/docs/install/",
        );
    }
});
