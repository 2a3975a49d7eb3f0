import { randomUUID } from "crypto";
import { Cloud } from "../core/clouds";
import { Directory } from "./directory";
import { ServicePrincipal } from "./model";

/** A user-assigned managed identity: an ARM resource, and a service principal without an application in the tenant. */
export interface ManagedIdentity {
    /** ARM resource ID, as spelled at creation. */
    readonly id: string;
    readonly name: string;
    readonly resourceGroup: string;
    readonly location: string;
    readonly cloud: Cloud["name"];
    /** Object ID of its service principal. */
    readonly principalId: string;
    readonly clientId: string;
    tags: Record<string, string>;
}

export interface ManagedIdentitiesSnapshot {
    readonly identities: readonly ManagedIdentity[];
}

/** The user-assigned managed identities of the tenant's subscription. */
export class ManagedIdentities {
    private readonly byId = new Map<string, ManagedIdentity>();

    constructor(private readonly directory: Directory) {}

    /** @param id ARM resource ID, case-insensitive */
    get(id: string): ManagedIdentity | undefined {
        return this.byId.get(id.toLowerCase());
    }

    list(): ManagedIdentity[] {
        return [...this.byId.values()];
    }

    add(
        wanted: Omit<ManagedIdentity, "principalId" | "clientId">,
        created: string,
    ): ManagedIdentity {
        const principal: ServicePrincipal = this.directory.addServicePrincipal(
            randomUUID(),
            created,
        );
        principal.properties = {
            displayName: wanted.name,
            servicePrincipalType: "ManagedIdentity",
        };
        const identity: ManagedIdentity = {
            ...wanted,
            principalId: principal.id,
            clientId: principal.appId,
        };
        this.byId.set(identity.id.toLowerCase(), identity);
        return identity;
    }

    remove(identity: ManagedIdentity): void {
        this.byId.delete(identity.id.toLowerCase());
        const principal = this.directory.servicePrincipal(identity.principalId);
        if (principal !== undefined) {
            this.directory.removeServicePrincipal(principal);
        }
    }

    reset(): void {
        this.list().forEach((identity) => this.remove(identity));
    }

    snapshot(): ManagedIdentitiesSnapshot {
        return { identities: this.list() };
    }

    restore({ identities }: ManagedIdentitiesSnapshot): void {
        identities.forEach((one) => this.byId.set(one.id.toLowerCase(), { ...one }));
    }
}
