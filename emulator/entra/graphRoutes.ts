import { HTTPMethod } from "find-my-way";
import { HttpReply, HttpRequest, jsonBody } from "../core/http";
import { Params, Router } from "../core/router";
import { graph, GraphObject } from "./odata";
import { Principal } from "./principal";

/** A request whose access token has been checked. */
export interface GraphRequest extends HttpRequest {
    readonly caller: Principal;
}

export type GraphHandler = (
    request: GraphRequest,
    params: Params,
) => HttpReply | Promise<HttpReply>;

/** Routes that exist in both versions of Microsoft Graph. */
export class GraphRoutes {
    private readonly router = new Router();

    on(method: HTTPMethod, path: string, handler: GraphHandler): this {
        for (const version of ["/v1.0", "/beta"]) {
            this.router.on(method, version + path, (request, params) =>
                handler(request as GraphRequest, params),
            );
        }
        return this;
    }

    handle(request: GraphRequest): Promise<HttpReply> {
        return this.router.handle(request);
    }
}

/** @throws GraphProblem when the body is not a JSON object */
export function bodyOf(request: HttpRequest): GraphObject {
    return jsonBody(request, () => {
        throw graph.badRequest("Unable to read JSON request payload.");
    });
}
