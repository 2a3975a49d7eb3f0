import { HttpReply } from "../core/http";
import { permissions } from "./authorization";
import { Call, objectBodyOf, Operation } from "./call";
import { NotEmulated, RegistryProblem } from "./errors";
import { aggregate, isMatch, project } from "./queryEvaluation";
import { parseQuery, Query, QueryNotEmulated, QuerySyntaxError } from "./querySyntax";
import { twinJson } from "./twin";
import { JsonObject } from "./twinRules";

const ordinaryPage = 100;
const largestPage = 1000;

/** Where the next page begins: after this device ID, with `sent` rows already sent. */
interface Continuation {
    readonly after: string;
    readonly sent: number;
}

/**
 * `POST /devices/query`: pages of `x-ms-max-item-count` rows, linked by `x-ms-continuation` (REST reference "Query -
 * Get Twins"). Rows are ordered by device ID, so that devices created or deleted between two pages neither repeat nor
 * hide others. Reads an index that may still contain deleted devices.
 */
export const queryDevices: Operation = {
    permission: permissions.readTwins,
    limit: { name: "query", operationType: "QueryTwin" },
    run: (call) => {
        const query = readQuery(objectBodyOf(call).query);
        const isAggregate = query.columns?.some((one) => one.aggregate !== undefined) ?? false;
        return isAggregate ? aggregated(call, query) : page(call, query);
    },
};

/** On Azure the text of a syntax error is only `BadRequest`; the emulator adds what is wrong and where. */
function readQuery(text: unknown): Query {
    if (typeof text !== "string") {
        throw new RegistryProblem("ArgumentNull", "query is missing");
    }
    try {
        return parseQuery(text);
    } catch (error) {
        if (error instanceof QuerySyntaxError) {
            throw new RegistryProblem(
                "ArgumentInvalid",
                `BadRequest (${error.message} at position ${error.position})`,
            );
        }
        if (error instanceof QueryNotEmulated) {
            throw new NotEmulated(error.message);
        }
        throw error;
    }
}

function aggregated(call: Call, query: Query): HttpReply {
    const twins = [...matching(call, query, "")];
    const isEmpty = twins.length === 0 && call.context.settings.emptyCountHasNoRow;
    const rows = isEmpty ? [] : aggregate(twins, query).slice(0, query.top);
    return { status: 200, headers: { "x-ms-item-type": "Raw" }, body: rows };
}

function page(call: Call, query: Query): HttpReply {
    const { after, sent } = readContinuation(header(call, "x-ms-continuation"));
    const most = Math.min(
        readPageSize(header(call, "x-ms-max-item-count")),
        (query.top ?? Infinity) - sent,
    );
    const rows: JsonObject[] = [];
    let last = after;
    let hasMore = false;
    for (const twin of matching(call, query, after)) {
        if (rows.length === most) {
            hasMore = sent + most < (query.top ?? Infinity);
            break;
        }
        rows.push(project(twin, query.columns));
        last = String(twin.deviceId);
    }
    return {
        status: 200,
        headers: {
            "x-ms-item-type": query.columns === undefined ? "Twin" : "Raw",
            ...(hasMore
                ? { "x-ms-continuation": continuation({ after: last, sent: sent + most }) }
                : {}),
        },
        body: rows,
    };
}

function* matching(call: Call, query: Query, after: string): Iterable<JsonObject> {
    const { context, hub } = call;
    const deleted = call.deleted.list(hub);
    const ids = [...hub.devices.keys(), ...deleted.keys()].filter((id) => id > after).sort();
    for (const id of ids) {
        const device = hub.devices.get(id);
        const twin = device === undefined ? deleted.get(id) : twinJson(context, hub, device);
        if (twin !== undefined && isMatch(twin, query.where)) {
            yield twin;
        }
    }
}

function header(call: Call, name: string): string | undefined {
    const value = call.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
}

function readPageSize(given: string | undefined): number {
    const size = given === undefined ? ordinaryPage : Number(given);
    if (!Number.isInteger(size) || size < 1) {
        throw new RegistryProblem("ArgumentInvalid", "x-ms-max-item-count must be positive");
    }
    return Math.min(size, largestPage);
}

function continuation(from: Continuation): string {
    return Buffer.from(JSON.stringify(from)).toString("base64");
}

function readContinuation(given: string | undefined): Continuation {
    if (given === undefined) {
        return { after: "", sent: 0 };
    }
    try {
        const { after, sent } = JSON.parse(Buffer.from(given, "base64").toString("utf8"));
        if (typeof after === "string" && Number.isInteger(sent)) {
            return { after, sent };
        }
    } catch (error) {
        if (!(error instanceof SyntaxError)) {
            throw error;
        }
    }
    throw new RegistryProblem("ArgumentInvalid", "x-ms-continuation is not a token of this query");
}
