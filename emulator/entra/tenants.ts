import { Directory } from "./directory";

/**
 * The tenants of this Azure, and the subscriptions that each owns. One exists from the start and owns the first
 * subscription; others are created by the management API and are not saved.
 */
export class Tenants {
    private others: Directory[] = [];
    private readonly owners = new Map<string, Directory>();

    constructor(readonly home: Directory) {}

    add(): Directory {
        const directory = new Directory(`other${this.others.length + 1}.onmicrosoft.com`);
        this.others.push(directory);
        return directory;
    }

    all(): readonly Directory[] {
        return [this.home, ...this.others];
    }

    /** Finds a tenant by ID or initial domain. */
    find(name: string): Directory | undefined {
        const known = name.toLowerCase();
        return this.all().find(
            ({ tenantId, initialDomain }) => known === tenantId || known === initialDomain,
        );
    }

    own(subscriptionId: string, directory: Directory): void {
        this.owners.set(subscriptionId.toLowerCase(), directory);
    }

    /** The tenant that owns a subscription. */
    ownerOf(subscriptionId: string): Directory {
        return this.owners.get(subscriptionId.toLowerCase()) ?? this.home;
    }

    reset(): void {
        this.others = [];
        this.owners.clear();
    }
}
