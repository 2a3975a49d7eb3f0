import { EmulatorContext } from "../context";
import { HttpReply, jsonBody } from "../core/http";
import { ManagedIdentity } from "../entra/managedIdentities";
import { armFailure, malformedContent } from "./errors";
import { regionOf } from "./locations";
import { existingGroup, identityType, requireStanding } from "./resourceGroups";
import { ArmRequest, ArmRoutes } from "./routes";
import { ArmStore } from "./store";

const path =
    "/subscriptions/:subscriptionId/resourceGroups/:group/providers/Microsoft.ManagedIdentity/userAssignedIdentities/:name";

type Params = Readonly<Record<string, string>>;

/** Microsoft.ManagedIdentity/userAssignedIdentities (azure-rest-api-specs msi, ManagedIdentity.json 2023-01-31). */
export class ManagedIdentityApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {}

    register(routes: ArmRoutes): void {
        routes
            .on("GET", path, `${identityType}/read`, (request, params) => {
                const found = this.find(request, params);
                if (found === undefined) {
                    throw armFailure(
                        404,
                        "ResourceNotFound",
                        `The Resource '${identityType}/${params.name}' under resource group '${params.group}' was not found.`,
                    );
                }
                return { status: 200, body: this.view(found) };
            })
            .on("PUT", path, `${identityType}/write`, (request, params) =>
                this.put(request, params),
            )
            .on("DELETE", path, `${identityType}/delete`, (request, params) =>
                this.delete(request, params),
            );
    }

    private find(request: ArmRequest, params: Params): ManagedIdentity | undefined {
        const group = existingGroup(this.store, params.group);
        const found = this.context.identities.get(this.idOf(group.name, params.name));
        return found?.cloud === request.host.cloud.name ? found : undefined;
    }

    private put(request: ArmRequest, params: Params): HttpReply {
        const group = existingGroup(this.store, params.group);
        requireStanding(group);
        const body = jsonBody(request, malformedContent);
        const region = regionOf(request.host.cloud, body.location, identityType);
        const tags = (body.tags ?? {}) as Record<string, string>;
        const existing = this.find(request, params);
        if (existing !== undefined) {
            existing.tags = tags;
            return { status: 200, body: this.view(existing) };
        }
        if (!/^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/.test(params.name)) {
            throw armFailure(
                400,
                "InvalidResourceName",
                `The identity name '${params.name}' is not valid: 3 to 128 letters, digits, hyphens or underscores.`,
            );
        }
        const made = this.context.identities.add(
            {
                id: this.idOf(group.name, params.name),
                name: params.name,
                resourceGroup: group.name,
                location: region.name,
                cloud: request.host.cloud.name,
                tags,
            },
            this.context.clock.date().toISOString(),
        );
        return { status: 201, body: this.view(made) };
    }

    /** Azure also deletes an identity that is in use; its users fail from then on. */
    private delete(request: ArmRequest, params: Params): HttpReply {
        const found = this.find(request, params);
        if (found === undefined) {
            return { status: 204 };
        }
        this.context.identities.remove(found);
        return { status: 200 };
    }

    private idOf(group: string, name: string): string {
        return `/subscriptions/${this.store.subscriptionId}/resourceGroups/${group}/providers/${identityType}/${name}`;
    }

    private view({ id, name, location, tags, principalId, clientId }: ManagedIdentity): object {
        const { tenantId } = this.context.directory;
        return {
            id,
            name,
            type: identityType,
            location,
            tags,
            properties: { tenantId, principalId, clientId },
        };
    }
}
