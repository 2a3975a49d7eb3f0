import * as https from "https";
import { setTimeout as sleep } from "timers/promises";
import * as mqtt from "mqtt";
import { PrivateEmulator } from "./emulator";
import { Issued } from "./pki";

const deviceHost = "global.azure-devices-provisioning.net";

export interface Body {
    readonly operationId?: string;
    readonly status?: string;
    readonly registrationState?: Record<string, unknown> & { readonly x509?: never };
    readonly errorCode?: number;
    readonly message?: string;
    readonly [name: string]: unknown;
}

export interface Answer {
    /** HTTP status, also in the topic of an MQTT answer; left out when the connection was refused. */
    readonly status?: number;
    /** CONNACK return code; MQTT only. */
    readonly connack?: number;
    readonly retryAfter?: number;
    readonly body: Body;
}

/** What a device sends; every part can be bent. */
export interface Device {
    readonly idScope: string;
    readonly registrationId: string;
    readonly leaf?: Issued;
    /** PEM that is sent, when it is not the leaf alone. */
    readonly chain?: string;
    /** Default `2019-03-31`; empty leaves it out. */
    readonly apiVersion?: string;
    readonly body?: unknown;
    /** MQTT. */
    readonly clientId?: string;
    readonly userName?: string;
    readonly password?: string;
    readonly will?: mqtt.IClientOptions["will"];
    /** HTTP header `Authorization`. */
    readonly authorization?: string;
}

export type Wire = "MQTT" | "HTTPS";

/** Registers and asks for the result until there is one. */
export function register(wire: Wire, emulator: PrivateEmulator, device: Device): Promise<Answer> {
    return wire === "MQTT" ? registerByMqtt(emulator, device) : registerByHttps(emulator, device);
}

/** One HTTPS request to the device API. */
export function call(
    emulator: PrivateEmulator,
    device: Device,
    method: string,
    path: string,
    body?: unknown,
): Promise<Answer> {
    const { idScope, registrationId, leaf, apiVersion = "2019-03-31", authorization } = device;
    const query = apiVersion === "" ? "" : `?api-version=${apiVersion}`;
    return new Promise((resolve, reject) => {
        const request = https.request(
            {
                host: "127.0.0.1",
                port: emulator.httpsPort,
                servername: deviceHost,
                ca: emulator.caPem,
                cert: device.chain ?? leaf?.certificate,
                key: leaf?.key,
                method,
                path: `/${idScope}/registrations/${encodeURIComponent(registrationId)}${path}${query}`,
                headers: {
                    host: deviceHost,
                    "content-type": "application/json",
                    ...(authorization === undefined ? {} : { authorization }),
                },
            },
            (response) => {
                const chunks: Buffer[] = [];
                response.on("data", (chunk: Buffer) => chunks.push(chunk));
                response.on("end", () => {
                    const after = response.headers["retry-after"];
                    resolve({
                        status: response.statusCode,
                        retryAfter: after === undefined ? undefined : Number(after),
                        body: JSON.parse(Buffer.concat(chunks).toString("utf8")) as Body,
                    });
                });
            },
        );
        request.on("error", reject);
        request.end(typeof body === "object" ? JSON.stringify(body) : body);
    });
}

async function registerByHttps(emulator: PrivateEmulator, device: Device): Promise<Answer> {
    const body = device.body ?? { registrationId: device.registrationId };
    let answer = await call(emulator, device, "PUT", "/register", body);
    while (answer.status === 202) {
        await pause();
        const path = `/operations/${answer.body.operationId}`;
        answer = await call(emulator, device, "GET", path);
    }
    return answer;
}

async function registerByMqtt(emulator: PrivateEmulator, device: Device): Promise<Answer> {
    const client = new MqttDevice(emulator, device);
    try {
        const refused = await client.open();
        if (refused !== 0) {
            return { connack: refused, body: {} };
        }
        const body = device.body ?? { registrationId: device.registrationId };
        let answer = await client.ask("PUT/iotdps-register/?", body);
        while (answer.status === 202) {
            await pause();
            const { operationId } = answer.body;
            answer = await client.ask(
                `GET/iotdps-get-operationstatus/?operationId=${operationId}&`,
                {},
            );
        }
        return answer;
    } finally {
        await client.close();
    }
}

/** A device on the MQTT wire. */
export class MqttDevice {
    private readonly client: mqtt.MqttClient;
    private serial = 0;

    constructor(emulator: PrivateEmulator, device: Device) {
        const { idScope, registrationId, leaf, apiVersion = "2019-03-31" } = device;
        const query = apiVersion === "" ? "" : `/api-version=${apiVersion}`;
        this.client = mqtt.connect({
            protocol: "mqtts",
            host: "127.0.0.1",
            port: emulator.mqttPort,
            ca: emulator.caPem,
            servername: deviceHost,
            clientId: device.clientId ?? registrationId,
            username: device.userName ?? `${idScope}/registrations/${registrationId}${query}`,
            password: device.password,
            will: device.will,
            protocolVersion: 4,
            reconnectPeriod: 0,
            connectTimeout: 10_000,
            ...(leaf === undefined
                ? {}
                : { key: leaf.key, cert: device.chain ?? leaf.certificate }),
        });
    }

    /** The CONNACK return code. */
    async open(): Promise<number> {
        const code = await new Promise<number>((resolve, reject) => {
            this.client.on("packetreceive", (packet) => {
                if (packet.cmd === "connack") {
                    resolve(packet.returnCode ?? packet.reasonCode ?? -1);
                }
            });
            this.client.on("error", reject);
            this.client.on("close", () => reject(new Error("closed without CONNACK")));
        });
        if (code === 0) {
            await this.client.subscribeAsync("$dps/registrations/res/#", { qos: 1 });
        }
        return code;
    }

    /** Publishes a request and waits for its answer; `what` is its topic's end, up to where `$rid=` follows. */
    async ask(what: string, body: unknown): Promise<Answer> {
        const requestId = String(++this.serial);
        const answered = new Promise<Answer>((resolve) => {
            const listener = (topic: string, payload: Buffer): void => {
                const match = /^\$dps\/registrations\/res\/(\d+)\/\?(.*)$/.exec(topic);
                const query = new URLSearchParams(match?.[2] ?? "");
                if (match !== null && query.get("$rid") === requestId) {
                    this.client.off("message", listener);
                    const after = query.get("retry-after");
                    resolve({
                        status: Number(match[1]),
                        retryAfter: after === null ? undefined : Number(after),
                        body: JSON.parse(payload.toString("utf8")) as Body,
                    });
                }
            };
            this.client.on("message", listener);
        });
        const topic = `$dps/registrations/${what}$rid=${requestId}`;
        const payload = typeof body === "string" ? body : JSON.stringify(body);
        await this.client.publishAsync(topic, payload, { qos: 1 });
        return answered;
    }

    async subscribe(filter: string): Promise<void> {
        await this.client.subscribeAsync(filter);
    }

    /** Publishes without waiting for anything. */
    publish(topic: string, payload: string): void {
        this.client.publish(topic, payload);
    }

    /** Resolves when the service has ended the connection. */
    ended(): Promise<void> {
        return new Promise((resolve) => this.client.once("close", () => resolve()));
    }

    async close(): Promise<void> {
        this.client.on("error", () => undefined);
        await this.client.endAsync(true);
    }
}

/** Shorter than `retry-after` says, for tests of what comes after it. */
async function pause(): Promise<void> {
    await sleep(20);
}
