import { randomUUID } from "crypto";
import { Operations } from "./operations";

export interface ResourceGroup {
    /** As spelled at creation. */
    readonly name: string;
    readonly location: string;
    tags: Record<string, string>;
    state: "Succeeded" | "Deleting";
}

/** A container group, of which nothing runs. */
export interface ContainerGroup {
    readonly id: string;
    readonly name: string;
    readonly resourceGroup: string;
    readonly location: string;
    /** As a GET shows it: without secure values and the content of secret volumes. */
    body: Readonly<Record<string, unknown>>;
}

export interface ArmSnapshot {
    readonly subscriptionId: string;
    readonly groups: readonly ResourceGroup[];
    readonly providers: readonly string[];
    /** Default: none. */
    readonly containerGroups?: readonly ContainerGroup[];
    /** Initial namespaces that are no longer registered; default: none. */
    readonly unregistered?: readonly string[];
}

/** Namespaces that are registered in a subscription from the start. */
export const initialProviders = [
    "Microsoft.Authorization",
    "Microsoft.Resources",
    "Microsoft.Devices",
    "Microsoft.EventHub",
    "Microsoft.ManagedIdentity",
    "Microsoft.ContainerInstance",
    "Microsoft.Insights",
    "Microsoft.OperationalInsights",
] as const;

/** What Azure Resource Manager itself stores for one subscription: its resource groups. Hubs are in `Hubs`. */
export class ArmStore {
    readonly operations = new Operations();
    private id: string = randomUUID();

    /** By lower-case ID. */
    readonly containerGroups = new Map<string, ContainerGroup>();

    private groups = new Map<string, ResourceGroup>();
    private providers = new Set<string>();
    private unregistered = new Set<string>();

    constructor(readonly subscriptionName = "Local emulator") {}

    get subscriptionId(): string {
        return this.id;
    }

    group(name: string): ResourceGroup | undefined {
        return this.groups.get(name.toLowerCase());
    }

    listGroups(): ResourceGroup[] {
        return [...this.groups.values()];
    }

    addGroup(group: ResourceGroup): void {
        this.groups.set(group.name.toLowerCase(), group);
    }

    removeGroup(group: ResourceGroup): void {
        this.groups.delete(group.name.toLowerCase());
        for (const [id, { resourceGroup }] of this.containerGroups) {
            if (resourceGroup.toLowerCase() === group.name.toLowerCase()) {
                this.containerGroups.delete(id);
            }
        }
    }

    registerProvider(namespace: string): void {
        this.providers.add(namespace.toLowerCase());
        this.unregistered.delete(namespace.toLowerCase());
    }

    unregisterProvider(namespace: string): void {
        this.providers.delete(namespace.toLowerCase());
        this.unregistered.add(namespace.toLowerCase());
    }

    isProviderRegistered(namespace: string): boolean {
        const asked = namespace.toLowerCase();
        const isInitial = initialProviders.some((name) => name.toLowerCase() === asked);
        return this.providers.has(asked) || (isInitial && !this.unregistered.has(asked));
    }

    snapshot(): ArmSnapshot {
        return {
            subscriptionId: this.id,
            groups: this.listGroups(),
            providers: [...this.providers],
            containerGroups: [...this.containerGroups.values()],
            unregistered: [...this.unregistered],
        };
    }

    /** A deletion that was in progress when the state was saved is dropped: the group exists again. */
    restore(snapshot: ArmSnapshot): void {
        this.id = snapshot.subscriptionId;
        this.groups = new Map();
        snapshot.groups.forEach((group) => this.addGroup({ ...group, state: "Succeeded" }));
        this.providers = new Set(snapshot.providers);
        this.unregistered = new Set(snapshot.unregistered);
        this.containerGroups.clear();
        snapshot.containerGroups?.forEach((one) =>
            this.containerGroups.set(one.id.toLowerCase(), one),
        );
    }

    /** Removes everything but the subscription. */
    reset(): void {
        this.groups.clear();
        this.containerGroups.clear();
        this.providers.clear();
        this.unregistered.clear();
        this.operations.reset();
    }
}
