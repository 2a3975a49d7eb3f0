import * as findMyWay from "find-my-way";
import { HttpReply, HttpRequest, notImplemented } from "./http";

/** Path parameters, percent-decoded. */
export type Params = Readonly<Record<string, string>>;

export type Handler = (request: HttpRequest, params: Params) => HttpReply | Promise<HttpReply>;

/**
 * Maps method and path to a handler. Paths match case-insensitively, as in Azure Resource Manager; parameters keep
 * their case. A request without a route gets a 501.
 */
export class Router {
    private readonly routes = findMyWay({
        caseSensitive: false,
        ignoreTrailingSlash: true,
        maxParamLength: 2048,
    });
    private readonly handlers: Handler[] = [];

    on(method: findMyWay.HTTPMethod, path: string, handler: Handler): this {
        const index = this.handlers.push(handler) - 1;
        this.routes.on(method, path, () => undefined, { index });
        return this;
    }

    async handle(request: HttpRequest): Promise<HttpReply> {
        const found = this.routes.find(
            request.method as findMyWay.HTTPMethod,
            request.url.pathname,
        );
        if (found === null) {
            return notImplemented(request);
        }
        const { index } = found.store as { index: number };
        return this.handlers[index](request, found.params as Params);
    }
}
