import { serviceLimits } from "../../components/azure/serviceLimits";
import { CheckContext, Present } from "./context";
import { error, Finding, ok, unchecked } from "./finding";

/** Current number and limit of a kind (REST reference: "Resource Provider Common - Get Subscription Quota"). */
interface Usage {
    readonly name?: { readonly value?: string };
    readonly currentValue?: number;
    readonly limit?: number;
}

const askForMore = "delete an unused one, or ask Azure support to raise the limit";

/** Whether the subscription has room for another hub and another provisioning service. */
export async function checkQuotas(context: CheckContext): Promise<Finding[]> {
    const { settings, hubs, services } = context;
    const { hub, dps } = settings;
    const findings = isPresent(await hubs(), hub.name)
        ? [ok("the hub already exists")]
        : await hubQuotas(context, await hubs());
    if (dps !== undefined) {
        const all = await services();
        findings.push(
            isPresent(all, dps.name)
                ? ok("the provisioning service already exists")
                : room(
                      "provisioning services",
                      all.length,
                      serviceLimits.servicesOfSubscription,
                      askForMore,
                  ),
        );
    }
    return findings;
}

async function hubQuotas(
    { arm, settings }: CheckContext,
    present: readonly Present[],
): Promise<Finding[]> {
    const usages = await arm.list<Usage>(
        `${arm.subscription}/providers/Microsoft.Devices/usages`,
        "2023-06-30",
    );
    const findings = [room("hubs", present.length, serviceLimits.hubsOfSubscription, askForMore)];
    const isFree = settings.hub.sku === "F1";
    // Only the name of the free hubs' quota is documented; all other quotas are checked whatever their name.
    const counted = usages.filter(
        ({ name }) => /free/i.test(name?.value ?? "") === isFree && name?.value !== undefined,
    );
    for (const { name, currentValue, limit } of counted) {
        if (currentValue !== undefined && limit !== undefined) {
            const remedy = isFree
                ? "choose a paid iot-x509:hub.sku (S1), or delete the free hub"
                : askForMore;
            findings.push(room(`${name?.value}`, currentValue, limit, remedy));
        }
    }
    if (isFree && counted.length === 0) {
        findings.push(
            unchecked(
                "Azure does not report how many free hubs the subscription has",
                "a subscription can have one free hub: az iot hub list --query \"[?sku.name=='F1'].name\"",
            ),
        );
    }
    return findings;
}

function room(what: string, current: number, limit: number, remedy: string): Finding {
    return current < limit
        ? ok(`${what}: ${current} of ${limit}`)
        : error(
              `the subscription has ${current} of ${limit} ${what}, so it cannot have another`,
              remedy,
          );
}

function isPresent(all: readonly Present[], name: string | undefined): boolean {
    return all.some((one) => one.name.toLowerCase() === name?.toLowerCase());
}
