import { randomUUID } from "crypto";
import { HttpReply } from "./http";

/** A fault to inject into matching HTTP requests. */
export interface FaultRule {
    /** Regular expression for the host name; default: every host. */
    readonly host?: string;
    /** HTTP method; default: all. */
    readonly method?: string;
    /** Regular expression for path and query; default: every path. */
    readonly path?: string;
    /** Probability, from 0 to 1, that a matching request is hit. Default 1. */
    readonly rate?: number;
    /** How many requests are hit before the rule is used up. Default: no limit. */
    readonly count?: number;
    /** How many matching requests pass before the first is hit. Default 0. */
    readonly skip?: number;
    /** Replies with this status instead of processing the request. */
    readonly status?: number;
    /** `Retry-After` of that reply, in seconds; omitted when undefined. */
    readonly retryAfter?: number;
    /** Body of that reply; by default the text that the host sends for such a status. */
    readonly body?: unknown;
    /** Delay in milliseconds, before or after the request is processed. */
    readonly delayMilliseconds?: number;
    /** Closes the connection without a reply. */
    readonly drop?: boolean;
    /** Whether delay and drop come before or after the request is processed. Default "before". */
    readonly when?: "before" | "after";
}

export interface ActiveFault extends FaultRule {
    readonly id: string;
    /** Requests that matched host, method and path. */
    matched: number;
    /** Requests that were hit. */
    hits: number;
    /** The latest hit: method, path and query. */
    lastHit?: string;
}

/** The active fault rules. The first rule that hits decides. */
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

    /** Finds the rule that hits this request and counts the hit. */
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

/** The reply of a rule that has a status. */
export function faultReply(rule: FaultRule, defaultBody: unknown): HttpReply {
    return {
        status: rule.status ?? 500,
        headers: rule.retryAfter === undefined ? {} : { "retry-after": String(rule.retryAfter) },
        body: rule.body ?? defaultBody,
    };
}
