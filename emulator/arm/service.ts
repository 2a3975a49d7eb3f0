import { EmulatorContext } from "../context";
import { HostService, HttpFailure, HttpReply, HttpRequest } from "../core/http";
import { unauthorized } from "../entra/challenge";
import { Directory } from "../entra/directory";
import { Principal } from "../entra/principal";
import { audiencesOf } from "../entra/resources";
import { TokenProblem } from "../entra/tokens";
import { actionGroups } from "./actionGroups";
import { checkApiVersion, missingApiVersion } from "./apiVersions";
import { AuthorizationApi } from "./authorization";
import { dpsCertificates } from "./dpsCertificates";
import { DpsApi } from "./dpsServices";
import { armFailure } from "./errors";
import { EventHubApi } from "./eventHubs";
import { EventSubscriptionApi } from "./eventSubscriptions";
import { hubCertificates } from "./hubCertificates";
import { HubApi } from "./hubs";
import { HubPartsApi } from "./hubParts";
import { regions } from "./locations";
import { ResourceGroupApi } from "./resourceGroups";
import { ContainerGroupApi } from "./containerGroups";
import { ManagedIdentityApi } from "./managedIdentities";
import { MonitoringApi } from "./monitoring";
import { NamespaceApi } from "./namespaces";
import { ArmRequest, ArmRoutes } from "./routes";
import { scheduledQueryRules } from "./scheduledQueryRules";
import { ArmStore } from "./store";
import { SubscriptionApi } from "./subscriptions";
import { UsagesApi } from "./usages";
import { workspaces } from "./workspaces";

/** Resource Manager's data for one subscription. */
interface Subscription {
    readonly store: ArmStore;
    readonly routes: ArmRoutes;
    readonly authorization: AuthorizationApi;
    readonly api: SubscriptionApi;
}

/**
 * Azure Resource Manager: tenants, subscriptions, resource groups, IoT hubs, provisioning services, Event Hubs, managed
 * identities, alert rules and role assignments.
 */
export class ArmService implements HostService {
    private readonly subscriptions = new Map<string, Subscription>();

    /**
     * @param first the subscription that exists from the start; scopes without a subscription are also looked up in it
     */
    constructor(
        private readonly context: EmulatorContext,
        private readonly first: ArmStore,
    ) {
        this.add(first);
    }

    add(store: ArmStore): void {
        const { context } = this;
        const routes = new ArmRoutes(context.access);
        const api = new SubscriptionApi(context, store);
        for (const one of [
            api,
            new ResourceGroupApi(context, store),
            new HubApi(context, store),
            new HubPartsApi(context),
            new UsagesApi(context, store),
            hubCertificates(context),
            new EventSubscriptionApi(context),
            new DpsApi(context, store),
            dpsCertificates(context),
            new NamespaceApi(context, store),
            new EventHubApi(context),
            new ManagedIdentityApi(context, store),
            new ContainerGroupApi(context, store),
            new MonitoringApi(context, store, workspaces),
            new MonitoringApi(context, store, actionGroups),
            new MonitoringApi(context, store, scheduledQueryRules(context)),
        ]) {
            one.register(routes);
        }
        const authorization = new AuthorizationApi(context, store);
        this.subscriptions.set(store.subscriptionId, { store, routes, authorization, api });
    }

    /** Discards all subscriptions but the first. */
    reset(): void {
        const first = this.subscriptions.get(this.first.subscriptionId) as Subscription;
        this.subscriptions.clear();
        this.subscriptions.set(this.first.subscriptionId, first);
    }

    async handle(request: HttpRequest): Promise<HttpReply> {
        const path = decodedPath(request);
        const apiVersion = request.url.searchParams.get("api-version");
        if (apiVersion === null || apiVersion === "") {
            throw missingApiVersion();
        }
        const named = /^\/subscriptions\/([^/]+)/i.exec(path)?.[1].toLowerCase();
        const principal = await this.authenticate(request, named);
        const armRequest: ArmRequest = { ...request, principal, apiVersion };
        const subscription = this.subscription(named ?? this.first.subscriptionId);
        const locations = regions(request.host.cloud).map(({ name }) => name);
        checkApiVersion(path, apiVersion, locations);
        requireRegistration(subscription.store, request.method, path);
        return (
            this.overview(armRequest, path) ??
            subscription.authorization.handle(armRequest, path) ??
            subscription.routes.handle(armRequest)
        );
    }

    /** A subscription accepts tokens of its own tenant; scopes above subscriptions accept those of every tenant. */
    private async authenticate(
        request: HttpRequest,
        named: string | undefined,
    ): Promise<Principal> {
        const { tenants, tokens } = this.context;
        const { cloud } = request.host;
        const takes = named === undefined ? tenants.all() : [tenants.ownerOf(named)];
        try {
            return await tokens.verify(
                request.headers.authorization,
                audiencesOf("arm", cloud),
                takes.map(({ tenantId }) => tenantId),
            );
        } catch (error) {
            if (error instanceof TokenProblem) {
                throw new HttpFailure(unauthorized(error, cloud));
            }
            throw error;
        }
    }

    /** The tenant of the caller's token, and the subscriptions of that tenant that the caller can see. */
    private overview(request: ArmRequest, path: string): HttpReply | undefined {
        const route = `${request.method} ${path.replace(/\/$/, "").toLowerCase()}`;
        const { tenants } = this.context;
        const directory = tenants.find(request.principal.tenantId) ?? tenants.home;
        switch (route) {
            case "GET /tenants":
                return { status: 200, body: { value: [tenantView(directory)] } };
            case "GET /subscriptions": {
                const value = [...this.subscriptions]
                    .filter(([id]) => tenants.ownerOf(id) === directory)
                    .flatMap(([, { api }]) => api.viewFor(request));
                return {
                    status: 200,
                    body: { value, count: { type: "Total", value: value.length } },
                };
            }
            default:
                return undefined;
        }
    }

    private subscription(named: string): Subscription {
        const found = this.subscriptions.get(named);
        if (found !== undefined) {
            return found;
        }
        const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
        if (!guid.test(named)) {
            throw armFailure(
                400,
                "InvalidSubscriptionId",
                `The provided subscription identifier '${named}' is malformed or invalid.`,
            );
        }
        throw armFailure(
            404,
            "SubscriptionNotFound",
            `The subscription '${named}' could not be found.`,
        );
    }
}

function tenantView({ tenantId, initialDomain }: Directory): object {
    return {
        id: `/tenants/${tenantId}`,
        tenantId,
        tenantCategory: "Home",
        displayName: "Local emulator",
        defaultDomain: initialDomain,
        domains: [initialDomain],
        tenantType: "AAD",
    };
}

/**
 * A resource provider does nothing in a subscription that is not registered for it (Azure docs: "Resolve errors for
 * resource provider registration"). What reads return then is not documented; here they find nothing.
 *
 * @throws HttpFailure MissingSubscriptionRegistration
 */
function requireRegistration(store: ArmStore, method: string, path: string): void {
    const [, namespace] =
        /\/providers\/(Microsoft\.(?:Devices|Insights|OperationalInsights))\/(?!(?:un)?register$)[^/]+/i.exec(
            path,
        ) ?? [];
    if (namespace !== undefined && method !== "GET" && !store.isProviderRegistered(namespace)) {
        throw armFailure(
            409,
            "MissingSubscriptionRegistration",
            `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for ` +
                "how to register subscriptions.",
        );
    }
}

function decodedPath(request: HttpRequest): string {
    try {
        return decodeURIComponent(request.url.pathname);
    } catch {
        throw armFailure(400, "InvalidRequestUri", "The request URI is not valid.");
    }
}
