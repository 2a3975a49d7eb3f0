import { CheckContext } from "./context";
import { error, Finding, ok } from "./finding";

/** Maximum number of device identities of a free hub (Azure docs: "IoT Hub limits"). */
const freeDevices = 500;

interface ValidSku {
    readonly sku?: { readonly name?: string };
}

/** Whether the hub's tier supports what the settings need, and the hub can be changed to it from its current tier. */
export async function checkTiers(context: CheckContext): Promise<Finding[]> {
    const { settings, hubs, arm } = context;
    const { name, sku, units } = settings.hub;
    if (sku.startsWith("B")) {
        return [
            error(
                `the tier ${sku} has no device twins, which ownership and tags need`,
                "set iot-x509:hub.sku to S1 (Azure docs: Choose the right IoT Hub tier)",
            ),
        ];
    }
    const { length } = settings.devices;
    if (sku === "F1" && length > freeDevices) {
        return [
            error(
                `a free hub holds ${freeDevices} devices, but the settings declare ${length}`,
                "set iot-x509:hub.sku to S1",
            ),
        ];
    }
    const present = (await hubs()).find((one) => one.name.toLowerCase() === name?.toLowerCase());
    if (present === undefined || present.sku?.name === sku) {
        return [ok(`${sku} x ${units} fits the settings`)];
    }
    const valid = await arm.list<ValidSku>(`${present.id}/skus`, "2023-06-30");
    const reachable = valid.flatMap((one) => one.sku?.name ?? []);
    return [
        reachable.includes(sku)
            ? ok(`the hub can be changed from ${present.sku?.name} to ${sku}`)
            : error(
                  `the hub "${present.name}" is ${present.sku?.name} and cannot become ${sku}`,
                  `set iot-x509:hub.sku to one of ${reachable.join(", ") || present.sku?.name}, or create another hub`,
              ),
    ];
}
