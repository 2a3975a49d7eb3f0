import { IncomingMessage } from "http";
import { RateLimitRequest } from "../../components/rateLimit/sharedRateLimiters";

/** Maximum body of a request in bytes; a hub of a million devices, in short records, still fits. */
export const largestBody = 256 * 1024 * 1024;
/** A host name has at most 253 characters; a question names a stack. */
const longestName = 1000;

const limits: readonly string[] = ["registry", "queries"];
const actions: readonly string[] = ["take", "refused", "claim", "answer"];

/** A request that is answered with the given status and has no effect. */
export class BadRequest extends Error {
    constructor(readonly status: 400 | 401 | 413) {
        super(`HTTP ${status}`);
    }
}

/**
 * Reads a process's request to the rate limit server.
 *
 * @throws BadRequest if it is too large, or not a {@link RateLimitRequest}
 */
export async function readRequest(
    request: Pick<IncomingMessage, "headers"> & AsyncIterable<Buffer>,
    most = largestBody,
): Promise<RateLimitRequest> {
    if (Number(request.headers["content-length"] ?? 0) > most) {
        throw new BadRequest(413);
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request) {
        size += chunk.length;
        if (size > most) {
            throw new BadRequest(413);
        }
        chunks.push(chunk);
    }
    const message = parsed(Buffer.concat(chunks).toString("utf8"));
    if (!isPaceRequest(message)) {
        throw new BadRequest(400);
    }
    return message;
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        throw new BadRequest(400);
    }
}

function isPaceRequest(message: unknown): message is RateLimitRequest {
    if (typeof message !== "object" || message === null) {
        return false;
    }
    const { hub, size, limit, action, amount, what, answer } = message as Partial<RateLimitRequest>;
    return (
        isName(hub) &&
        isName(size?.sku) &&
        isAmount(size?.units) &&
        limits.includes(limit ?? "") &&
        actions.includes(action ?? "") &&
        isAmount(amount) &&
        (what === undefined || isName(what)) &&
        (answer === undefined || typeof answer === "string")
    );
}

function isName(value: unknown): boolean {
    return typeof value === "string" && value !== "" && value.length <= longestName;
}

function isAmount(value: unknown): boolean {
    return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
