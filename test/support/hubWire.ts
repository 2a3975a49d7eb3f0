import * as assert from "assert";
import * as https from "https";
import { randomBytes } from "crypto";
import { SharedAccessSignature } from "azure-iot-common";
import { Emulator } from "../../emulator/emulator";
import { Hub } from "../../emulator/hub/model";
import { PrivateEmulator } from "./emulator";

export interface WireReply {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
    /** Parsed when it is JSON, undefined when empty. */
    readonly body: unknown;
}

export interface WireRequest {
    /** Sent as JSON, unless it is a string. */
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one HTTPS request to a host that a private emulator plays. */
export function send(
    target: PrivateEmulator,
    host: string,
    method: string,
    path: string,
    { body, headers = {} }: WireRequest = {},
): Promise<WireReply> {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
        const request = https.request(
            {
                host: "127.0.0.1",
                port: target.httpsPort,
                servername: host,
                ca: target.caPem,
                method,
                path,
                agent: false,
                headers: { host, ...headers },
            },
            (response) => {
                const chunks: Buffer[] = [];
                response.on("data", (chunk: Buffer) => chunks.push(chunk));
                response.on("end", () => {
                    const answer = Buffer.concat(chunks).toString("utf8");
                    resolve({
                        status: response.statusCode ?? 0,
                        headers: response.headers as Record<string, string | undefined>,
                        body: answer === "" ? undefined : JSON.parse(answer),
                    });
                });
            },
        );
        request.on("error", reject);
        request.end(text);
    });
}

/** Puts an active hub with the usual shared access policies straight into an emulator. */
export function addHub(
    emulator: Emulator,
    name: string,
    sku: { name: string; capacity: number } = { name: "S1", capacity: 1 },
): Hub {
    const subscriptionId = emulator.deployer.subscriptionId;
    const policies = [
        ["iothubowner", "RegistryWrite, ServiceConnect, DeviceConnect"],
        ["service", "ServiceConnect"],
        ["registryRead", "RegistryRead"],
        ["registryReadWrite", "RegistryWrite"],
    ].map(([keyName, rights]) => ({
        keyName,
        rights,
        primaryKey: randomBytes(32).toString("base64"),
        secondaryKey: randomBytes(32).toString("base64"),
    }));
    const hub: Hub = {
        id: `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.Devices/IotHubs/${name}`,
        name,
        subscriptionId,
        resourceGroup: "rg",
        location: "westeurope",
        cloud: "AzureCloud",
        hostName: `${name}.azure-devices.net`,
        createdAt: new Date().toISOString(),
        etag: "AAAADGJGLxo=",
        state: "Active",
        tags: {},
        sku,
        properties: {},
        policies,
        consumerGroups: new Map(),
        certificates: new Map(),
        devices: new Map(),
    };
    emulator.context.hubs.add(hub);
    return hub;
}

/** A service token made by Microsoft's own code; valid for an hour unless told otherwise. */
export function sharedAccess(
    hub: Hub,
    keyName: string,
    expiry = Math.floor(Date.now() / 1000) + 3600,
): string {
    const policy = hub.policies.find((one) => one.keyName === keyName);
    return SharedAccessSignature.create(
        hub.hostName,
        keyName,
        policy?.primaryKey ?? "",
        expiry,
    ).toString();
}

/** An access token for the IoT data plane, from the emulator's own token endpoint. */
export async function bearer(
    target: PrivateEmulator,
    credentials: { tenantId: string; clientId: string; clientSecret: string },
): Promise<string> {
    const form = new URLSearchParams({
        grant_type: "client_credentials",
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret,
        scope: "https://iothubs.azure.net/.default",
    });
    const reply = await send(
        target,
        "login.microsoftonline.com",
        "POST",
        `/${credentials.tenantId}/oauth2/v2.0/token`,
        {
            body: form.toString(),
            headers: { "content-type": "application/x-www-form-urlencoded" },
        },
    );
    const { access_token: token } = reply.body as { access_token?: string };
    if (token === undefined) {
        throw new Error(`no token: ${JSON.stringify(reply.body)}`);
    }
    return `Bearer ${token}`;
}

/** What a test asks of one hub's service API, with one authorisation unless a request brings its own. */
export class HubWire {
    constructor(
        private readonly target: PrivateEmulator,
        private readonly hub: Hub,
        private readonly authorization: string,
    ) {}

    ask(method: string, path: string, request: WireRequest = {}): Promise<WireReply> {
        const query = path.includes("?") ? "&" : "?";
        const full = `${path}${query}api-version=2021-04-12`;
        return send(this.target, this.hub.hostName, method, full, {
            ...request,
            headers: { authorization: this.authorization, ...request.headers },
        });
    }

    /** Writes a device identity. */
    put(deviceId: string, more: object = {}, ifMatch?: string): Promise<WireReply> {
        return this.ask("PUT", `/devices/${encodeURIComponent(deviceId)}`, {
            body: { deviceId, ...more },
            headers: ifMatch === undefined ? {} : { "if-match": ifMatch },
        });
    }
}

/** Asserts an error of the usual envelope. */
export function refused(reply: WireReply, status: number, code: string, text = ""): void {
    assert.equal(reply.status, status, JSON.stringify(reply.body));
    assert.equal(reply.headers["iothub-errorcode"], code);
    const message = (reply.body as { Message: string }).Message;
    assert.ok(message.startsWith(`ErrorCode:${code};`), message);
    assert.ok(message.includes(text), message);
}
