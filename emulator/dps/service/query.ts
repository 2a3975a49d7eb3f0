import { HttpReply } from "../../core/http";
import { bodyOf, Call, isObject } from "./call";
import { NotEmulated, ServiceProblem } from "./errors";

const ordinaryPage = 100;
const largestPage = 1000;

/**
 * One page of all items, ordered by key: `x-ms-max-item-count` limits it, `x-ms-continuation` leads to the next page
 * (REST reference "Query enrollments").
 */
export function queryReply<T>(
    call: Call,
    itemType: "EnrollmentGroup" | "Enrollment" | "DeviceRegistration",
    items: ReadonlyMap<string, T>,
    view: (item: T) => object,
): HttpReply {
    checkQuery(bodyOf(call));
    const after = readContinuation(header(call, "x-ms-continuation"));
    const size = readPageSize(header(call, "x-ms-max-item-count"));
    const keys = [...items.keys()].filter((key) => key > after).sort();
    const page = keys.slice(0, size);
    const last = page[page.length - 1];
    return {
        status: 200,
        headers: {
            "x-ms-item-type": itemType,
            ...(keys.length > size ? { "x-ms-continuation": continuation(last) } : {}),
        },
        body: page.map((key) => view(items.get(key) as T)),
    };
}

/** Accepts only a query for everything; an absent body means the same, as recorded for registrations. */
function checkQuery(body: unknown): void {
    if (body === undefined) {
        return;
    }
    const query = isObject(body) ? body.query : undefined;
    if (typeof query !== "string" || !/^\s*SELECT\s/i.test(query)) {
        throw new ServiceProblem("badRequest", 'The body must be {"query": "SELECT …"}.');
    }
    if (!/^\s*SELECT\s+\*(\s+FROM\s+\w+)?\s*$/i.test(query)) {
        throw new NotEmulated("queries other than SELECT * and SELECT * FROM enrollments");
    }
}

function header({ request }: Call, name: string): string | undefined {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
}

function readPageSize(given: string | undefined): number {
    const size = given === undefined ? ordinaryPage : Number(given);
    if (!Number.isInteger(size) || size < 1) {
        throw new ServiceProblem("badRequest", "x-ms-max-item-count must be a positive number.");
    }
    return Math.min(size, largestPage);
}

function continuation(after: string): string {
    return Buffer.from(JSON.stringify({ after })).toString("base64");
}

function readContinuation(given: string | undefined): string {
    if (given === undefined || given === "") {
        return "";
    }
    try {
        const parsed: unknown = JSON.parse(Buffer.from(given, "base64").toString("utf8"));
        if (isObject(parsed) && typeof parsed.after === "string") {
            return parsed.after;
        }
    } catch (error) {
        if (!(error instanceof SyntaxError)) {
            throw error;
        }
    }
    throw new ServiceProblem("badRequest", "x-ms-continuation is not a token of this query.");
}
