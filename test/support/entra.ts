import * as assert from "assert";
import { execFileSync } from "child_process";
import { randomUUID } from "crypto";
import { mkdtempSync, readFileSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { Clock } from "../../emulator/core/clock";
import { azureHost } from "../../emulator/core/clouds";
import { HostService, HttpFailure, HttpReply } from "../../emulator/core/http";
import { Directory } from "../../emulator/entra/directory";
import { GraphService } from "../../emulator/entra/graph";
import { EntraService } from "../../emulator/entra/service";
import { Tenants } from "../../emulator/entra/tenants";
import { Tokens } from "../../emulator/entra/tokens";

export type Json = Record<string, unknown>;

export interface Answer {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Json;
}

export interface Call {
    readonly headers?: Record<string, string>;
    /** Sent as a form. */
    readonly form?: Record<string, string>;
    /** Sent as JSON. */
    readonly json?: unknown;
}

/** Entra and Microsoft Graph without a network: requests go to the services' handlers. */
export class EntraBench {
    readonly clock = new Clock();
    readonly directory = new Directory();
    readonly tenants = new Tenants(this.directory);
    private services!: Record<"entra" | "graph", HostService>;
    tokens!: Tokens;

    static async create(): Promise<EntraBench> {
        const bench = new EntraBench();
        bench.tokens = await Tokens.create(bench.clock, bench.directory);
        bench.services = { entra: new EntraService(bench), graph: new GraphService(bench) };
        return bench;
    }

    async call(method: string, address: string, call: Call = {}): Promise<Answer> {
        const url = new URL(address);
        const host = azureHost(url.hostname);
        if (host?.kind !== "entra" && host?.kind !== "graph") {
            throw new Error(`${address}: neither Entra nor Graph`);
        }
        const { form, json, headers = {} } = call;
        const body =
            form === undefined
                ? (JSON.stringify(json) ?? "")
                : new URLSearchParams(form).toString();
        let reply: HttpReply;
        try {
            reply = await this.services[host.kind].handle({
                id: randomUUID(),
                method,
                host,
                url,
                headers,
                body: Buffer.from(body),
                clientCertificates: [],
            });
        } catch (error) {
            if (!(error instanceof HttpFailure)) {
                throw error;
            }
            reply = error.reply;
        }
        return {
            status: reply.status,
            headers: reply.headers ?? {},
            body: (reply.body ?? {}) as Json,
        };
    }

    /** Asks the v2 token endpoint of the public cloud. */
    token(form: Record<string, string>, tenant = this.directory.tenantId): Promise<Answer> {
        return this.call("POST", `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`, {
            form,
        });
    }
}

/** Checks an error of the token endpoint in every member that Entra gives it. */
export function assertStsError(
    answer: Answer,
    status: number,
    error: string,
    code: number,
    text: RegExp,
): void {
    const { body } = answer;
    assert.strictEqual(answer.status, status, JSON.stringify(body));
    assert.strictEqual(body.error, error);
    assert.deepStrictEqual(body.error_codes, [code]);
    assert.match(String(body.error_description), new RegExp(`^AADSTS${code}: `));
    assert.match(String(body.error_description), text);
    assert.match(
        String(body.error_description),
        / Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
    );
    for (const name of ["timestamp", "trace_id", "correlation_id", "error_uri"]) {
        assert.strictEqual(typeof body[name], "string", name);
    }
}

export interface KeyPair {
    readonly certificatePem: string;
    readonly keyPem: string;
}

/** A self-signed RSA certificate, by OpenSSL. */
export function selfSigned(commonName: string): KeyPair {
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-entra-"));
    const keyFile = path.join(folder, "key.pem");
    const certificateFile = path.join(folder, "certificate.pem");
    try {
        execFileSync(
            "openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"].concat([
                "-subj",
                `/CN=${commonName}`,
                "-keyout",
                keyFile,
                "-out",
                certificateFile,
            ]),
            { stdio: "pipe" },
        );
        return {
            keyPem: readFileSync(keyFile, "utf8"),
            certificatePem: readFileSync(certificateFile, "utf8"),
        };
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

/** The base64 between the lines of a PEM block. */
export function pemBody(pem: string): string {
    return pem.replace(/-----[^-]+-----|\s/g, "");
}
