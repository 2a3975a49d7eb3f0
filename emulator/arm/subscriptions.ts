import { EmulatorContext } from "../context";
import { Cloud } from "../core/clouds";
import { HttpReply } from "../core/http";
import { iotHubVersions, provisioningServiceVersions } from "./apiVersions";
import { armFailure } from "./errors";
import { regions } from "./locations";
import { locationReply, statusReply } from "./operations";
import { ArmRequest, ArmRoutes, authorize } from "./routes";
import { ArmStore, initialProviders } from "./store";

/** A subscription, its regions and resource providers, and the results of asynchronous operations. */
export class SubscriptionApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {}

    register(routes: ArmRoutes): void {
        const subscription = "/subscriptions/:subscriptionId";
        const read = "Microsoft.Resources/subscriptions/read";
        const results = (request: ArmRequest, { id }: Readonly<Record<string, string>>) =>
            this.operationResult(request, id);
        routes
            .on("GET", subscription, read, () => ({ status: 200, body: this.view() }))
            .on("GET", `${subscription}/locations`, read, (request) => ({
                status: 200,
                body: { value: this.locations(request.host.cloud) },
            }))
            .on("GET", `${subscription}/providers`, read, (request) => ({
                status: 200,
                body: { value: initialProviders.map((name) => this.provider(request, name)) },
            }))
            .on("GET", `${subscription}/providers/:namespace`, read, (request, { namespace }) => ({
                status: 200,
                body: this.provider(request, namespace),
            }))
            .on(
                "POST",
                `${subscription}/providers/:namespace/register`,
                undefined,
                (request, { namespace }) => this.setRegistration(request, namespace, "register"),
            )
            .on(
                "POST",
                `${subscription}/providers/:namespace/unregister`,
                undefined,
                (request, { namespace }) => this.setRegistration(request, namespace, "unregister"),
            )
            .on("GET", `${subscription}/operationresults/:id`, undefined, results)
            .on(
                "GET",
                `${subscription}/providers/Microsoft.Devices/operationResults/:id`,
                undefined,
                results,
            )
            .on(
                "GET",
                `${subscription}/providers/Microsoft.Devices/locations/:location/operationResults/:id`,
                undefined,
                results,
            )
            .on(
                "GET",
                `${subscription}/providers/Microsoft.Devices/locations/:location/provisioningserviceoperationresults/:id`,
                undefined,
                results,
            );
    }

    /**
     * As `GET /subscriptions` shows it. A caller sees it if it holds a role on the subscription or on anything in it.
     */
    viewFor(request: ArmRequest): object[] {
        const scope = `/subscriptions/${this.store.subscriptionId}`;
        return this.context.access.sees(request.principal, scope) ? [this.view()] : [];
    }

    private view(): object {
        const { subscriptionId, subscriptionName } = this.store;
        return {
            id: `/subscriptions/${subscriptionId}`,
            authorizationSource: "RoleBased",
            managedByTenants: [],
            subscriptionId,
            tenantId: this.context.tenants.ownerOf(subscriptionId).tenantId,
            displayName: subscriptionName,
            state: "Enabled",
            subscriptionPolicies: {
                locationPlacementId: "Public_2014-09-01",
                quotaId: "PayAsYouGo_2014-09-01",
                spendingLimit: "Off",
            },
        };
    }

    private locations(cloud: Cloud): object[] {
        return regions(cloud).map(({ name, displayName }) => ({
            id: `/subscriptions/${this.store.subscriptionId}/locations/${name}`,
            name,
            type: "Region",
            displayName,
            regionalDisplayName: displayName,
            metadata: { regionType: "Physical", regionCategory: "Recommended" },
        }));
    }

    /**
     * The required right is the namespace's own (Azure docs: "Azure resource providers and types"). The wording of a
     * refusal to unregister is not documented.
     */
    private setRegistration(
        request: ArmRequest,
        namespace: string,
        change: "register" | "unregister",
    ): HttpReply {
        const subscription = `/subscriptions/${this.store.subscriptionId}`;
        authorize(this.context.access, request, `${namespace}/${change}/action`, subscription);
        if (change === "register") {
            this.store.registerProvider(namespace);
        } else {
            this.requireUnused(namespace);
            this.store.unregisterProvider(namespace);
        }
        return { status: 200, body: this.provider(request, namespace) };
    }

    private requireUnused(namespace: string): void {
        const { hubs, provisioning } = this.context;
        const isUsed = hubs.list().length + provisioning.list().length > 0;
        if (isUsed && namespace.toLowerCase() === "microsoft.devices") {
            throw armFailure(
                409,
                "Conflict",
                `The resource provider '${namespace}' cannot be unregistered while the subscription has resources of this provider.`,
            );
        }
    }

    private provider(request: ArmRequest, asked: string): object {
        const known = initialProviders.find((name) => name.toLowerCase() === asked.toLowerCase());
        const isRegistered = this.store.isProviderRegistered(asked);
        const namespace = known ?? asked;
        const locations = regions(request.host.cloud).map(({ displayName }) => displayName);
        const types = (names: readonly string[], versions: readonly string[]): object[] =>
            names.map((resourceType) => ({
                resourceType,
                locations,
                apiVersions: [...versions].reverse(),
            }));
        return {
            id: `/subscriptions/${this.store.subscriptionId}/providers/${namespace}`,
            namespace,
            registrationPolicy: "RegistrationRequired",
            registrationState: isRegistered ? "Registered" : "NotRegistered",
            resourceTypes:
                namespace === "Microsoft.Devices"
                    ? [
                          ...types(
                              ["IotHubs", "checkNameAvailability", "operationResults"],
                              iotHubVersions,
                          ),
                          ...types(
                              ["provisioningServices", "checkProvisioningServiceNameAvailability"],
                              provisioningServiceVersions,
                          ),
                      ]
                    : [],
        };
    }

    private operationResult(request: ArmRequest, id: string): HttpReply {
        const { operations } = this.store;
        if (!operations.isKnown(id)) {
            throw armFailure(404, "NotFound", `The operation '${id}' could not be found.`);
        }
        const isDone = operations.isDone(id);
        return request.url.searchParams.has("asyncinfo")
            ? statusReply(isDone)
            : locationReply(request, isDone);
    }
}
