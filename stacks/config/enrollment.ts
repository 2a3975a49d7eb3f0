import { defaultProvisioning, provisioningWays, registersAtDps } from "../deviceProvisioning";
import { EnrollmentSettings, GroupSettings } from "../settings";
import { readAllocationPolicy } from "./dps";
import { Section } from "./section";
import { readDesired, readTags } from "./tags";

/** How the devices of one group get to their hub: listed there, through the provisioning service, or both. */
export function readProvisioning(
    group: Section,
    hasDps: boolean,
): Pick<GroupSettings, "provisioning" | "blocked" | "enrollment"> {
    const provisioning = group.oneOf("provisioning", provisioningWays, defaultProvisioning);
    if (registersAtDps({ provisioning }) && !hasDps) {
        group.bad(
            "provisioning",
            "requires a provisioning service, and the stack has none",
            "add the setting dps (dps: {} uses the defaults), or set provisioning: listed",
        );
    }
    const asked = group.raw("provisioning") ?? defaultProvisioning;
    // Any other value has been reported.
    if (asked === provisioning && !registersAtDps({ provisioning }) && group.has("enrollment")) {
        group.bad(
            "enrollment",
            "requires a group that uses the provisioning service; the devices of this one are listed on the hub",
            "set provisioning: dps or both, or delete it",
        );
    }
    return {
        provisioning,
        blocked: group.flag("blocked", false),
        enrollment: readEnrollment(group),
    };
}

function readEnrollment(group: Section): EnrollmentSettings {
    const section = group.section("enrollment", "an enrollment", [
        "reprovision",
        "allocationPolicy",
        "iotEdge",
        "initialTwin",
    ]);
    const twin = section.section("initialTwin", "an initial twin", ["tags", "desired"]);
    return {
        reprovision: section.oneOf("reprovision", ["migrate", "reset", "keep"], "migrate"),
        allocationPolicy: readAllocationPolicy(section, [
            "hashed",
            "geoLatency",
            "static",
        ] as const),
        iotEdge: section.flag("iotEdge", false),
        initialTwin: { tags: readTags(twin), desired: readDesired(twin) },
    };
}
