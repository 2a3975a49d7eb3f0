import { AzureRequest, AzureTransport } from "../azure/transport";
import { isObject, Values } from "../frame/values";

/** An error from Microsoft Graph, in its own words. */
export class GraphError extends Error {
    constructor(
        readonly status: number,
        message: string,
    ) {
        super(message);
    }
}

/** Calls Microsoft Graph; a path starts with the version, e.g. `/v1.0/applications`. */
export class GraphClient {
    /** @param whoAmI claims of the account's Graph token */
    constructor(
        private readonly transport: AzureTransport,
        private readonly endpoint: string,
        readonly whoAmI: (signal: AbortSignal) => Promise<Values>,
    ) {}

    /** @throws GraphError */
    async call(
        method: AzureRequest["method"],
        path: string,
        signal: AbortSignal,
        body?: Values,
    ): Promise<Values> {
        const request = {
            method,
            url: this.endpoint + path,
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        };
        const response = await this.transport.send(request, signal);
        const answer = parse(response.body);
        if (response.status >= 300) {
            const error = isObject(answer["error"]) ? answer["error"] : {};
            const reason = `${String(error["code"] ?? "")}: ${String(error["message"] ?? "")}`;
            throw new GraphError(
                response.status,
                `${method} ${path}: unexpected status ${response.status} with error: ${reason}`,
            );
        }
        return answer;
    }

    /** @returns undefined when the object does not exist */
    async find(path: string, signal: AbortSignal): Promise<Values | undefined> {
        try {
            return await this.call("GET", path, signal);
        } catch (error) {
            if (error instanceof GraphError && error.status === 404) {
                return undefined;
            }
            throw error;
        }
    }
}

function parse(body: string): Values {
    try {
        const answer: unknown = JSON.parse(body);
        return isObject(answer) ? answer : {};
    } catch {
        return {};
    }
}
