import { Telemetry } from "./model";

/** System properties by their names in conditions (Azure docs: iot-hub-devguide-routing-query-syntax). */
const systemNames: Readonly<Record<string, string>> = {
    $connectionDeviceId: "iothub-connection-device-id",
    $contentType: "content-type",
    $contentEncoding: "content-encoding",
    $messageId: "message-id",
    $correlationId: "correlation-id",
    $userId: "user-id",
    $to: "to",
};

export type RouteCondition = (message: Telemetry) => boolean;

const comparison =
    /^\s*(\$?[A-Za-z_][\w.-]*)\s*(=|!=|<>|<=|>=|<|>)\s*(?:'([^']*)'|"([^"]*)"|(-?\d+(?:\.\d+)?))\s*$/;

const operators: Readonly<Record<string, <T>(one: T, other: T) => boolean>> = {
    "=": (one, other) => one === other,
    "!=": (one, other) => one !== other,
    "<>": (one, other) => one !== other,
    "<": (one, other) => one < other,
    ">": (one, other) => one > other,
    "<=": (one, other) => one <= other,
    ">=": (one, other) => one >= other,
};

/**
 * A subset of the query language of message routing: `true`, `false`, and comparisons of application or system
 * properties with strings or numbers, joined by AND. Returns undefined for everything else, which the emulator does not
 * evaluate.
 */
export function routeCondition(text: string): RouteCondition | undefined {
    if (/^\s*(true|false)\s*$/i.test(text)) {
        return () => /true/i.test(text);
    }
    // Quoted strings are kept whole: they may contain an AND.
    const parts = text.match(/(?:'[^']*'|"[^"]*"|(?!\sAND\s)[\s\S])+/gi) ?? [];
    const tests = parts.map((part) => compared(part.replace(/^\s*AND\s/i, "")));
    const known = tests.filter((test): test is RouteCondition => test !== undefined);
    return known.length === 0 || known.length < tests.length
        ? undefined
        : (message) => known.every((test) => test(message));
}

/** A comparison with a property that the message does not have is undefined, which is not true. */
function compared(text: string): RouteCondition | undefined {
    const match = comparison.exec(text);
    if (match === null || (match[1].startsWith("$") && !Object.hasOwn(systemNames, match[1]))) {
        return undefined;
    }
    const [, name, operator, single, double, number] = match;
    const holds = operators[operator];
    return ({ properties, systemProperties }) => {
        const value = name.startsWith("$") ? systemProperties[systemNames[name]] : properties[name];
        if (value === undefined || (number !== undefined && Number.isNaN(Number(value)))) {
            return false;
        }
        return number === undefined
            ? holds(value, single ?? double)
            : holds(Number(value), Number(number));
    };
}
