/* The options of `npm run emulator`: read before anything is set up, so only Node's own modules are used. */

export const usage = `Usage: npm run emulator -- [options]

  --host ADDRESS           address to listen on (default 127.0.0.1)
  --port PORT              HTTPS of all Azure hosts and CONNECT proxy (default 0: a free port)
  --mqtt-port PORT         MQTT and AMQP over TLS (default 8883)
  --management-port PORT   management API, loopback only (default 0: a free port)
  --state-file FILE        file that keeps the state across restarts (default: memory only)
  --env-file FILE          environment file to write, for your shell to source (default: in a temporary folder)
  --help                   show this text
`;

export const options = {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    "mqtt-port": { type: "string", default: "8883" },
    "management-port": { type: "string", default: "0" },
    "state-file": { type: "string" },
    "env-file": { type: "string" },
    help: { type: "boolean", default: false },
};

/** Returns what is wrong with the values, and with arguments that are not options. */
export function problems(positionals, values) {
    const ports = ["port", "mqtt-port", "management-port"].filter(
        (name) => !/^\d{1,5}$/.test(values[name]) || Number(values[name]) > 65535,
    );
    return [
        ...positionals.map((one) => `unexpected argument "${one}"`),
        ...ports.map(
            (name) =>
                `--${name} "${values[name]}": a port must be a whole number from 0 to 65535 (0: a free one)`,
        ),
    ];
}
