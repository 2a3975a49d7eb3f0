import { Clock } from "../core/clock";
import { errorBody, HttpFailure, HttpReply, HttpRequest } from "../core/http";

/** One object of Microsoft Graph, as JSON. */
export type GraphObject = Record<string, unknown>;

/** An error of Microsoft Graph (docs: "Microsoft Graph error responses and resource types"). */
export class GraphProblem extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        message: string,
    ) {
        super(message);
    }
}

export const graph = {
    notFound: (id: string) =>
        new GraphProblem(
            404,
            "Request_ResourceNotFound",
            `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
        ),
    badRequest: (message: string) => new GraphProblem(400, "Request_BadRequest", message),
    unsupportedQuery: (message: string) =>
        new GraphProblem(400, "Request_UnsupportedQuery", message),
    sameKey: (message: string) =>
        new GraphProblem(409, "Request_MultipleObjectsWithSameKeyValue", message),
};

export function graphFailure(problem: GraphProblem, request: HttpRequest, clock: Clock) {
    const headers = correlationHeaders(request);
    return new HttpFailure({
        status: problem.status,
        headers,
        body: errorBody(problem.code, problem.message, {
            innerError: {
                date: clock.date().toISOString().slice(0, 19),
                "request-id": headers["request-id"],
                "client-request-id": headers["client-request-id"],
            },
        }),
    });
}

/** Microsoft Graph identifies a request by its own ID and by the client's. */
export function correlationHeaders(request: HttpRequest): Record<string, string> {
    const asked = request.headers["client-request-id"];
    return {
        "request-id": request.id,
        "client-request-id": typeof asked === "string" ? asked : request.id,
        "odata-version": "4.0",
    };
}

/** Replies with one object, limited to the properties in `$select`. */
export function one(
    request: HttpRequest,
    context: string,
    object: GraphObject,
    status = 200,
): HttpReply {
    const body = { ...metadata(request, `${context}/$entity`), ...select(request, object) };
    return { status, body };
}

/** Replies with a collection, using `$filter`, `$select`, `$top` and `$count`; only `$top` splits it into pages. */
export function many(
    request: HttpRequest,
    context: string,
    objects: readonly GraphObject[],
): HttpReply {
    const query = request.url.searchParams;
    for (const option of ["$search", "$orderby", "$apply"]) {
        if (query.has(option)) {
            throw graph.unsupportedQuery(`The local emulator does not support '${option}'.`);
        }
    }
    const filter = query.get("$filter");
    const found = filter === null ? objects : objects.filter(parseFilter(filter));
    const start = Number(query.get("$skiptoken") ?? 0);
    const top = query.has("$top") ? Number(query.get("$top")) : found.length;
    if (!Number.isInteger(top) || top < 0 || top > 999 || (query.has("$top") && top === 0)) {
        throw graph.badRequest("Invalid page size specified: it must be between 1 and 999.");
    }
    const next = new URL(request.url);
    next.searchParams.set("$skiptoken", String(start + top));
    return {
        status: 200,
        body: {
            ...metadata(request, context),
            ...(query.get("$count") === "true" ? { "@odata.count": found.length } : {}),
            ...(start + top < found.length ? { "@odata.nextLink": next.href } : {}),
            value: found.slice(start, start + top).map((object) => select(request, object)),
        },
    };
}

function metadata(request: HttpRequest, context: string): GraphObject {
    const [, version] = request.url.pathname.split("/");
    return { "@odata.context": `https://${request.host.name}/${version}/$metadata#${context}` };
}

function select(request: HttpRequest, object: GraphObject): GraphObject {
    const names = request.url.searchParams.get("$select")?.split(",");
    if (names === undefined) {
        return object;
    }
    const wanted = new Set(names.map((name) => name.trim()));
    return Object.fromEntries(
        Object.entries(object).filter(([name]) => wanted.has(name) || name.startsWith("@odata.")),
    );
}

type Matcher = (object: GraphObject) => boolean;

const literal = "'((?:[^']|'')*)'";
const equals = new RegExp(`^(\\w+) eq (?:${literal}|(true|false|null|[0-9a-f-]{36}))$`, "i");
const startsWith = new RegExp(`^startswith\\((\\w+), ?${literal}\\)$`, "i");
const contains = new RegExp(`^(\\w+)/any\\((\\w+): ?\\2 eq ${literal}\\)$`, "i");

/**
 * Reads the filters that management tools send: `eq`, `startswith` and `any(x:x eq …)`, joined by `and`. Strings are
 * compared case-insensitively, as in Entra.
 *
 * @throws GraphProblem for any other filter
 */
function parseFilter(filter: string): Matcher {
    const matchers = splitByAnd(filter).map(parseTerm);
    return (object) => matchers.every((matches) => matches(object));
}

/** Splits at ` and ` outside of quotes. */
function splitByAnd(filter: string): string[] {
    const terms = filter.match(/(?:'(?:[^']|'')*'|(?! and )[^'])+/gi) ?? [filter];
    return terms.map((term) => term.trim().replace(/^and /i, ""));
}

function parseTerm(term: string): Matcher {
    const bare = term.replace(/^\((.*)\)$/, "$1");
    const equality = equals.exec(bare);
    if (equality !== null) {
        const [, name, quoted, plain] = equality;
        const value = quoted === undefined ? plain : unquote(quoted);
        return (object) => same(object[name], value);
    }
    const prefix = startsWith.exec(bare);
    if (prefix !== null) {
        const [, name, quoted] = prefix;
        const start = unquote(quoted).toLowerCase();
        return (object) => text(object[name]).startsWith(start);
    }
    const member = contains.exec(bare);
    if (member !== null) {
        const [, name, , quoted] = member;
        const list = (object: GraphObject): unknown => object[name];
        return (object) => [list(object) ?? []].flat().some((item) => same(item, unquote(quoted)));
    }
    throw graph.unsupportedQuery(`The local emulator does not support the filter '${term}'.`);
}

function unquote(quoted: string): string {
    return quoted.replace(/''/g, "'");
}

function same(actual: unknown, wanted: string): boolean {
    return text(actual ?? null) === wanted.toLowerCase();
}

function text(value: unknown): string {
    return String(value).toLowerCase();
}
