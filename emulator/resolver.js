// Preloaded into Node programs by the emulator's environment file (NODE_OPTIONS=--require). MQTT and AMQP do not use a
// proxy and the azure-iothub client ignores HTTPS_PROXY, so sockets to Azure are redirected to the emulator. TLS still
// checks Azure's name and sends it as SNI.
"use strict";

/* eslint-disable-next-line @typescript-eslint/no-require-imports -- preloaded by Node as plain CommonJS */
const net = require("net");

const routes = process.env.EMULATOR_ROUTES ? JSON.parse(process.env.EMULATOR_ROUTES) : undefined;

function target(options) {
    const host = String(options.host || options.hostname || "").toLowerCase();
    const isAzure =
        routes.hosts.includes(host) ||
        routes.suffixes.some((suffix) => host.endsWith("." + suffix));
    if (!isAzure || options.path) {
        return undefined;
    }
    const port = Number(options.port) === 443 ? routes.httpsPort : routes.devicePort;
    return { ...options, host: routes.host, hostname: undefined, port };
}

if (routes !== undefined) {
    const connect = net.Socket.prototype.connect;
    net.Socket.prototype.connect = function (...args) {
        // Either (options, listener), (port, host, listener), or the array that Node itself makes of these.
        const inner = Array.isArray(args[0]) ? args[0] : args;
        if (typeof inner[0] === "object" && inner[0] !== null) {
            inner[0] = target(inner[0]) || inner[0];
        } else if (typeof inner[1] === "string") {
            const led = target({ port: inner[0], host: inner[1] });
            if (led !== undefined) {
                inner.splice(0, 2, led.port, led.host);
            }
        }
        return connect.apply(this, args);
    };
}
