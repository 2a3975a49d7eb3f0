import { serviceLimits } from "../../components/azure/serviceLimits";
import { isListed, registersAtDps } from "../deviceProvisioning";
import { GroupSettings } from "../settings";
import { PkiReading } from "./root";
import { Section } from "./section";

/** Generations that an enrollment group may retain in addition to its current CA. */
const maxRetained = serviceLimits.certificatesOfGroup - 1;

/** The limits of both services on CA certificates and enrollment groups. */
export function checkGroupLimits(
    groups: Section,
    pki: PkiReading,
    settings: readonly GroupSettings[],
): void {
    const listed = settings.filter(isListed);
    const enrolled = settings.filter(registersAtDps);
    if (pki.settings.trust === "intermediates") {
        checkCaCount(groups, listed, "a hub", serviceLimits.certificates);
        checkCaCount(groups, enrolled, "a provisioning service", serviceLimits.certificates);
    }
    if (enrolled.length > serviceLimits.enrollmentGroups) {
        groups.report.fault(
            "groups",
            `${enrolled.length} groups with provisioning dps or both`,
            `a provisioning service holds at most ${serviceLimits.enrollmentGroups} enrollment groups`,
            "set provisioning: listed for some groups, or use fewer groups",
        );
    }
    for (const { name, intermediate } of enrolled) {
        if (intermediate.retain.length > maxRetained) {
            groups.report.value(
                `${groups.pathOf(name)}.intermediate.retain`,
                intermediate.retain,
                "an enrollment group has at most two CAs: the current generation and one earlier",
                "keep the generation whose certificates devices still use, and delete the others",
            );
        }
    }
}

function checkCaCount(
    groups: Section,
    uploaded: readonly GroupSettings[],
    service: string,
    max: number,
): void {
    const count = uploaded.reduce(
        (sum, { intermediate }) => sum + 1 + intermediate.retain.length,
        0,
    );
    if (count > max) {
        groups.report.fault(
            "groups",
            `${count} CA certificates (${uploaded.length} groups and their retained generations)`,
            `${service} holds at most ${max}`,
            `set pki.trust: root, so that ${service} needs only one, or use fewer groups`,
        );
    }
}
