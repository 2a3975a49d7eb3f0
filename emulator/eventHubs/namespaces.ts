import { Cloud } from "../core/clouds";
import { EventLog } from "./eventLog";

/** An Event Hubs namespace. */
export interface Namespace {
    /** ARM resource ID, as spelled at creation. */
    readonly id: string;
    readonly name: string;
    readonly resourceGroup: string;
    readonly location: string;
    readonly cloud: Cloud["name"];
    /** `<name>.servicebus.windows.net`, lower case. */
    readonly hostName: string;
    readonly createdAt: string;
    state: "Created" | "Succeeded" | "Removing";
    tags: Record<string, string>;
    sku: { name: string; capacity: number };
    /** ARM `properties` as the user set them. */
    properties: { disableLocalAuth?: boolean; [name: string]: unknown };
    /** By name, lower case. */
    readonly eventHubs: Map<string, EventHub>;
}

export interface EventHub {
    readonly id: string;
    readonly name: string;
    readonly createdAt: string;
    messageRetentionInDays: number;
    readonly log: EventLog;
    /** By name, lower case. */
    readonly consumerGroups: Map<string, EventHubConsumerGroup>;
}

export interface EventHubConsumerGroup {
    readonly name: string;
    readonly createdAt: string;
    userMetadata?: string;
}

type StoredEventHub = Omit<EventHub, "log" | "consumerGroups"> & {
    readonly partitionCount: number;
    readonly consumerGroups: readonly EventHubConsumerGroup[];
};

export interface NamespacesSnapshot {
    readonly namespaces: readonly (Omit<Namespace, "eventHubs"> & {
        readonly eventHubs: readonly StoredEventHub[];
    })[];
}

/** All Event Hubs namespaces. Their names are globally unique. */
export class Namespaces {
    private readonly byName = new Map<string, Namespace>();

    get(name: string): Namespace | undefined {
        return this.byName.get(name.toLowerCase());
    }

    byHostName(hostName: string): Namespace | undefined {
        const found = this.get(hostName.split(".")[0]);
        return found?.hostName === hostName.toLowerCase() ? found : undefined;
    }

    list(): Namespace[] {
        return [...this.byName.values()];
    }

    add(namespace: Namespace): void {
        this.byName.set(namespace.name.toLowerCase(), namespace);
    }

    remove(namespace: Namespace): void {
        if (this.get(namespace.name) === namespace) {
            this.byName.delete(namespace.name.toLowerCase());
        }
    }

    reset(): void {
        this.byName.clear();
    }

    snapshot(): NamespacesSnapshot {
        const namespaces = this.list().map((namespace) => ({
            ...namespace,
            eventHubs: [...namespace.eventHubs.values()].map(
                ({ log, consumerGroups, ...eventHub }) => ({
                    ...eventHub,
                    partitionCount: log.partitions.length,
                    consumerGroups: [...consumerGroups.values()],
                }),
            ),
        }));
        return { namespaces };
    }

    /** Namespaces that were being created or deleted when the state was saved exist. */
    restore({ namespaces }: NamespacesSnapshot): void {
        for (const { eventHubs, ...namespace } of namespaces) {
            const own = eventHubs.map(({ partitionCount, consumerGroups, ...eventHub }) => ({
                ...eventHub,
                log: new EventLog(partitionCount),
                consumerGroups: byLowerName(consumerGroups),
            }));
            this.add({ ...namespace, state: "Succeeded", eventHubs: byLowerName(own) });
        }
    }
}

function byLowerName<T extends { readonly name: string }>(all: readonly T[]): Map<string, T> {
    return new Map(all.map((one) => [one.name.toLowerCase(), one]));
}
