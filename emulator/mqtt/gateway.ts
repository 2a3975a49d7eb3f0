import { constants, X509Certificate } from "crypto";
import { AddressInfo } from "net";
import { Duplex } from "stream";
import * as tls from "tls";
import { azureHost } from "../core/clouds";
import { ProvisioningConnection } from "../dps/mqttConnection";
import { Authority } from "../frontend/authority";
import {
    ConnectionInfo,
    DeviceConnections,
    MethodCall,
    MethodResult,
    RefusedConnection,
} from "../hub/connections";
import { hostNameFor } from "../hub/hostNames";
import { Hub, HubCertificate } from "../hub/model";
import { HubAlias, HubAliases } from "./aliases";
import { Admission, ConnectionHost, MqttConnection } from "./connection";
import { Refusal } from "../x509/refusals";
import { SessionState, SharedContext } from "./session";
import { Throttle } from "./throttle";
import { WaitingCalls } from "./waitingCalls";

const keptRefusals = 10_000;
const handshakeMilliseconds = 30_000;
const checkMilliseconds = 1000;

/** The first byte from an AMQP client. An MQTT client starts with 0x10, CONNECT. */
const amqpBegin = 0x41;

/**
 * The device port of hubs and provisioning services: MQTT over TLS; AMQP connections are handed on. Keeps the open
 * connections, one per device, and the refused ones.
 */
export class DeviceGateway implements DeviceConnections {
    private readonly server: tls.Server;
    private readonly aliases: HubAliases;
    private readonly host: ConnectionHost;
    private readonly sockets = new Set<Duplex>();
    private readonly open = new Set<MqttConnection | ProvisioningConnection>();
    private readonly byDevice = new Map<string, MqttConnection>();
    private readonly sessions = new Map<string, SessionState>();
    private readonly waitingCalls = new WaitingCalls<MqttConnection>();
    private readonly checker: NodeJS.Timeout;
    private refusals: RefusedConnection[] = [];
    private handOnAmqp: (socket: tls.TLSSocket) => void = (socket) => socket.destroy();

    constructor(
        private readonly context: SharedContext,
        private readonly authority: Authority,
    ) {
        // The client certificate is requested in the handshake but checked only at CONNECT, so a refused device still
        // sees TLS succeed (Azure docs: iot-hub-tls-support).
        this.server = tls.createServer({
            requestCert: true,
            rejectUnauthorized: false,
            handshakeTimeout: handshakeMilliseconds,
            noDelay: true,
            SNICallback: (name, done) => {
                authority.context(name).then(
                    (secureContext) => done(null, secureContext),
                    (error: Error) => done(error),
                );
            },
        });
        this.server.on("connection", (socket: Duplex) => this.keep(socket));
        this.server.on("secureConnection", (socket) => this.secured(socket));
        this.server.on("tlsClientError", (error) =>
            context.log.info(`TLS handshake on the device port failed: ${error.message}`),
        );
        this.aliases = new HubAliases((socket) => this.accept(socket), context.log);
        this.host = {
            context,
            throttle: new Throttle(),
            hubOf: (host) => this.hubOf(host),
            checkServerName,
            admit: (connection, admission) => this.admit(connection, admission),
            refuse: (refusal, hub, deviceId) => this.record(refusal, hub, deviceId),
            methodsReady: (connection) => {
                const { session } = connection;
                if (session !== undefined) {
                    this.waitingCalls.wake(keyOf(session.hub, session.deviceId), connection);
                }
            },
            gone: (connection) => this.gone(connection),
        };
        this.checker = setInterval(() => this.checkAll(), checkMilliseconds).unref();
        this.follow();
    }

    /** Starts listening, on this port for the hubs' own names and on an alias port for each hub. Port 0: a free one. */
    async listen(host: string, port: number): Promise<number> {
        this.server.setSecureContext({
            // For clients that name no server. Tickets are off: a resumed session has no client certificates.
            ...(await this.authority.identity("localhost")),
            minVersion: "TLSv1.2",
            secureOptions: constants.SSL_OP_NO_TICKET,
        });
        await Promise.all(this.context.hubs.list().map((hub) => this.aliases.add(hub)));
        await new Promise<void>((resolve, reject) => {
            this.server.once("error", reject);
            this.server.listen(port, host, resolve);
        });
        return (this.server.address() as AddressInfo).port;
    }

    /** Accepts a raw connection that arrived elsewhere, and speaks TLS on it. */
    accept(rawSocket: Duplex): void {
        this.server.emit("connection", rawSocket);
    }

    /** Sets the handler for connections on which the client starts with AMQP. */
    useAmqp(accept: (socket: tls.TLSSocket) => void): void {
        this.handOnAmqp = accept;
    }

    hubAliases(): HubAlias[] {
        return this.aliases.list();
    }

    /** Closes every connection and discards sessions and refusals. */
    reset(): void {
        this.open.forEach((connection) => connection.close("the emulator was reset"));
        this.sessions.clear();
        this.refusals = [];
    }

    async close(): Promise<void> {
        clearInterval(this.checker);
        this.aliases.close();
        const closed = new Promise((resolve) => this.server.close(resolve));
        this.sockets.forEach((socket) => socket.destroy());
        await closed;
    }

    isConnected(hub: Hub, deviceId: string): boolean {
        return this.byDevice.has(keyOf(hub, deviceId));
    }

    list(): readonly ConnectionInfo[] {
        return [...this.byDevice.values()].flatMap(({ session, proof, connectedAt }) =>
            session === undefined || proof === undefined
                ? []
                : [
                      {
                          hub: session.hub.name.toLowerCase(),
                          deviceId: session.deviceId,
                          connectedAt,
                          protocol: "mqtt",
                          authentication: proof.kind,
                      },
                  ],
        );
    }

    refused(): readonly RefusedConnection[] {
        return this.refusals;
    }

    clearRefused(): void {
        this.refusals = [];
    }

    async invokeMethod(
        hub: Hub,
        deviceId: string,
        call: MethodCall,
    ): Promise<MethodResult | undefined | null> {
        const key = keyOf(hub, deviceId);
        const present = this.byDevice.get(key);
        const isReady = present?.session?.subscribed("methods") !== undefined;
        const connection = isReady
            ? present
            : await this.waitingCalls.wait(key, call.connectTimeout);
        return connection?.session?.invoke(call);
    }

    disconnect(hub: Hub, deviceId: string, why: string): void {
        this.byDevice.get(keyOf(hub, deviceId))?.close(why);
    }

    private keep(socket: Duplex): void {
        this.sockets.add(socket);
        socket.once("close", () => this.sockets.delete(socket));
    }

    private secured(socket: tls.TLSSocket): void {
        this.keep(socket);
        socket.on("error", () => socket.destroy());
        const deadline = setTimeout(() => socket.destroy(), handshakeMilliseconds).unref();
        socket.once("close", () => clearTimeout(deadline));
        socket.once("data", (first: Buffer) => {
            clearTimeout(deadline);
            const isProvisioning = azureHost(socket.servername || "")?.kind === "dps";
            if (first[0] === amqpBegin && isProvisioning) {
                this.context.log.warn("provisioning over AMQP is not emulated; use MQTT or HTTPS");
                socket.destroy();
                return;
            }
            if (first[0] === amqpBegin) {
                socket.pause();
                socket.unshift(first);
                this.handOnAmqp(socket);
                socket.resume();
                return;
            }
            const connection = isProvisioning
                ? this.provisioning(socket)
                : new MqttConnection(socket, this.host);
            this.open.add(connection);
            connection.feed(first);
            socket.on("data", (chunk: Buffer) => connection.feed(chunk));
        });
    }

    /** The host name of the TLS handshake is that of the provisioning services' device API. */
    private provisioning(socket: tls.TLSSocket): ProvisioningConnection {
        return new ProvisioningConnection(socket, {
            context: this.context,
            gone: (connection) => this.open.delete(connection),
        });
    }

    private hubOf(host: string): { hub: Hub; hostNames: string[] } | undefined {
        const hub = this.aliases.find(host) ?? this.context.hubs.byHostName(host, "service");
        if (hub === undefined) {
            return undefined;
        }
        const alias = this.aliases.aliasFor(hub);
        const own = new Set([hub.hostName, hostNameFor(hub, "device")]);
        return { hub, hostNames: [...own, ...(alias === undefined ? [] : [alias])] };
    }

    private admit(
        connection: MqttConnection,
        admission: Admission,
    ): { state: SessionState; present: boolean } {
        const { hub, deviceId, proof, clean } = admission;
        const key = keyOf(hub, deviceId);
        // [MQTT-3.1.4-2]; IoT Hub logs it as 400027 ConnectionForcefullyClosedOnNewConnection.
        this.byDevice.get(key)?.close("400027: the device connected again");
        this.byDevice.set(key, connection);
        this.context.log.info(`device ${deviceId} connected to hub ${hub.name} (${proof.kind})`);
        this.markConnection(hub, deviceId);
        if (clean) {
            this.sessions.delete(key); // [MQTT-3.1.2-6]
            return { state: new SessionState(), present: false };
        }
        const earlier = this.sessions.get(key);
        const state = earlier ?? new SessionState();
        this.sessions.set(key, state);
        return { state, present: earlier !== undefined };
    }

    private gone(connection: MqttConnection): void {
        this.open.delete(connection);
        const { session } = connection;
        if (session === undefined) {
            return;
        }
        const key = keyOf(session.hub, session.deviceId);
        if (this.byDevice.get(key) === connection) {
            this.byDevice.delete(key);
            this.markConnection(session.hub, session.deviceId);
        }
    }

    private markConnection(hub: Hub, deviceId: string): void {
        const device = hub.devices.get(deviceId);
        if (device !== undefined) {
            const now = this.context.clock.date().toISOString();
            device.connectionStateUpdatedTime = now;
            device.lastActivityTime = now;
        }
    }

    private record(refusal: Refusal, hub: Hub | undefined, deviceId: string | undefined): void {
        const { reason, detail, errorCode } = refusal;
        const time = this.context.clock.date().toISOString();
        const name = hub?.name.toLowerCase();
        this.refusals.push({ time, hub: name, deviceId, reason, detail, errorCode });
        this.refusals = this.refusals.slice(-keptRefusals);
        const who = deviceId === undefined ? "a client" : `device ${deviceId}`;
        this.context.log.info(`refused ${who}: ${reason}: ${detail}`);
    }

    private checkAll(): void {
        const realNow = Date.now();
        const now = this.context.clock.now();
        this.open.forEach((connection) => connection.check(realNow, now));
    }

    /** Follows changes made through other parts of a hub. */
    private follow(): void {
        const { events } = this.context.hubs;
        const { settings } = this.context;
        events.on("hubAdded", (hub) => void this.aliases.add(hub));
        events.on("hubRemoved", (hub) => {
            this.aliases.remove(hub);
            this.closeWhere(hub, () => true, "the hub was deleted");
            this.forgetSessions(keyOf(hub, ""));
        });
        events.on("deviceChanged", (hub, device) => {
            const isOutdated = (connection: MqttConnection): boolean =>
                connection.session?.deviceId === device.deviceId && connection.isOutdatedBy(device);
            if (settings.cutOnDeviceChange) {
                this.closeWhere(
                    hub,
                    isOutdated,
                    "the device was disabled or its authentication changed",
                );
            }
        });
        events.on("deviceRemoved", (hub, deviceId) => {
            this.sessions.delete(keyOf(hub, deviceId));
            if (settings.cutOnDeviceChange) {
                this.disconnect(hub, deviceId, "the device was deleted");
            }
        });
        events.on("certificateLost", (hub, certificate) => {
            if (settings.cutOnCaChange) {
                this.closeAnchored(hub, certificate);
            }
        });
        events.on("desiredChanged", (hub, device, patch) =>
            this.byDevice.get(keyOf(hub, device.deviceId))?.session?.notifyDesired(patch),
        );
        events.on("messageWaiting", (hub, device) =>
            this.byDevice.get(keyOf(hub, device.deviceId))?.session?.deliver(),
        );
    }

    /** Closes connections authenticated by a CA, unless the hub holds the same CA, verified, under another name. */
    private closeAnchored(hub: Hub, lost: HubCertificate): void {
        const remaining = new Set(
            [...hub.certificates.values()]
                .filter((one) => one !== lost && one.isVerified)
                .map((one) => new X509Certificate(one.pem).fingerprint256),
        );
        this.closeWhere(
            hub,
            ({ proof }) => proof?.anchor !== undefined && !remaining.has(proof.anchor),
            `the hub no longer trusts the CA "${lost.name}"`,
        );
    }

    private closeWhere(
        hub: Hub,
        matches: (connection: MqttConnection) => boolean,
        why: string,
    ): void {
        for (const connection of this.byDevice.values()) {
            if (connection.session?.hub === hub && matches(connection)) {
                connection.close(why);
            }
        }
    }

    private forgetSessions(prefix: string): void {
        for (const key of this.sessions.keys()) {
            if (key.startsWith(prefix)) {
                this.sessions.delete(key);
            }
        }
    }
}

/**
 * A client that named a hub in TLS must name the same one in its user name; a gateway's or an alias's name is not
 * compared.
 */
function checkServerName(serverName: string | undefined, hub: Hub): void {
    const isHub = serverName !== undefined && azureHost(serverName)?.kind === "hub";
    const own = [hub.hostName, hostNameFor(hub, "device")];
    if (isHub && !own.includes(serverName.toLowerCase())) {
        throw new Refusal(
            "hubMismatch",
            `the client connected to "${serverName}" but its user name names "${hub.hostName}"`,
        );
    }
}

function keyOf(hub: Hub, deviceId: string): string {
    return `${hub.name.toLowerCase()}/${deviceId}`;
}
