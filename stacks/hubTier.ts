import { userError } from "./userError";

const free = "F1";

/**
 * @param name of the hub
 * @param present its tier before the run; undefined: unknown
 * @param wanted its tier in the settings
 * @throws pulumi.RunError if a free hub is to be a paid one or the reverse, which Azure does not do (Azure docs: iot-hub-upgrade)
 */
export function refuseTierChange(name: string, present: string | undefined, wanted: string): void {
    if (present !== undefined && present !== wanted && [present, wanted].includes(free)) {
        throw userError(
            `iot-x509:hub.sku is "${wanted}", but the hub "${name}" is ${present}, and Azure changes no hub between free and paid: ` +
                `set it to "${present}" again, or create another hub by another iot-x509:hub.name or prefix, to which all devices ` +
                `must then connect`,
        );
    }
}
