import { readFileSync } from "fs";
import { Form, merged } from "./redact";

/** One operation of a service with one status, combined over all its occurrences. */
export interface Exchange {
    readonly method: string;
    readonly host: string;
    /** With placeholders for names, e.g. `/subscriptions/{subscription}/resourceGroups/{group}`. */
    readonly path: string;
    readonly apiVersion?: string;
    readonly status: number;
    readonly requestHeaders: Readonly<Record<string, string>>;
    readonly responseHeaders: Readonly<Record<string, string>>;
    readonly request?: Form;
    readonly response?: Form;
}

/** A step of the trial and its outcome. */
export interface Step {
    readonly name: string;
    readonly outcome: string;
}

/** What a run of the trial records. */
export interface Recording {
    readonly format: 1;
    readonly against: "azure" | "emulator";
    readonly steps: readonly Step[];
    readonly exchanges: readonly Exchange[];
}

/** @throws Error if the recorder could not read an exchange, or the lines are not its own */
export function readExchanges(file: string): Exchange[] {
    const found = new Map<string, Exchange>();
    for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
        const seen = JSON.parse(line) as Exchange & { readonly lost?: string };
        if (seen.lost !== undefined) {
            throw new Error(`the recorder lost an exchange: ${seen.lost}`);
        }
        const key = `${operationOf(seen)} ${seen.status}`;
        const before = found.get(key);
        found.set(key, before === undefined ? seen : both(before, seen));
    }
    return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, seen]) => seen);
}

/** Method, host, path and version: Azure's paths ignore letter case. */
function operationOf({ method, host, path, apiVersion }: Exchange): string {
    const version = apiVersion === undefined ? "" : ` (${apiVersion})`;
    return `${method} ${host}${path.toLowerCase()}${version}`;
}

function both(one: Exchange, other: Exchange): Exchange {
    return {
        ...one,
        requestHeaders: joined(one.requestHeaders, other.requestHeaders),
        responseHeaders: joined(one.responseHeaders, other.responseHeaders),
        request: merged(one.request, other.request),
        response: merged(one.response, other.response),
    };
}

function joined(one: Exchange["requestHeaders"], other: Exchange["requestHeaders"]) {
    return merged(one, other) as Record<string, string>;
}

/** Differences between two recordings, a line each; empty: none. */
export function differences(one: Recording, other: Recording): string[] {
    const names = [one, other].map(({ against }) => against);
    const [left, right] = names[0] === names[1] ? ["the first", "the second"] : names;
    const outcomes = (recording: Recording) =>
        new Map(recording.steps.map(({ name, outcome }) => [name, outcome]));
    return [
        ...compareMaps(outcomes(one), outcomes(other), left, right, "step"),
        ...compareExchanges(one, other, left, right),
    ];
}

function compareMaps(
    one: ReadonlyMap<string, string>,
    other: ReadonlyMap<string, string>,
    left: string,
    right: string,
    what: string,
): string[] {
    return [...new Set([...one.keys(), ...other.keys()])].sort().flatMap((key) => {
        const [here, there] = [one.get(key), other.get(key)];
        if (here === there) {
            return [];
        }
        return here === undefined || there === undefined
            ? [`${what} ${key}: ${here ?? there}, only in ${here === undefined ? right : left}`]
            : [`${what} ${key}: ${here} in ${left}, ${there} in ${right}`];
    });
}

function compareExchanges(one: Recording, other: Recording, left: string, right: string): string[] {
    const byKey = ({ exchanges }: Recording) =>
        new Map(exchanges.map((seen) => [`${operationOf(seen)} -> ${seen.status}`, seen]));
    const [here, there] = [byKey(one), byKey(other)];
    return [...new Set([...here.keys(), ...there.keys()])].sort().flatMap((key) => {
        const [first, second] = [here.get(key), there.get(key)];
        if (first === undefined || second === undefined) {
            return [`${key}: only in ${first === undefined ? right : left}`];
        }
        return compareMaps(fieldsOf(first), fieldsOf(second), left, right, `${key}:`);
    });
}

/** All leaves of an exchange by their paths, e.g. `response.properties.state`. */
export function fieldsOf({
    requestHeaders,
    responseHeaders,
    request,
    response,
}: Pick<Exchange, "requestHeaders" | "responseHeaders" | "request" | "response">): Map<
    string,
    string
> {
    const fields = new Map<string, string>();
    const walk = (form: Form | undefined, at: string): void => {
        if (typeof form === "object") {
            const entries = Object.entries(form);
            entries.forEach(([name, inner]) => walk(inner, `${at}.${name}`));
            if (entries.length === 0) {
                fields.set(at, "{}");
            }
        } else if (form !== undefined) {
            fields.set(at, form);
        }
    };
    walk(requestHeaders, "request header");
    walk(responseHeaders, "response header");
    walk(request, "request");
    walk(response, "response");
    return fields;
}
