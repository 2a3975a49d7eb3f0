import { Clock } from "../core/clock";
import { HttpReply, HttpRequest } from "../core/http";
import { Params } from "../core/router";
import { changedFederated, dateOf, newFederated, readKeys } from "./credentials";
import { Directory } from "./directory";
import { bodyOf, GraphRequest, GraphRoutes } from "./graphRoutes";
import { applicationView, changedApplication, passwordView } from "./graphObjects";
import { addOwnerRoutes, boundOwners } from "./graphOwners";
import { Application, FederatedIdentityCredential } from "./model";
import { graph, GraphObject, many, one } from "./odata";

const passwordYears = 2;
const noContent: HttpReply = { status: 204 };

/** Applications, their secrets, certificates, federated credentials and owners. */
export class GraphApplications {
    constructor(
        private readonly directory: Directory,
        private readonly clock: Clock,
    ) {}

    addTo(routes: GraphRoutes): void {
        const all = "/applications";
        const each = `${all}/:id`;
        routes
            .on("GET", all, (request) =>
                many(request, "applications", directoryViews(this.directory)),
            )
            .on("POST", all, (request) => this.create(request))
            .on("GET", each, (request, { id }) =>
                one(request, "applications", this.view(this.find(id))),
            )
            .on("PATCH", each, (request, { id }) => this.update(request, this.find(id)))
            .on("DELETE", each, (_, { id }) => {
                this.directory.removeApplication(this.find(id));
                return noContent;
            })
            .on("POST", `${each}/addPassword`, (request, { id }) =>
                this.addPassword(request, this.find(id)),
            )
            .on("POST", `${each}/removePassword`, (request, { id }) =>
                this.removePassword(request, this.find(id)),
            );
        this.addFederated(routes, `${each}/federatedIdentityCredentials`);
        addOwnerRoutes(routes, each, this.directory, (id) => this.find(id));
    }

    private addFederated(routes: GraphRoutes, all: string): void {
        const context = "applications/federatedIdentityCredentials";
        const each = `${all}/:credential`;
        const show = (credential: FederatedIdentityCredential): GraphObject => ({ ...credential });
        routes
            .on("GET", all, (request, { id }) =>
                many(request, context, this.find(id).federated.map(show)),
            )
            .on("POST", all, (request, { id }) => {
                const application = this.find(id);
                const made = newFederated(application, bodyOf(request));
                application.federated.push(made);
                return one(request, context, show(made), 201);
            })
            .on("GET", each, (request, params) =>
                one(request, context, show(this.findFederated(params))),
            )
            .on("PATCH", each, (request, params) => {
                const application = this.find(params.id);
                const current = this.findFederated(params);
                const changed = changedFederated(application, current, bodyOf(request));
                application.federated[application.federated.indexOf(current)] = changed;
                return noContent;
            })
            .on("DELETE", each, (_, params) => {
                const application = this.find(params.id);
                const gone = this.findFederated(params);
                application.federated = application.federated.filter((one) => one !== gone);
                return noContent;
            });
    }

    private find(key: string): Application {
        const [, appId] = /^appId='(.*)'$/i.exec(key) ?? [];
        const found =
            appId === undefined
                ? this.directory.application(key)
                : this.directory.applicationByAppId(appId);
        if (found === undefined) {
            throw graph.notFound(appId ?? key);
        }
        return found;
    }

    /** Finds by ID or name: both are keys (Graph docs: federatedidentitycredential-get). */
    private findFederated({ id, credential }: Params): FederatedIdentityCredential {
        const found = this.find(id).federated.find(
            (one) => one.id === credential.toLowerCase() || one.name === credential,
        );
        if (found === undefined) {
            throw graph.notFound(credential);
        }
        return found;
    }

    private view(application: Application): GraphObject {
        return applicationView(this.directory, application);
    }

    private create(request: GraphRequest): HttpReply {
        const { keyCredentials, ...body } = bodyOf(request);
        const properties = changedApplication({}, body);
        this.checkUris(properties, undefined);
        const owners = boundOwners(this.directory, body) ?? [request.caller.objectId];
        const application = this.directory.addApplication(this.clock.date().toISOString());
        application.properties = properties;
        application.owners = owners;
        if (keyCredentials !== undefined) {
            application.keys = readKeys(application, keyCredentials);
        }
        return one(request, "applications", this.view(application), 201);
    }

    private update(request: HttpRequest, application: Application): HttpReply {
        const { keyCredentials, ...body } = bodyOf(request);
        const properties = changedApplication(application.properties, body);
        this.checkUris(properties, application);
        if (keyCredentials !== undefined) {
            application.keys = readKeys(application, keyCredentials);
        }
        application.properties = properties;
        return noContent;
    }

    private checkUris(properties: GraphObject, self: Application | undefined): void {
        const wanted = (properties.identifierUris ?? []) as string[];
        const taken = this.directory
            .applications()
            .filter((other) => other !== self)
            .flatMap((other) => (other.properties.identifierUris ?? []) as string[]);
        if (wanted.some((uri) => taken.includes(uri))) {
            throw graph.badRequest(
                "Another object with the same value for property identifierUris already exists.",
            );
        }
    }

    private addPassword(request: HttpRequest, application: Application): HttpReply {
        const wanted = (bodyOf(request).passwordCredential ?? {}) as GraphObject;
        const now = this.clock.date();
        const start = dateOf(wanted.startDateTime, now);
        const end = new Date(start);
        end.setUTCFullYear(end.getUTCFullYear() + passwordYears);
        const { secret, credential } = this.directory.addPassword(application, {
            displayName: typeof wanted.displayName === "string" ? wanted.displayName : null,
            startDateTime: start,
            endDateTime: dateOf(wanted.endDateTime, end),
        });
        const body = passwordView(credential, secret);
        const [, version] = request.url.pathname.split("/");
        const context = `https://${request.host.name}/${version}/$metadata#microsoft.graph.passwordCredential`;
        return { status: 200, body: { "@odata.context": context, ...body } };
    }

    private removePassword(request: HttpRequest, application: Application): HttpReply {
        const { keyId } = bodyOf(request);
        const kept = application.passwords.filter((password) => password.keyId !== keyId);
        if (kept.length === application.passwords.length) {
            throw graph.badRequest(`No password credential found with keyId ${String(keyId)}.`);
        }
        application.passwords = kept;
        return noContent;
    }
}

function directoryViews(directory: Directory): GraphObject[] {
    return directory.applications().map((one) => applicationView(directory, one));
}
