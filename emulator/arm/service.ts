import { EmulatorContext } from "../context";
import { HostService, HttpFailure, HttpReply, HttpRequest } from "../core/http";
import { unauthorized } from "../entra/challenge";
import { Principal } from "../entra/principal";
import { audiencesOf } from "../entra/resources";
import { TokenProblem } from "../entra/tokens";
import { checkApiVersion, missingApiVersion } from "./apiVersions";
import { AuthorizationApi } from "./authorization";
import { dpsCertificates } from "./dpsCertificates";
import { DpsApi } from "./dpsServices";
import { armFailure } from "./errors";
import { EventSubscriptionApi } from "./eventSubscriptions";
import { hubCertificates } from "./hubCertificates";
import { HubApi } from "./hubs";
import { HubPartsApi } from "./hubParts";
import { regions } from "./locations";
import { ResourceGroupApi } from "./resourceGroups";
import { ArmRequest, ArmRoutes } from "./routes";
import { ArmStore } from "./store";
import { SubscriptionApi } from "./subscriptions";

/** Azure Resource Manager: subscriptions, resource groups, IoT hubs, provisioning services and role assignments. */
export class ArmService implements HostService {
    private readonly routes: ArmRoutes;
    private readonly authorization: AuthorizationApi;

    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {
        this.routes = new ArmRoutes(context.access);
        this.authorization = new AuthorizationApi(context, store);
        for (const api of [
            new SubscriptionApi(context, store),
            new ResourceGroupApi(context, store),
            new HubApi(context, store),
            new HubPartsApi(context),
            hubCertificates(context),
            new EventSubscriptionApi(context),
            new DpsApi(context, store),
            dpsCertificates(context),
        ]) {
            api.register(this.routes);
        }
    }

    async handle(request: HttpRequest): Promise<HttpReply> {
        const path = decodedPath(request);
        const apiVersion = request.url.searchParams.get("api-version");
        if (apiVersion === null || apiVersion === "") {
            throw missingApiVersion();
        }
        const principal = await this.authenticate(request);
        const armRequest: ArmRequest = { ...request, principal, apiVersion };
        this.checkSubscription(path);
        const locations = regions(request.host.cloud).map(({ name }) => name);
        checkApiVersion(path, apiVersion, locations);
        return this.authorization.handle(armRequest, path) ?? this.routes.handle(armRequest);
    }

    private async authenticate(request: HttpRequest): Promise<Principal> {
        const { cloud } = request.host;
        try {
            return await this.context.tokens.verify(
                request.headers.authorization,
                audiencesOf("arm", cloud),
            );
        } catch (error) {
            if (error instanceof TokenProblem) {
                throw new HttpFailure(unauthorized(error, cloud));
            }
            throw error;
        }
    }

    private checkSubscription(path: string): void {
        const named = /^\/subscriptions\/([^/]+)/i.exec(path)?.[1];
        if (named === undefined || named.toLowerCase() === this.store.subscriptionId) {
            return;
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

function decodedPath(request: HttpRequest): string {
    try {
        return decodeURIComponent(request.url.pathname);
    } catch {
        throw armFailure(400, "InvalidRequestUri", "The request URI is not valid.");
    }
}
