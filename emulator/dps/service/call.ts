import { EmulatorContext } from "../../context";
import { ifMatch } from "../../core/etag";
import { HttpReply, HttpRequest } from "../../core/http";
import { Params } from "../../core/router";
import { ProvisioningService } from "../model";
import { Permission } from "./authorization";
import { ServiceProblem } from "./errors";
import { ServiceThrottle } from "./throttle";

export type JsonObject = Record<string, unknown>;

/** A request to an existing service, with its caller authorized. */
export interface Call {
    readonly context: EmulatorContext;
    readonly request: HttpRequest;
    readonly params: Params;
    readonly service: ProvisioningService;
    readonly throttle: ServiceThrottle;

    /** @throws ServiceProblem 401 when the caller does not have this permission, too */
    demand(permission: Permission): Promise<void>;
}

export interface Operation {
    readonly permission: Permission;
    run(call: Call): HttpReply | Promise<HttpReply>;
}

/** The parsed body; undefined when there is none. */
export function bodyOf({ request }: Call): unknown {
    if (request.body.length === 0) {
        return undefined;
    }
    try {
        return JSON.parse(request.body.toString("utf8"));
    } catch (error) {
        throw new ServiceProblem("badRequest", `The body is not JSON: ${(error as Error).message}`);
    }
}

/** @throws ServiceProblem 400 when the body is not a JSON object */
export function objectOf(call: Call): JsonObject {
    const body = bodyOf(call);
    if (!isObject(body)) {
        throw new ServiceProblem("badRequest", "The body must be a JSON object.");
    }
    return body;
}

export function isObject(value: unknown): value is JsonObject {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The tag in If-Match, without its quotes; undefined when there is none.
 *
 * @throws ServiceProblem 400 when the service accepts only quoted entity tags (setting dpsIfMatchForm)
 */
export function preconditionOf({ request, context }: Call): string | undefined {
    const header = request.headers["if-match"]?.trim();
    const form = context.settings.dpsIfMatchForm;
    const tag = ifMatch(header);
    if (form === "quoted" && header !== "*" && header === tag && header !== undefined) {
        throw new ServiceProblem("badRequest", "If-Match must be an entity tag in quotes.");
    }
    return form === "raw" ? header : tag;
}
