import { exactNamePattern, prefixPattern } from "../../components/inputs/resourceNames";
import { mostUnits } from "../../components/azure/serviceLimits";
import { HubSettings } from "../settings";
import { readRoutes } from "./routes";
import { Section } from "./section";

/** The hub: name or prefix, tier, units, TLS floor, local authentication, data-plane role, routes. */
export function readHub(root: Section): HubSettings {
    const hub = root.section("hub", "the hub", [
        "name",
        "prefix",
        "sku",
        "units",
        "minTlsVersion",
        "localAuth",
        "dataRole",
        "roleWaitSeconds",
        "strict",
        "routes",
        "routeWaitSeconds",
    ]);
    const name = hub.text("name", {
        pattern: exactNamePattern(50),
        rule: "must have 3 to 50 letters, digits or hyphens, with no hyphen at either end",
        remedy: "choose a name that is unique in Azure, or use hub.prefix",
    });
    const prefix = hub.text("prefix", {
        pattern: prefixPattern(40),
        rule: "must have 1 to 40 letters, digits or hyphens and not start with a hyphen (a random suffix follows)",
        remedy: "shorten it, or set the whole name as hub.name",
    });
    if (hub.has("name") && hub.has("prefix")) {
        hub.bad("prefix", "hub.name and hub.prefix exclude each other", "delete one of the two");
    }
    const sku = readSku(hub);
    const units = hub.integer("units", 1, 200, 1);
    if (units > mostUnits[sku]) {
        hub.bad(
            "units",
            `a hub of tier ${sku} has at most ${mostUnits[sku]} ${mostUnits[sku] === 1 ? "unit" : "units"}`,
            `lower hub.units to ${mostUnits[sku]}, or choose another hub.sku`,
        );
    }
    return {
        name,
        prefix: prefix ?? "iot",
        sku,
        units,
        minTlsVersion: hub.oneOf("minTlsVersion", ["1.2"], "1.2"),
        localAuth: hub.flag("localAuth", false),
        dataRole: hub.oneOf("dataRole", ["assign", "existing"], "assign"),
        roleWaitSeconds: hub.integer("roleWaitSeconds", 0, 900, 600),
        isStrict: hub.flag("strict", false),
        routes: readRoutes(hub, sku),
        routeWaitSeconds: hub.integer("routeWaitSeconds", 0, 900, 120),
    };
}

/** The Basic tiers have no device twins (Azure docs: iot-hub-scaling), in which the program records a device's owner. */
function readSku(hub: Section): HubSettings["sku"] {
    if (/^b[123]$/i.test(String(hub.raw("sku")))) {
        hub.bad(
            "sku",
            "Basic tiers (B1, B2, B3) have no device twins, which hold the tags and the owner of each device",
            "choose a Standard tier, for example S1, or F1 for a trial; a Basic hub can be changed to a Standard one",
        );
        return "S1";
    }
    return hub.oneOf("sku", Object.keys(mostUnits) as HubSettings["sku"][], "S1");
}
