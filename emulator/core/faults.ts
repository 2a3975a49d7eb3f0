import { randomUUID } from "crypto";
import { HttpReply } from "./http";

/** A fault to inject into matching HTTP requests. */
export interface FaultRule {
    /** Regular expression on the host name; default: every host. */
    readonly host?: string;
    /** HTTP method; default: all. */
    readonly method?: string;
    /** Regular expression on path and query; default: every path. */
    readonly path?: string;
    /** Probability of 0 to 1 that a matching request is hit. Default 1. */
    readonly rate?: number;
    /** How many requests are hit before the rule is spent. Default: no end. */
    readonly count?: number;
    /** How many matching requests pass before the first is hit. Default 0. */
    readonly skip?: number;
    /** Answers with this status instead of doing the work. */
    readonly status?: number;
    /** `Retry-After` of that answer, in seconds; left out when undefined. */
    readonly retryAfter?: number;
    /** Body of that answer; by default the text that the host sends for such a status. */
    readonly body?: unknown;
    /** Waits so many milliseconds, before the work or after it. */
    readonly delayMilliseconds?: number;
    /** Closes the connection without an answer. */
    readonly drop?: boolean;
    /** Whether delay and drop come before the effect or after it. Default "before". */
    readonly when?: "before" | "after";
}

export interface ActiveFault extends FaultRule {
    readonly id: string;
    /** Requests that matched host, method and path. */
    matched: number;
    /** Requests that were hit. */
    hits: number;
    /** The newest of them: method, path and query. */
    lastHit?: string;
}

/** The fault rules in force. The first rule that hits decides. */
export class Faults {
    private rules: ActiveFault[] = [];

    add(rule: FaultRule): ActiveFault {
        const problem = faultProblem(rule);
        if (problem !== undefined) {
            throw new Error(problem);
        }
        const active: ActiveFault = { ...rule, id: randomUUID(), matched: 0, hits: 0 };
        this.rules.push(active);
        return active;
    }

    list(): readonly ActiveFault[] {
        return this.rules;
    }

    clear(): void {
        this.rules = [];
    }

    /** The rule that hits this request, counted as a hit. */
    strike(method: string, host: string, pathAndQuery: string): ActiveFault | undefined {
        for (const rule of this.rules) {
            if (!matches(rule, method, host, pathAndQuery)) {
                continue;
            }
            rule.matched += 1;
            const spent = rule.count !== undefined && rule.hits >= rule.count;
            if (rule.matched <= (rule.skip ?? 0) || spent || Math.random() >= (rule.rate ?? 1)) {
                continue;
            }
            rule.hits += 1;
            rule.lastHit = `${method} ${pathAndQuery}`;
            return rule;
        }
        return undefined;
    }
}

function matches(rule: FaultRule, method: string, host: string, path: string): boolean {
    return (
        (rule.method === undefined || rule.method.toUpperCase() === method) &&
        (rule.host === undefined || new RegExp(rule.host, "i").test(host)) &&
        (rule.path === undefined || new RegExp(rule.path, "i").test(path))
    );
}

function faultProblem(rule: FaultRule): string | undefined {
    for (const pattern of [rule.host, rule.path]) {
        try {
            new RegExp(pattern ?? "");
        } catch (error) {
            return `fault: not a regular expression: ${(error as Error).message}`;
        }
    }
    if (rule.status === undefined && rule.delayMilliseconds === undefined && !rule.drop) {
        return "fault: set one of status, delayMilliseconds or drop";
    }
    return undefined;
}

/** The answer of a rule that has a status. */
export function faultReply(rule: FaultRule, defaultBody: unknown): HttpReply {
    return {
        status: rule.status ?? 500,
        headers: rule.retryAfter === undefined ? {} : { "retry-after": String(rule.retryAfter) },
        body: rule.body ?? defaultBody,
    };
}
