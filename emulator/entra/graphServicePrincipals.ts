import { Clock } from "../core/clock";
import { HttpReply } from "../core/http";
import { Directory } from "./directory";
import { changedPrincipal, principalView } from "./graphObjects";
import { addOwnerRoutes, boundOwners } from "./graphOwners";
import { bodyOf, GraphRequest, GraphRoutes } from "./graphRoutes";
import { ServicePrincipal } from "./model";
import { graph, many, one } from "./odata";

const noContent: HttpReply = { status: 204 };

/** The service principals of the tenant's own applications. */
export class GraphServicePrincipals {
    constructor(
        private readonly directory: Directory,
        private readonly clock: Clock,
    ) {}

    addTo(routes: GraphRoutes): void {
        const { directory } = this;
        const all = "/servicePrincipals";
        const each = `${all}/:id`;
        routes
            .on("GET", all, (request) => {
                const views = directory
                    .servicePrincipals()
                    .map((principal) => principalView(directory, principal));
                return many(request, "servicePrincipals", views);
            })
            .on("POST", all, (request) => this.create(request))
            .on("GET", each, (request, { id }) =>
                one(request, "servicePrincipals", principalView(directory, this.find(id))),
            )
            .on("PATCH", each, (request, { id }) => {
                const principal = this.find(id);
                principal.properties = changedPrincipal(principal.properties, bodyOf(request));
                return noContent;
            })
            .on("DELETE", each, (_, { id }) => {
                directory.removeServicePrincipal(this.find(id));
                return noContent;
            });
        addOwnerRoutes(routes, each, directory, (id) => this.find(id));
    }

    private find(key: string): ServicePrincipal {
        const [, appId] = /^appId='(.*)'$/i.exec(key) ?? [];
        const found =
            appId === undefined
                ? this.directory.servicePrincipal(key)
                : this.directory.servicePrincipalByAppId(appId);
        if (found === undefined) {
            throw graph.notFound(appId ?? key);
        }
        return found;
    }

    private create(request: GraphRequest): HttpReply {
        const { appId, ...body } = bodyOf(request);
        const application = this.directory.applicationByAppId(String(appId));
        if (application === undefined) {
            throw graph.badRequest(
                `The appId '${String(appId)}' of the service principal does not reference a valid application object.`,
            );
        }
        if (this.directory.servicePrincipalByAppId(application.appId) !== undefined) {
            throw graph.sameKey(
                "The service principal cannot be created, updated, or restored because the service " +
                    `principal name ${application.appId} is already in use.`,
            );
        }
        const properties = changedPrincipal({}, body);
        const owners = boundOwners(this.directory, body) ?? [request.caller.objectId];
        const created = this.clock.date().toISOString();
        const principal = this.directory.addServicePrincipal(application.appId, created);
        Object.assign(principal, { properties, owners });
        const view = principalView(this.directory, principal);
        return one(request, "servicePrincipals", view, 201);
    }
}
