import { HttpReply } from "../core/http";
import { armFailure } from "./errors";
import { ArmRequest } from "./routes";

/** Default page size: small enough that the 50 hubs of a subscription need several pages. */
const defaultPageSize = 20;

/**
 * One page of a list; `nextLink` leads to the next page (Azure docs: API guidelines for collections). `$top` sets the
 * page size.
 */
export function page<T>(
    request: ArmRequest,
    items: readonly T[],
    view: (item: T) => object,
): HttpReply {
    const { searchParams } = request.url;
    const start = natural(searchParams.get("$skiptoken"), 0);
    const size = natural(searchParams.get("$top"), defaultPageSize);
    const value = items.slice(start, start + size).map(view);
    if (start + size >= items.length) {
        return { status: 200, body: { value } };
    }
    const next = new URL(request.url);
    next.searchParams.set("$skiptoken", String(start + size));
    return { status: 200, body: { value, nextLink: next.toString() } };
}

function natural(text: string | null, otherwise: number): number {
    if (text === null) {
        return otherwise;
    }
    if (!/^\d{1,6}$/.test(text)) {
        throw armFailure(400, "InvalidQueryParameter", "A paging parameter is not a number.");
    }
    return Number(text);
}
