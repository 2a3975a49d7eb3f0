import { HttpReply } from "../core/http";
import { Directory } from "./directory";
import { applicationView, principalView } from "./graphObjects";
import { bodyOf, GraphRoutes } from "./graphRoutes";
import { graph, GraphObject, many } from "./odata";

const noContent: HttpReply = { status: 204 };
const reference = /\/(?:directoryObjects|servicePrincipals)\/([0-9a-f-]{36})$/i;

/** Any object of the directory, with its Graph type. @throws GraphProblem when it does not exist */
export function directoryObject(directory: Directory, id: string): GraphObject {
    const principal = directory.servicePrincipal(id);
    if (principal !== undefined) {
        const view = principalView(directory, principal);
        return { "@odata.type": "#microsoft.graph.servicePrincipal", ...view };
    }
    const application = directory.application(id);
    if (application !== undefined) {
        const view = applicationView(directory, application);
        return { "@odata.type": "#microsoft.graph.application", ...view };
    }
    throw graph.notFound(id);
}

/** The owners that a new object names with `owners@odata.bind`; undefined when it names none. */
export function boundOwners(directory: Directory, body: GraphObject): string[] | undefined {
    const bound = body["owners@odata.bind"];
    if (!Array.isArray(bound) || bound.length === 0) {
        return undefined;
    }
    return bound.map((link) => ownerId(directory, link));
}

function ownerId(directory: Directory, link: unknown): string {
    const [, id] = reference.exec(String(link)) ?? [];
    if (id === undefined) {
        throw graph.badRequest(`Invalid reference '${String(link)}'.`);
    }
    return String(directoryObject(directory, id).id);
}

/** `owners` and `owners/$ref` below a path that ends in `:id`. */
export function addOwnerRoutes(
    routes: GraphRoutes,
    each: string,
    directory: Directory,
    find: (id: string) => { owners: string[] },
): void {
    const ownersOf = (id: string): GraphObject[] =>
        find(id)
            .owners.filter((owner) => directory.servicePrincipal(owner) !== undefined)
            .map((owner) => directoryObject(directory, owner));
    routes
        .on("GET", `${each}/owners`, (request, { id }) =>
            many(request, "directoryObjects", ownersOf(id)),
        )
        .on("GET", `${each}/owners/$ref`, (request, { id }) => {
            const base = `https://${request.host.name}/v1.0/directoryObjects/`;
            const links = ownersOf(id).map((owner) => ({ "@odata.id": base + String(owner.id) }));
            return many(request, "Collection($ref)", links);
        })
        .on("POST", `${each}/owners/$ref`, (request, { id }) => {
            const owned = find(id);
            const owner = ownerId(directory, bodyOf(request)["@odata.id"]);
            if (owned.owners.includes(owner)) {
                throw graph.badRequest(
                    "One or more added object references already exist for the following modified properties: 'owners'.",
                );
            }
            owned.owners.push(owner);
            return noContent;
        })
        .on("DELETE", `${each}/owners/:owner/$ref`, (_, { id, owner }) => {
            const owned = find(id);
            if (!owned.owners.includes(owner.toLowerCase())) {
                throw graph.notFound(owner);
            }
            owned.owners = owned.owners.filter((one) => one !== owner.toLowerCase());
            return noContent;
        });
}
