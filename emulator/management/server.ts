import * as http from "http";
import { AddressInfo } from "net";
import * as findMyWay from "find-my-way";
import { EmulatorContext } from "../context";
import { clouds } from "../core/clouds";
import { FaultRule } from "../core/faults";
import { changeSettings } from "../core/settings";
import { GraphRight } from "../entra/model";
import { tokenLifetimeSeconds } from "../entra/tokens";
import { foreignCaller } from "./callers";
import { withoutSecrets } from "./redact";
import { heldInventory } from "./report";

/** What the management API shows and changes. */
export interface ManagedEmulator {
    readonly context: EmulatorContext;
    /** The service principal that the emulator's environment file names. */
    readonly deployer: { readonly clientId: string };
    readonly ports: object;
    snapshot(): object;
    reset(): void;
    addSubscription(): object;
    addTenant(): object;
}

type Body = Record<string, unknown>;
type Answer = (body: Body, query: URLSearchParams) => unknown;

/** An answer for a browser; all others are JSON. */
class Page {
    constructor(readonly html: string) {}
}

const notStored = { "cache-control": "no-store" };

/**
 * The emulator's own API, for people and tests: requests received, refusals and their reasons, and settings. Plain HTTP
 * on loopback without authentication, closed to web pages; Azure has no counterpart.
 */
export class ManagementServer {
    private readonly routes = findMyWay({ ignoreTrailingSlash: true });
    private readonly answers: Answer[] = [];
    private readonly server = http.createServer((request, response) => {
        this.serve(request, response).catch((error: Error) => {
            send(response, 400, { error: error.message });
        });
    });

    constructor(
        private readonly emulator: ManagedEmulator,
        private readonly aliases: () => unknown,
    ) {
        this.addLogs();
        this.addSettings();
    }

    async listen(port: number): Promise<number> {
        await new Promise<void>((resolve, reject) => {
            this.server.once("error", reject);
            this.server.listen(port, "127.0.0.1", resolve);
        });
        return (this.server.address() as AddressInfo).port;
    }

    async close(): Promise<void> {
        const closed = new Promise((resolve) => this.server.close(resolve));
        this.server.closeAllConnections();
        await closed;
    }

    private on(method: findMyWay.HTTPMethod, path: string, answer: Answer): void {
        const index = this.answers.push(answer) - 1;
        this.routes.on(method, path, () => undefined, { index });
    }

    private addLogs(): void {
        const { context } = this.emulator;
        const { telemetry, connections, traffic } = context;
        this.on("GET", "/health", () => ({ status: "ok", ports: this.emulator.ports }));
        this.on("GET", "/hubs", () => this.aliases());
        this.on("GET", "/messages", (_, query) => ({
            count: telemetry.count,
            messages: telemetry.list({
                hub: query.get("hub") ?? undefined,
                deviceId: query.get("deviceId") ?? undefined,
            }),
        }));
        this.on("DELETE", "/messages", () => telemetry.clear());
        this.on("GET", "/connections", () => connections.list());
        this.on("GET", "/refusals", () => connections.refused());
        this.on("DELETE", "/refusals", () => connections.clearRefused());
        const { provisioning } = context;
        this.on("GET", "/registrations", () =>
            provisioning.list().flatMap((service) => [...service.registrations.values()]),
        );
        this.on("GET", "/refused-registrations", () => provisioning.refused());
        this.on("DELETE", "/refused-registrations", () => provisioning.clearRefused());
        this.on("GET", "/requests", () => traffic.report());
        this.on("DELETE", "/requests", () => traffic.clear());
        this.on("GET", "/report", async () => {
            // Loaded when it is asked for: most runs never show it.
            const { report } = await import("../../report-page/report");
            return new Page(report(heldInventory(context)));
        });
        this.on("GET", "/memory", () => process.memoryUsage());
        this.on("GET", "/dump", () => withoutSecrets(this.emulator.snapshot()));
    }

    private addSettings(): void {
        const { context } = this.emulator;
        const { clock, settings, faults } = context;
        this.on("GET", "/clock", () => ({ offsetSeconds: clock.offsetSeconds, now: clock.date() }));
        this.on("PUT", "/clock", (body) => {
            if (typeof body.offsetSeconds !== "number") {
                throw new Error('"offsetSeconds" must be a number');
            }
            clock.setOffset(body.offsetSeconds);
            return { offsetSeconds: clock.offsetSeconds, now: clock.date() };
        });
        this.on("GET", "/settings", () => settings);
        this.on("PATCH", "/settings", (body) => {
            changeSettings(settings, body);
            return settings;
        });
        this.on("GET", "/faults", () => faults.list());
        this.on("POST", "/faults", (body) => faults.add(body as FaultRule));
        this.on("DELETE", "/faults", () => faults.clear());
        this.on("POST", "/reset", () => this.emulator.reset());
        this.on("GET", "/actions-token", (_, query) => this.actionsToken(query));
        this.on("GET", "/managed-identity", (_, query) => this.managedIdentityToken(query));
        this.on("POST", "/principals", (body) => this.makePrincipal(body));
        this.on("POST", "/subscriptions", () => this.emulator.addSubscription());
        this.on("POST", "/tenants", () => this.emulator.addTenant());
        this.on("POST", "/oidc-token", async (body) => ({
            token: await context.tokens.issueExternal({
                issuer: String(body.issuer),
                subject: String(body.subject),
                audience: String(body.audience),
            }),
        }));
    }

    /** Replies as GitHub does to a job that asks for its token: `value` is for the requested audience. */
    private async actionsToken(query: URLSearchParams): Promise<unknown> {
        const value = await this.emulator.context.tokens.issueExternal({
            issuer: "https://token.actions.githubusercontent.com",
            subject: query.get("subject") ?? "",
            audience: query.get("audience") ?? "https://github.com/contoso",
        });
        return { count: value.length, value };
    }

    /**
     * Replies as an App Service does to its managed identity, here the deployer (Azure docs: overview-managed-identity,
     * REST).
     */
    private async managedIdentityToken(query: URLSearchParams): Promise<unknown> {
        const { directory, tokens, clock } = this.emulator.context;
        const clientId = query.get("client_id") ?? this.emulator.deployer.clientId;
        const principal = directory.servicePrincipalByAppId(clientId);
        if (principal === undefined) {
            throw new Error(`no managed identity ${clientId}`);
        }
        const resource = query.get("resource") ?? "";
        return {
            access_token: await tokens.issue({
                principal,
                tenantId: directory.tenantId,
                audience: resource,
                cloud: clouds[0],
                proof: "key",
            }),
            client_id: clientId,
            expires_on: String(Math.floor(clock.now() / 1000) + tokenLifetimeSeconds),
            resource,
            token_type: "Bearer",
        };
    }

    private makePrincipal(body: Body): unknown {
        const { directory, access } = this.emulator.context;
        const made = directory.createServicePrincipal({
            displayName: String(body.displayName ?? "test principal"),
            secret: true,
            graphRights: (body.graphRights ?? []) as GraphRight[],
        });
        const roles = (body.roles ?? []) as { role: string; scope: string }[];
        roles.forEach(({ role, scope }) => access.assignByName(made.objectId, role, scope));
        return { ...made, tenantId: directory.tenantId };
    }

    private async serve(
        request: http.IncomingMessage,
        response: http.ServerResponse,
    ): Promise<void> {
        const foreign = foreignCaller(request);
        if (foreign !== undefined) {
            send(response, 403, { error: foreign });
            return;
        }
        const url = new URL(request.url ?? "/", "http://127.0.0.1");
        const found = this.routes.find(request.method as findMyWay.HTTPMethod, url.pathname);
        if (found === null) {
            send(response, 404, { error: `no ${request.method} ${url.pathname} here` });
            return;
        }
        const chunks: Buffer[] = [];
        for await (const chunk of request) {
            chunks.push(chunk as Buffer);
        }
        const text = Buffer.concat(chunks).toString("utf8");
        const body = (text === "" ? {} : JSON.parse(text)) as Body;
        const { index } = found.store as { index: number };
        const answer = await this.answers[index](body, url.searchParams);
        if (answer instanceof Page) {
            response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...notStored });
            response.end(answer.html);
            return;
        }
        send(response, 200, answer ?? {});
    }
}

function send(response: http.ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body) + "\n");
}
