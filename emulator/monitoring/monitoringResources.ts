import { Cloud } from "../core/clouds";

/** A resource of Azure Monitor or Log Analytics. The emulator keeps it and evaluates nothing. */
export interface MonitoringResource {
    /** ARM resource ID, as spelled at creation. */
    readonly id: string;
    /** `Microsoft.Insights/actionGroups` and the like. */
    readonly type: string;
    readonly name: string;
    readonly resourceGroup: string;
    /** As in the request that created it. */
    readonly location: string;
    readonly cloud: Cloud["name"];
    readonly createdAt: string;
    readonly kind?: string;
    tags: Record<string, string>;
    /** ARM `properties`, with the service's additions. */
    properties: Readonly<Record<string, unknown>>;
}

export interface MonitoringSnapshot {
    readonly resources: readonly MonitoringResource[];
}

/** All workspaces, action groups and scheduled query rules. */
export class MonitoringResources {
    private readonly byId = new Map<string, MonitoringResource>();

    /** @param id ARM resource ID, case-insensitive */
    get(id: string): MonitoringResource | undefined {
        return this.byId.get(id.toLowerCase());
    }

    list(): MonitoringResource[] {
        return [...this.byId.values()];
    }

    /** Adds or replaces. */
    put(resource: MonitoringResource): void {
        this.byId.set(resource.id.toLowerCase(), resource);
    }

    remove({ id }: MonitoringResource): void {
        this.byId.delete(id.toLowerCase());
    }

    reset(): void {
        this.byId.clear();
    }

    snapshot(): MonitoringSnapshot {
        return { resources: this.list() };
    }

    restore({ resources }: MonitoringSnapshot): void {
        resources.forEach((resource) => this.put({ ...resource }));
    }
}
