import * as https from "https";

export interface AzureReply {
    readonly status: number;
    readonly etag: string | undefined;
    readonly body: unknown;
}

interface AzureLogin {
    readonly tenantId: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly subscriptionId: string;
}

/** What is asked of Azure: each kind of host wants a token of its own. */
const scopes: readonly (readonly [RegExp, string])[] = [
    [/^management\./, "https://management.azure.com/.default"],
    [/\.azure-devices-provisioning\.net$/, "https://azure-devices-provisioning.net/.default"],
    [/\.azure-devices\.net$/, "https://iothubs.azure.net/.default"],
];

/** Plain requests to the emulator's Azure hosts, without any SDK and without the program's clients. */
export class AzureWire {
    private constructor(
        private readonly port: number,
        private readonly ca: string,
        private readonly login: AzureLogin,
    ) {}

    /** @param variables of the deployer's login */
    static of(port: number, ca: string, variables: NodeJS.ProcessEnv): AzureWire {
        const [tenantId, clientId, clientSecret, subscriptionId] = [
            variables.ARM_TENANT_ID,
            variables.ARM_CLIENT_ID,
            variables.ARM_CLIENT_SECRET,
            variables.ARM_SUBSCRIPTION_ID,
        ].map(String);
        return new AzureWire(port, ca, { tenantId, clientId, clientSecret, subscriptionId });
    }

    get subscription(): string {
        return `/subscriptions/${this.login.subscriptionId}`;
    }

    /** @throws Error when the status is none of `expect` */
    async call(
        method: string,
        host: string,
        path: string,
        options: {
            readonly body?: unknown;
            readonly ifMatch?: string;
            readonly expect?: readonly number[];
        } = {},
    ): Promise<AzureReply> {
        const reply = await this.send(
            method,
            host,
            path,
            {
                authorization: `Bearer ${await this.token(host)}`,
                "content-type": "application/json",
                ...(options.ifMatch === undefined ? {} : { "if-match": options.ifMatch }),
            },
            options.body === undefined ? undefined : JSON.stringify(options.body),
        );
        const expected = options.expect ?? [200, 201, 202, 204];
        if (!expected.includes(reply.status)) {
            throw new Error(
                `${method} ${host}${path}: ${reply.status} ${JSON.stringify(reply.body)}`,
            );
        }
        return reply;
    }

    private async token(host: string): Promise<string> {
        const scope = scopes.find(([pattern]) => pattern.test(host))?.[1] ?? "";
        const { tenantId, clientId, clientSecret } = this.login;
        const form = new URLSearchParams({
            grant_type: "client_credentials",
            client_id: clientId,
            client_secret: clientSecret,
            scope,
        });
        const { body } = await this.send(
            "POST",
            "login.microsoftonline.com",
            `/${tenantId}/oauth2/v2.0/token`,
            { "content-type": "application/x-www-form-urlencoded" },
            form.toString(),
        );
        return (body as { access_token: string }).access_token;
    }

    private send(
        method: string,
        host: string,
        path: string,
        headers: Record<string, string>,
        body: string | undefined,
    ): Promise<AzureReply> {
        return new Promise((resolve, reject) => {
            const request = https.request(
                {
                    host: "127.0.0.1",
                    port: this.port,
                    servername: host,
                    ca: this.ca,
                    method,
                    path,
                    headers: { host, ...headers },
                },
                (response) => {
                    const chunks: Buffer[] = [];
                    response.on("data", (chunk: Buffer) => chunks.push(chunk));
                    response.on("end", () => {
                        const text = Buffer.concat(chunks).toString("utf8");
                        resolve({
                            status: response.statusCode ?? 0,
                            etag: response.headers.etag,
                            body: text === "" ? undefined : parsed(text),
                        });
                    });
                },
            );
            request.on("error", reject);
            request.end(body);
        });
    }
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return text;
    }
}
