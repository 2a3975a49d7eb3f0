import { HTTPMethod } from "find-my-way";
import { HttpReply, HttpRequest } from "../core/http";
import { Params, Router } from "../core/router";
import { Principal } from "../entra/principal";
import { Access } from "../roles/access";
import { armFailure } from "./errors";

/** A request whose token and API version have been checked. */
export interface ArmRequest extends HttpRequest {
    readonly principal: Principal;
    /** `api-version`, e.g. `2023-06-30`. */
    readonly apiVersion: string;
}

export type ArmHandler = (request: ArmRequest, params: Params) => HttpReply | Promise<HttpReply>;

/** Routes of Azure Resource Manager: each names the action that its caller must be allowed to perform. */
export class ArmRoutes {
    private readonly router = new Router();

    constructor(private readonly access: Access) {}

    /** @param action e.g. `Microsoft.Devices/IotHubs/Read`; undefined when any valid token is enough */
    on(method: HTTPMethod, path: string, action: string | undefined, handler: ArmHandler): this {
        this.router.on(method, path, (request, params) => {
            // Only handle() below feeds this router, and it accepts only an ArmRequest.
            const armRequest = request as ArmRequest;
            if (action !== undefined) {
                authorize(this.access, armRequest, action, scopeOf(request.url.pathname));
            }
            return handler(armRequest, params);
        });
        return this;
    }

    handle(request: ArmRequest): Promise<HttpReply> {
        return this.router.handle(request);
    }
}

/** Whether a resource is in the cloud and subscription that a request addresses. */
export function isAddressed(
    { host, url }: ArmRequest,
    one: { readonly cloud: string; readonly id: string },
): boolean {
    const [, , subscription = ""] = url.pathname.split("/");
    return one.cloud === host.cloud.name && isOfSubscription(one, subscription);
}

/** Compares ARM IDs without regard to case. */
export function isOfSubscription({ id }: { readonly id: string }, subscription: string): boolean {
    return id.split("/")[2].toLowerCase() === subscription.toLowerCase();
}

/** @throws HttpFailure 403 AuthorizationFailed */
export function authorize(
    access: Access,
    request: ArmRequest,
    action: string,
    scope: string,
): void {
    const { principal } = request;
    if (!access.isAllowed(principal, action, scope)) {
        throw armFailure(
            403,
            "AuthorizationFailed",
            `The client '${principal.appId}' with object id '${principal.objectId}' does not have authorization ` +
                `to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was ` +
                "recently granted, please refresh your credentials.",
        );
    }
}

/**
 * The resource that a path addresses, without a trailing collection or action name, and without a provider namespace
 * that has nothing below it.
 */
function scopeOf(path: string): string {
    const segments = path.split("/").filter((segment) => segment !== "");
    const at = segments.map((segment) => segment.toLowerCase()).lastIndexOf("providers");
    const own = at < 0 ? segments : segments.slice(at + 2);
    const named = own.slice(0, own.length - (own.length % 2));
    const base = at < 0 ? [] : segments.slice(0, named.length === 0 ? at : at + 2);
    return "/" + [...base, ...named].map(decodeURIComponent).join("/");
}
