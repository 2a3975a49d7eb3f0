import { X509Certificate } from "crypto";
import { setTimeout as sleep } from "timers/promises";
import * as mqtt from "mqtt";
import { deviceRequest } from "../../support/deviceFiles";
import { userName } from "../../support/mqttClient";
import { selfSigned } from "../../support/pki";

const day = 24 * 3600 * 1000;
const provisioningHost = "global.azure-devices-provisioning.net";
const longestLogin = 10_000;

/** What a device holds and shows at a hub. */
export interface Credential {
    /** PEM: the leaf, then what stands above it, without the root. */
    readonly chain: string;
    /** PEM. */
    readonly key: string;
    readonly leaf: X509Certificate;
}

/** A key of the device's own: with a request to give out, and with a certificate that it signed itself. */
export interface OwnKey {
    readonly requestPem: string;
    readonly requestKeyPem: string;
    readonly selfSigned: Credential;
}

/** The devices: what only they have, and how they connect. */
export class Field {
    private readonly own = new Map<string, Promise<OwnKey>>();

    constructor(
        private readonly port: number,
        private readonly ca: string,
    ) {}

    /** The n-th key that a device made for itself, always the same. */
    ownKey(id: string, number: number): Promise<OwnKey> {
        const name = `${id}-${number}`;
        const made = this.own.get(name) ?? makeOwnKey(id);
        this.own.set(name, made);
        return made;
    }

    /** Whether a hub lets it in. */
    async connects(host: string, deviceId: string, credential: Credential): Promise<boolean> {
        const client = await this.open(host, deviceId, credential);
        await client?.endAsync(true);
        return client !== undefined;
    }

    /** An open connection; undefined when the hub refuses it. */
    open(host: string, id: string, credential: Credential): Promise<mqtt.MqttClient | undefined> {
        return this.login(host, id, userName(host, id), credential);
    }

    /**
     * Registers at the provisioning service.
     *
     * @returns the host name of the hub that the device was assigned to; undefined when it is refused
     */
    async register(
        idScope: string,
        id: string,
        credential: Credential,
    ): Promise<string | undefined> {
        const user = `${idScope}/registrations/${id}/api-version=2019-03-31`;
        const client = await this.login(provisioningHost, id, user, credential);
        if (client === undefined) {
            return undefined;
        }
        try {
            await client.subscribeAsync("$dps/registrations/res/#", { qos: 1 });
            let { status, body } = await ask(client, "PUT/iotdps-register/?$rid=1", {
                registrationId: id,
            });
            for (let poll = 2; status === 202; poll++) {
                await sleep(100);
                const topic = `GET/iotdps-get-operationstatus/?$rid=${poll}&operationId=${body.operationId}`;
                ({ status, body } = await ask(client, topic, {}));
            }
            return body.status === "assigned" ? body.registrationState?.assignedHub : undefined;
        } catch {
            return undefined;
        } finally {
            await client.endAsync(true);
        }
    }

    private login(
        host: string,
        clientId: string,
        username: string,
        { chain, key }: Credential,
    ): Promise<mqtt.MqttClient | undefined> {
        const client = mqtt.connect({
            protocol: "mqtts",
            host: "127.0.0.1",
            port: this.port,
            ca: this.ca,
            servername: host,
            clientId,
            username,
            protocolVersion: 4,
            reconnectPeriod: 0,
            connectTimeout: longestLogin,
            key,
            cert: chain,
        });
        return new Promise((resolve) => {
            client.once("connect", () => resolve(client));
            client.on("error", () => {
                client.end(true);
                resolve(undefined);
            });
            client.once("close", () => resolve(undefined));
        });
    }
}

interface RegistrationAnswer {
    readonly status: number;
    readonly body: {
        readonly operationId?: string;
        readonly status?: string;
        readonly registrationState?: { readonly assignedHub?: string };
    };
}

function ask(client: mqtt.MqttClient, topic: string, body: unknown): Promise<RegistrationAnswer> {
    return new Promise((resolve, reject) => {
        client.once("message", (answer, payload) => {
            const [, status] = /^\$dps\/registrations\/res\/(\d+)\//.exec(answer) ?? [];
            resolve({
                status: Number(status),
                body: JSON.parse(payload.toString("utf8")) as RegistrationAnswer["body"],
            });
        });
        client.once("close", () => reject(new Error("the provisioning service hung up")));
        client.publish(`$dps/registrations/${topic}`, JSON.stringify(body), { qos: 1 });
    });
}

async function makeOwnKey(id: string): Promise<OwnKey> {
    const { keyPem, csrPem } = deviceRequest(id);
    const { certificate, key, x509 } = await selfSigned({
        commonName: id,
        notAfter: new Date(Date.now() + 3650 * day),
    });
    return {
        requestPem: csrPem,
        requestKeyPem: keyPem,
        selfSigned: { chain: certificate, key, leaf: x509 },
    };
}
