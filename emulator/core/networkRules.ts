import { BlockList } from "net";

interface Rule {
    readonly action?: string;
    readonly ipMask?: string;
}

// All clients of the emulator connect from here.
const loopback = "127.0.0.1";

/**
 * Whether the network settings of a hub or a provisioning service admit its clients: public network access; the hub's
 * rule sets, which list what is allowed and end with a default; and the older filters, of which the first match decides
 * (Azure docs: iot-hub-public-network-access, iot-hub-ip-filtering, iot-hub-ip-filter-classic). There are no private
 * endpoints here.
 */
export function letsClientsIn(properties: Readonly<Record<string, unknown>>): boolean {
    if (properties.publicNetworkAccess === "Disabled") {
        return false;
    }
    const sets = properties.networkRuleSets as
        { readonly defaultAction?: string; readonly ipRules?: readonly Rule[] } | undefined;
    const allowed = sets?.ipRules?.some(fits) ?? false;
    if (sets?.defaultAction === "Deny" && !allowed) {
        return false;
    }
    const filters = (properties.ipFilterRules ?? []) as readonly Rule[];
    return filters.find(fits)?.action !== "Reject";
}

function fits({ ipMask = "" }: Rule): boolean {
    const [address, bits = "32"] = ipMask.split("/");
    const list = new BlockList();
    try {
        list.addSubnet(address, Number(bits));
    } catch {
        return false;
    }
    return list.check(loopback);
}
