import { DeviceSettings } from "../settings";
import { suggestion } from "./suggestions";
import { Section } from "./section";

/** Up to this many devices, the outputs hold all of them by default. */
const smallFleet = 25;

/** IDs of the devices whose certificates and keys become outputs. */
export function readOutputDevices(top: Section, devices: readonly DeviceSettings[]): string[] {
    const ids = devices.map(({ id }) => id);
    if (!top.has("outputDevices")) {
        return ids.length <= smallFleet ? ids : [];
    }
    const asked = top.texts("outputDevices", {
        pattern: /./,
        rule: "must be a device ID",
        remedy: "write the ID in quotes",
    });
    const known = new Set(ids);
    top.list("outputDevices").forEach((item, index) => {
        if (typeof item === "string" && item !== "" && !known.has(item)) {
            top.report.value(
                `outputDevices[${index}]`,
                item,
                "must be the ID of a configured device",
                suggestion(item, ids),
            );
        }
    });
    return asked;
}
