import { strictEqual } from "assert";
import { PrivateEmulator, startPrivate } from "./emulator";
import { send } from "./hubWire";

export interface ArmAnswer {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: Record<string, unknown>;
}

export interface ArmSent {
    /** Default: the token of the emulator's Owner; null sends none. */
    readonly token?: string | null;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    /** Default management.azure.com. */
    readonly host?: string;
}

/** A service principal that can log in. */
export interface Login {
    readonly appId: string;
    readonly objectId: string;
    readonly secret: string;
}

export const hubsOf = "providers/Microsoft.Devices/IotHubs";

/** Azure Resource Manager of a private emulator, spoken to over TLS without any SDK. */
export class ArmWire {
    private constructor(
        readonly azure: PrivateEmulator,
        private readonly owner: string,
    ) {}

    static async start(azure?: PrivateEmulator): Promise<ArmWire> {
        const emulator = azure ?? (await startPrivate());
        const { clientId, clientSecret } = emulator.emulator.deployer;
        return new ArmWire(emulator, await login(emulator, clientId, clientSecret));
    }

    /** `/subscriptions/{id}`. */
    get subscription(): string {
        return `/subscriptions/${this.azure.emulator.deployer.subscriptionId}`;
    }

    stop(): Promise<void> {
        return this.azure.stop();
    }

    /** A request to a whole path, `api-version` included. */
    async raw(method: string, path: string, sent: ArmSent = {}): Promise<ArmAnswer> {
        const { token = this.owner, body, headers, host = "management.azure.com" } = sent;
        const authorized =
            token === null ? headers : { authorization: `Bearer ${token}`, ...headers };
        const reply = await send(this.azure, host, method, path, { body, headers: authorized });
        return { ...reply, body: (reply.body ?? {}) as ArmAnswer["body"] };
    }

    /** A request below the subscription, with a current `api-version` unless the path has one. */
    arm(method: string, path: string, sent: ArmSent = {}): Promise<ArmAnswer> {
        const isDevices = /Microsoft\.Devices(?!.*Microsoft\.Authorization)/i.test(path);
        const version = `api-version=${isDevices ? "2023-06-30" : "2022-04-01"}`;
        const suffix = path.includes("api-version=")
            ? ""
            : `${path.includes("?") ? "&" : "?"}${version}`;
        return this.raw(method, this.subscription + path + suffix, sent);
    }

    /** A token of a service principal, by default for Azure Resource Manager. */
    login(clientId: string, secret: string, scope?: string, authority?: string): Promise<string> {
        return login(this.azure, clientId, secret, scope, authority);
    }

    /** A token of the principal that is Owner from the start. */
    ownerToken(scope?: string, authority?: string): Promise<string> {
        const { clientId, clientSecret } = this.azure.emulator.deployer;
        return this.login(clientId, clientSecret, scope, authority);
    }

    /** A new service principal with these roles, and its token. */
    async principal(
        ...roles: readonly { role: string; scope: string }[]
    ): Promise<Login & { readonly token: string }> {
        const made = await this.azure.manage<Login>("POST", "/principals", {
            displayName: "tester",
            roles,
        });
        return { ...made, token: await this.login(made.appId, made.secret) };
    }

    /** A resource group and an active S1 hub in it. */
    async makeHub(group: string, hub: string): Promise<void> {
        const location = "westeurope";
        await this.arm("PUT", `/resourceGroups/${group}`, { body: { location } });
        const path = `/resourceGroups/${group}/${hubsOf}/${hub}`;
        const body = { location, sku: { name: "S1", capacity: 1 } };
        strictEqual((await this.arm("PUT", path, { body })).status, 201);
        await until(async () => {
            const { properties } = (await this.arm("GET", path)).body;
            return (properties as { state: string }).state === "Active";
        });
    }
}

async function login(
    azure: PrivateEmulator,
    clientId: string,
    secret: string,
    scope = "https://management.azure.com/.default",
    authority = "login.microsoftonline.com",
): Promise<string> {
    const form = new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: secret,
        scope,
    });
    const path = `/${azure.emulator.deployer.tenantId}/oauth2/v2.0/token`;
    const reply = await send(azure, authority, "POST", path, {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: form.toString(),
    });
    const { access_token: token } = reply.body as { access_token?: string };
    if (token === undefined) {
        throw new Error(`no token: ${JSON.stringify(reply.body)}`);
    }
    return token;
}

/** Asks every 50 ms until the answer is yes, for at most 5 s. */
export async function until(isTrue: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await isTrue()); tries += 1) {
        if (tries > 100) {
            throw new Error("it did not happen in 5 s");
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

export function codeOf({ body }: ArmAnswer): unknown {
    return (body.error as { code?: unknown } | undefined)?.code ?? body.code;
}

export function messageOf({ body }: ArmAnswer): string {
    return String((body.error as { message?: unknown } | undefined)?.message ?? body.message);
}
