import { Cloud, clouds } from "../core/clouds";
import { errorBody, HttpReply } from "../core/http";
import { TokenProblem } from "./tokens";

/**
 * The `WWW-Authenticate` value that tells a client where to get a token and what was wrong with the one it sent
 * (RFC 6750 section 3; Azure's `authorization_uri`).
 */
export function challenge(problem: TokenProblem, cloud: Cloud = clouds[0]): string {
    const authority = cloud === clouds[0] ? "login.windows.net" : cloud.login[0];
    const description = problem.description.replace(/["\\]/g, "'");
    return (
        `Bearer authorization_uri="https://${authority}/${problem.tenantId}", ` +
        `error="invalid_token", error_description="${description}"`
    );
}

/** 401 with the body of Azure Resource Manager; a service with another error format uses {@link challenge} alone. */
export function unauthorized(problem: TokenProblem, cloud: Cloud = clouds[0]): HttpReply {
    return {
        status: 401,
        headers: { "www-authenticate": challenge(problem, cloud) },
        body: errorBody(problem.code, problem.description),
    };
}
