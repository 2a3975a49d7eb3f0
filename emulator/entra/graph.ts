import { HostService, HttpFailure, HttpReply, HttpRequest } from "../core/http";
import { challenge } from "./challenge";
import { GraphApplications } from "./graphApplications";
import { directoryObject } from "./graphOwners";
import { bodyOf, GraphRequest, GraphRoutes } from "./graphRoutes";
import { GraphServicePrincipals } from "./graphServicePrincipals";
import { IdentityContext } from "./identityContext";
import {
    correlationHeaders,
    graph,
    graphFailure,
    GraphObject,
    GraphProblem,
    many,
    one,
} from "./odata";
import { audiencesOf } from "./resources";
import { TokenProblem } from "./tokens";

// `applications(appId='…')` names an object by its alternate key; routes use `applications/appId='…'`.
const alternateKey = /\/(applications|servicePrincipals)\((appId='[^']*')\)/i;

/**
 * Microsoft Graph, v1.0 and beta, for the applications and service principals of the first tenant. Application.Read.All
 * allows reading, Application.ReadWrite.All also writing; without a permission a caller may do nothing, not even read
 * its own application (Graph docs: "Get application", "Permissions"). OwnedBy is not emulated.
 */
export class GraphService implements HostService {
    private readonly routes = new GraphRoutes();

    constructor(private readonly context: IdentityContext) {
        const { directory, clock } = context;
        new GraphApplications(directory, clock).addTo(this.routes);
        new GraphServicePrincipals(directory, clock).addTo(this.routes);
        this.routes
            .on("GET", "/directoryObjects/:id", (request, { id }) =>
                one(request, "directoryObjects", directoryObject(directory, id)),
            )
            .on("POST", "/directoryObjects/getByIds", (request) => this.getByIds(request))
            .on("GET", "/organization", (request) =>
                many(request, "organization", [this.organization()]),
            )
            .on("GET", "/me", () => {
                throw graph.badRequest(
                    "/me request is only valid with delegated authentication flow.",
                );
            });
    }

    async handle(request: HttpRequest): Promise<HttpReply> {
        try {
            const authenticated = await this.authenticated(request);
            this.permit(authenticated);
            const reply = await this.routes.handle(authenticated);
            return { ...reply, headers: { ...correlationHeaders(request), ...reply.headers } };
        } catch (error) {
            if (error instanceof GraphProblem) {
                throw graphFailure(error, request, this.context.clock);
            }
            throw error;
        }
    }

    private async authenticated(request: HttpRequest): Promise<GraphRequest> {
        const { cloud } = request.host;
        const url = new URL(request.url);
        url.pathname = url.pathname.replace(alternateKey, "/$1/$2");
        try {
            const caller = await this.context.tokens.verify(
                request.headers.authorization,
                audiencesOf("graph", cloud),
            );
            return { ...request, url, caller };
        } catch (error) {
            if (!(error instanceof TokenProblem)) {
                throw error;
            }
            const problem = new GraphProblem(401, "InvalidAuthenticationToken", error.description);
            const { reply } = graphFailure(problem, request, this.context.clock);
            const headers = { ...reply.headers, "www-authenticate": challenge(error, cloud) };
            throw new HttpFailure({ ...reply, headers });
        }
    }

    private permit({ method, url, caller }: GraphRequest): void {
        const rights = this.context.directory.servicePrincipal(caller.objectId)?.graphRights ?? [];
        const reads = method === "GET" || /\/getByIds$/i.test(url.pathname);
        const isAllowed =
            rights.includes("Application.ReadWrite.All") ||
            (reads && rights.includes("Application.Read.All"));
        if (!isAllowed) {
            throw new GraphProblem(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            );
        }
    }

    private getByIds(request: HttpRequest): HttpReply {
        const { ids } = bodyOf(request);
        if (!Array.isArray(ids)) {
            throw graph.badRequest("The parameter 'ids' is missing.");
        }
        const { directory } = this.context;
        const found = ids
            .map(String)
            .filter((id) => directory.servicePrincipal(id) ?? directory.application(id))
            .map((id) => directoryObject(directory, id));
        return many(request, "directoryObjects", found);
    }

    private organization(): GraphObject {
        const { tenantId, initialDomain } = this.context.directory;
        const domain = { name: initialDomain, isDefault: true, isInitial: true, type: "Managed" };
        return {
            id: tenantId,
            displayName: "iot-x509 emulator",
            tenantType: "AAD",
            verifiedDomains: [domain],
        };
    }
}
