import { randomUUID } from "crypto";
import { Operations } from "./operations";

export interface ResourceGroup {
    /** With the letter case of its creation. */
    readonly name: string;
    readonly location: string;
    tags: Record<string, string>;
    state: "Succeeded" | "Deleting";
}

export interface ArmSnapshot {
    readonly subscriptionId: string;
    readonly groups: readonly ResourceGroup[];
    readonly providers: readonly string[];
}

/** What Azure Resource Manager itself keeps of one subscription: its resource groups. Hubs live in `Hubs`. */
export class ArmStore {
    readonly operations = new Operations();
    private id: string = randomUUID();

    private groups = new Map<string, ResourceGroup>();
    private providers = new Set<string>();

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
    }

    /** Namespaces, lower case, that were registered by request. */
    registerProvider(namespace: string): void {
        this.providers.add(namespace.toLowerCase());
    }

    isProviderRegistered(namespace: string): boolean {
        return this.providers.has(namespace.toLowerCase());
    }

    snapshot(): ArmSnapshot {
        return {
            subscriptionId: this.id,
            groups: this.listGroups(),
            providers: [...this.providers],
        };
    }

    /** A deletion that was under way when the state was saved is dropped: the group is back. */
    restore(snapshot: ArmSnapshot): void {
        this.id = snapshot.subscriptionId;
        this.groups = new Map();
        snapshot.groups.forEach((group) => this.addGroup({ ...group, state: "Succeeded" }));
        this.providers = new Set(snapshot.providers);
    }

    /** Removes everything but the subscription. */
    reset(): void {
        this.groups.clear();
        this.providers.clear();
        this.operations.reset();
    }
}
