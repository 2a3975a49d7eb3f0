import { request } from "http";
import { RateLimitServer } from "../../cli/fleet/rateLimitServer";

export interface Asked {
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Of the Authorization header; default: the right one. */
    readonly authorization?: string | null;
}

/** The status that a keeper of the pace answers with. */
export function ask(keeper: RateLimitServer, asked: Asked): Promise<number | undefined> {
    const { port, username } = new URL(keeper.address);
    const { body = "", authorization = `Bearer ${username}` } = asked;
    return new Promise((resolve, reject) => {
        const headers = {
            ...asked.headers,
            ...(authorization === null ? {} : { authorization }),
        };
        const call = request({ host: "127.0.0.1", port, method: "POST", agent: false, headers });
        call.on("response", (answer) => {
            resolve(answer.statusCode);
            call.destroy();
        });
        call.on("error", reject);
        call.flushHeaders();
        call.end(body);
    });
}
