import * as http from "http";

const loopback = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Why a request is refused, or undefined. A web page in a browser on this machine can reach the management API, too:
 * through a host name of its own that resolves to loopback (Host is then that name), or across origins (Origin is then
 * its own).
 */
export function foreignCaller(request: http.IncomingMessage): string | undefined {
    const own = loopback.map((name) => `${name}:${request.socket.localPort}`);
    const { host = "", origin } = request.headers;
    if (!own.includes(host.toLowerCase())) {
        return `Host is "${host}", but the management API accepts only ${own.join(", ")}`;
    }
    if (origin !== undefined && !own.some((one) => origin.toLowerCase() === `http://${one}`)) {
        return `Origin is "${origin}", but the management API accepts no web pages but its own`;
    }
    return undefined;
}
