import { setTimeout as sleep } from "timers/promises";

const attempts = 5;
const firstPause = 1000;
const longestPause = 60_000;
const timeLimit = 10_000;

/** Statuses after which another attempt may succeed. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Posts JSON; retries after a response or an error that may be temporary.
 *
 * @param pause milliseconds before the second attempt; doubled before each further one
 * @throws Error that names only the receiver's host: the rest of a webhook's address is often its password
 */
export async function post(address: string, body: unknown, pause = firstPause): Promise<void> {
    const { host } = new URL(address);
    let cause = "";
    for (let attempt = 0; attempt < attempts; attempt++) {
        const answer = await fetch(address, {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(body),
            redirect: "error",
            signal: AbortSignal.timeout(timeLimit),
        }).catch((error: Error) => error);
        if (answer instanceof Error) {
            cause = reason(answer);
        } else if (answer.ok) {
            return;
        } else {
            cause = `it answered ${answer.status}`;
            if (!passing.has(answer.status)) {
                break;
            }
        }
        if (attempt < attempts - 1) {
            await sleep(Math.max(pause * 2 ** attempt, retryAfter(answer)));
        }
    }
    throw new Error(`the webhook at ${host} did not take the alert: ${cause}`);
}

/** The pause that the receiver asks for, in milliseconds. */
function retryAfter(answer: Response | Error): number {
    const seconds = answer instanceof Error ? NaN : Number(answer.headers.get("Retry-After"));
    return isNaN(seconds) ? 0 : Math.min(seconds * 1000, longestPause);
}

/** The message of a `fetch` error says nothing; its cause has the error code, or a text. */
function reason(error: Error): string {
    if (error.name === "TimeoutError") {
        return `no answer in ${timeLimit / 1000} s`;
    }
    const { code, message } = (error.cause ?? {}) as Partial<NodeJS.ErrnoException>;
    return code ?? message ?? error.name;
}
