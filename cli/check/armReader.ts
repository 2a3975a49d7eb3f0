import { AzureClient, AzureError } from "../../components/azure/client";

/** A page of a list. */
interface Page<T> {
    readonly value?: readonly T[];
    readonly nextLink?: string;
}

/** Kinds of resources whose name availability can be checked. */
export type NamedKind = "hub" | "provisioning service";

const nameChecks: Readonly<Record<NamedKind, { path: string; version: string }>> = {
    hub: { path: "checkNameAvailability", version: "2023-06-30" },
    "provisioning service": {
        path: "checkProvisioningServiceNameAvailability",
        version: "2022-12-12",
    },
};

/**
 * Read-only access to Azure Resource Manager: all requests are GETs, except the two checks whether a name is free, which
 * are POSTs that change nothing (REST reference: "Iot Hub Resource - Check Name Availability", "Iot Dps Resource - Check
 * Provisioning Service Name Availability").
 */
export class ArmReader {
    constructor(
        private readonly client: AzureClient,
        /** E.g. `https://management.azure.com`. */
        private readonly endpoint: string,
        private readonly subscriptionId: string,
    ) {}

    /** ARM ID of the subscription. */
    get subscription(): string {
        return `/subscriptions/${this.subscriptionId}`;
    }

    /**
     * The resource with an ARM ID; undefined: there is none.
     *
     * @throws AzureError for every status except 200 and 404
     */
    async find<T>(id: string, version: string): Promise<T | undefined> {
        const { status, body } = await this.client.send({
            method: "GET",
            url: `${this.endpoint}${id}?api-version=${version}`,
            expect: [200, 404],
        });
        return status === 404 ? undefined : (body as T);
    }

    /** @throws AzureError, also for 404 */
    async get<T>(id: string, version: string): Promise<T> {
        const { body } = await this.client.send({
            method: "GET",
            url: `${this.endpoint}${id}?api-version=${version}`,
            expect: [200],
        });
        return body as T;
    }

    /** All pages of a list. */
    async list<T>(id: string, version: string): Promise<T[]> {
        const all: T[] = [];
        let url: string | undefined = `${this.endpoint}${id}?api-version=${version}`;
        while (url !== undefined) {
            const { body } = await this.client.send({ method: "GET", url, expect: [200] });
            const { value = [], nextLink }: Page<T> = body as Page<T>;
            all.push(...value);
            url = nextLink && this.within(nextLink);
        }
        return all;
    }

    /** Azure's reason why the name is not available; undefined: it is. */
    async nameProblem(kind: NamedKind, name: string): Promise<string | undefined> {
        const { path, version } = nameChecks[kind];
        const { body } = await this.client.send({
            method: "POST",
            url: `${this.endpoint}${this.subscription}/providers/Microsoft.Devices/${path}?api-version=${version}`,
            body: { name },
            expect: [200],
        });
        const { nameAvailable, reason, message } = body as {
            nameAvailable?: boolean;
            reason?: string;
            message?: string;
        };
        return nameAvailable === true ? undefined : (message ?? reason ?? "Azure gives no reason");
    }

    /** Never sends the token to another host, whatever a response says. */
    private within(link: string): string {
        if (new URL(link).host !== new URL(this.endpoint).host) {
            throw new Error(`a list of ${this.endpoint} continues at ${new URL(link).host}`);
        }
        return link;
    }
}

/** Whether Azure refused because of a missing role. */
export function isForbidden(failure: unknown): failure is AzureError {
    return failure instanceof AzureError && failure.status === 403;
}
