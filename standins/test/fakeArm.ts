import { AzureRequest, AzureResponse, AzureTransport } from "../azure/transport";

export interface Sent {
    readonly method: string;
    /** Path and query. */
    readonly target: string;
    readonly body: unknown;
}

type Answer = Partial<AzureResponse> & { readonly json?: unknown };
type Handler = (sent: Sent) => Answer | undefined;

/**
 * An ARM in memory: PUT stores, GET finds or answers 404, DELETE forgets. A test scripts any other
 * answer; `sent` is what reached it.
 */
export class FakeArm implements AzureTransport {
    readonly sent: Sent[] = [];
    readonly resources = new Map<string, Record<string, unknown>>();
    private readonly scripted: Handler[] = [];

    /** The handler is asked before the store, newest first; undefined passes on. */
    script(handler: Handler): void {
        this.scripted.unshift(handler);
    }

    send(request: AzureRequest): Promise<AzureResponse> {
        const url = new URL(request.url);
        const sent = {
            method: request.method,
            target: url.pathname + url.search,
            body: request.body === undefined ? undefined : (JSON.parse(request.body) as unknown),
        };
        this.sent.push(sent);
        const answer =
            this.scripted.map((handler) => handler(sent)).find((each) => each !== undefined) ??
            this.stored(request.method, url.pathname, sent.body);
        return Promise.resolve({
            status: answer.status ?? 200,
            headers: answer.headers ?? {},
            body: answer.body ?? (answer.json === undefined ? "" : JSON.stringify(answer.json)),
        });
    }

    methods(): string[] {
        return this.sent.map(({ method }) => method);
    }

    private stored(method: string, path: string, body: unknown): Answer {
        const key = path.toLowerCase();
        if (method === "PUT") {
            const name = decodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
            this.resources.set(key, { ...(body as object), id: path, name });
        }
        if (method === "DELETE") {
            this.resources.delete(key);
            return {};
        }
        const found = this.resources.get(key);
        return found === undefined
            ? {
                  status: 404,
                  json: { error: { code: "ResourceNotFound", message: `${path} was not found.` } },
              }
            : { json: found };
    }
}
