import { exactNamePattern, prefixPattern } from "../../components/inputs/resourceNames";
import { serviceLimits } from "../../components/azure/serviceLimits";
import { DpsSettings, HubSettings, LinkedHubSettings, PkiSettings } from "../settings";
import { regionName } from "./names";
import { Section, sectionAt } from "./section";

/** Limits of units and weights in Azure (Terraform's azurerm_iothub_dps states the same). */
const maxWeight = 1000;

/** The access policy that this program creates on each of its own hubs for the link. */
const defaultPolicy = "iot-x509-dps";

/** The Device Provisioning Service: name or prefix, units, allocation, linked hubs. Undefined if the stack has none. */
export function readDps(top: Section, hub: HubSettings, pki: PkiSettings): DpsSettings | undefined {
    if (!top.has("dps")) {
        return undefined;
    }
    if (pki.trust === "root" && pki.root.keys === "offline") {
        top.bad(
            "dps",
            "needs a proof of possession of each CA; with pki.trust: root, the offline root would have to be proven there, too",
            "set pki.trust: intermediates; this program has their keys",
        );
    }
    const dps = top.section("dps", "the provisioning service", [
        "name",
        "prefix",
        "units",
        "allocationPolicy",
        "weight",
        "linkedHubs",
        "reserveIds",
    ]);
    const name = dps.text("name", {
        pattern: exactNamePattern(64),
        rule: "must have 3 to 64 letters, digits or hyphens, with no hyphen at either end",
        remedy: "choose a name that is unique in Azure, or use dps.prefix",
    });
    const prefix = dps.text("prefix", {
        pattern: prefixPattern(50),
        rule: "must have 1 to 50 letters, digits or hyphens and not start with a hyphen (a random suffix follows)",
        remedy: "shorten it, or set the whole name as dps.name",
    });
    if (dps.has("name") && dps.has("prefix")) {
        dps.bad("prefix", "dps.name and dps.prefix exclude each other", "delete one of the two");
    }
    return {
        name,
        prefix: prefix ?? "iot-dps",
        units: dps.integer("units", 1, serviceLimits.serviceUnits, 1),
        allocationPolicy:
            readAllocationPolicy(dps, ["Hashed", "GeoLatency", "Static"] as const) ?? "Hashed",
        weight: dps.integer("weight", 0, maxWeight, 1),
        linkedHubs: readLinkedHubs(dps, hub),
        reserveIds: dps.flag("reserveIds", false),
    };
}

/** A policy that needs nothing but the service itself; undefined if absent or invalid. */
export function readAllocationPolicy<T extends string>(
    section: Section,
    choices: readonly T[],
): T | undefined {
    const value = section.raw("allocationPolicy");
    if (value === undefined) {
        return undefined;
    }
    if (typeof value === "string" && value.toLowerCase() === "custom") {
        section.bad(
            "allocationPolicy",
            "must be a built-in policy: Custom calls an Azure Function, which this program does not deploy",
            `choose one of ${choices.join(", ")}`,
        );
        return undefined;
    }
    return section.oneOf("allocationPolicy", choices, choices[0]);
}

function readLinkedHubs(dps: Section, own: HubSettings): LinkedHubSettings[] {
    const items = dps.list("linkedHubs");
    if (items.length > serviceLimits.linkedHubs - 1) {
        dps.bad(
            "linkedHubs",
            `a provisioning service is linked to at most ${serviceLimits.linkedHubs} hubs, including this stack's hub`,
            `list at most ${serviceLimits.linkedHubs - 1}`,
        );
    }
    const seen = new Map(
        own.name === undefined ? [] : [[own.name.toLowerCase(), "this stack's own hub"]],
    );
    return items.flatMap((item, index) => {
        const path = `${dps.pathOf("linkedHubs")}[${index}]`;
        const section = sectionAt(dps.report, path, item, "a linked hub", [
            "id",
            "location",
            "policy",
            "weight",
        ]);
        return section === undefined ? [] : [readLinkedHub(section, path, seen)];
    });
}

/** @param seen hubs that are linked already, by name in lower case: hub names are unique in all of Azure */
function readLinkedHub(
    section: Section,
    path: string,
    seen: Map<string, string>,
): LinkedHubSettings {
    const id = section.requiredText("id", {
        pattern:
            /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/\s]{1,90}\/providers\/Microsoft\.Devices\/IotHubs\/[A-Za-z0-9-]{3,50}$/i,
        rule: "must be the resource ID of a hub: /subscriptions/…/resourceGroups/…/providers/Microsoft.Devices/IotHubs/NAME",
        remedy: "copy it from: az iot hub show --name NAME --query id",
    });
    const hubName = id.slice(id.lastIndexOf("/") + 1).toLowerCase();
    const owner = seen.get(hubName);
    if (hubName !== "" && owner !== undefined) {
        section.bad("id", `a hub can be linked only once; it is ${owner}`, "delete one of the two");
    }
    seen.set(hubName, owner ?? path);
    return {
        id,
        location: section.requiredText("location", regionName),
        policy:
            section.text("policy", {
                pattern: /^[A-Za-z0-9!._-]{1,64}$/,
                rule: "must be the name of a shared access policy: 1 to 64 letters, digits or ! . _ -",
                remedy: "name the hub's policy that has the rights RegistryWrite and ServiceConnect",
            }) ?? defaultPolicy,
        weight: section.integer("weight", 0, maxWeight, 1),
    };
}
