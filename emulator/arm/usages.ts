import { EmulatorContext } from "../context";
import { maximumFreeHubs, maximumHubs } from "./hubRules";
import { ArmRoutes } from "./routes";
import { ArmStore } from "./store";

/**
 * How many hubs the subscription has and may have (azure-rest-api-specs iothub.json,
 * ResourceProviderCommon_GetSubscriptionQuota). Its example `iothub_usages.json` shows the free hubs in this form, with
 * `/subscription/` as written there. The name for the paid hubs is not documented.
 */
export class UsagesApi {
    constructor(
        private readonly context: EmulatorContext,
        private readonly store: ArmStore,
    ) {}

    register(routes: ArmRoutes): void {
        routes.on(
            "GET",
            "/subscriptions/:subscriptionId/providers/Microsoft.Devices/usages",
            "Microsoft.Devices/usages/Read",
            () => {
                const hubs = this.context.hubs.list();
                const free = hubs.filter(({ sku }) => sku.name === "F1").length;
                return {
                    status: 200,
                    body: {
                        value: [
                            this.usage("Free", free, maximumFreeHubs),
                            this.usage("Paid", hubs.length - free, maximumHubs - maximumFreeHubs),
                        ],
                    },
                };
            },
        );
    }

    private usage(kind: "Free" | "Paid", currentValue: number, limit: number): object {
        const type = `/subscription/${this.store.subscriptionId}/providers/Microsoft.Devices/usages`;
        return {
            name: { localizedValue: `${kind} Hub Count`, value: `${kind}HubCount` },
            type,
            currentValue,
            id: `${type}/${kind.toLowerCase()}HubCount`,
            limit,
            unit: "count",
        };
    }
}
