import { caFindings, caWarnings, issuedFindings } from "../../components/x509/caCertificate";
import { GivenCertificate, inspectCertificate } from "../../components/x509/inspectCertificate";
import { Finding } from "../../components/x509/pem";
import { GroupSettings, intermediateCommonName, IntermediateSettings } from "../settings";
import { readProvisioning } from "./enrollment";
import { Files, inspectGivenFile } from "./files";
import { checkGroupLimits } from "./groupLimits";
import {
    comparableName,
    groupNamePattern,
    longestName,
    readKeyAlgorithm,
    subjectText,
} from "./names";
import { PkiReading } from "./root";
import { Section } from "./section";

/**
 * The device groups, in the order of the stack file: leaf policy, intermediate and provisioning of each.
 *
 * @param hasDps whether the stack has a provisioning service
 */
export function readGroups(
    top: Section,
    pki: PkiReading,
    hasDps: boolean,
    files: Files,
): GroupSettings[] {
    const section = top.section("groups", "the list of groups", undefined);
    const groups = section.keys().map((name) => readGroup(section, name, pki, hasDps, files));
    checkGroupLimits(section, pki, groups);
    checkCaNames(section, pki, groups);
    return groups;
}

function readGroup(
    groups: Section,
    name: string,
    pki: PkiReading,
    hasDps: boolean,
    files: Files,
): GroupSettings {
    if (!groupNamePattern.test(name)) {
        groups.report.value(
            groups.pathOf(name),
            name,
            "a group's name must have 1 to 40 lower-case letters, digits or hyphens, with no hyphen at either end",
            "rename the group; the name becomes part of certificate names on the hub, and the enrollment group's ID",
        );
    }
    const group = groups.section(name, "a group", [
        "keyAlgorithm",
        "validityDays",
        "renewBeforeDays",
        "intermediate",
        "provisioning",
        "blocked",
        "enrollment",
    ]);
    const intermediate = readIntermediate(group, name, pki, files);
    const validityDays = group.integer(
        "validityDays",
        2,
        36500,
        Math.min(365, intermediate.validityDays),
    );
    if (validityDays > intermediate.validityDays) {
        group.bad(
            "validityDays",
            `a device certificate must not outlive its CA: at most the ${intermediate.validityDays} days of the group's intermediate`,
            `lower it, or raise ${group.pathOf("intermediate")}.validityDays`,
        );
    }
    const renewBeforeDays = group.integer(
        "renewBeforeDays",
        0,
        36499,
        Math.min(30, Math.floor(validityDays / 3)),
    );
    if (renewBeforeDays >= validityDays) {
        group.bad(
            "renewBeforeDays",
            `must be less than validityDays (${validityDays}), or every run would renew`,
            "use at most about a third of the validity",
        );
    }
    return {
        name,
        intermediate,
        validityDays,
        renewBeforeDays,
        keyAlgorithm: readKeyAlgorithm(group, "RSA-2048"),
        ...readProvisioning(group, hasDps),
    };
}

function readIntermediate(
    group: Section,
    name: string,
    pki: PkiReading,
    files: Files,
): IntermediateSettings {
    const section = group.section("intermediate", "an intermediate CA", [
        "keyAlgorithm",
        "commonName",
        "validityDays",
        "generation",
        "retain",
        "certificates",
    ]);
    const { root } = pki.settings;
    const generation = section.integer("generation", 1, 9999, 1);
    const suffix = intermediateCommonName("", generation).length;
    const commonName =
        section.text(
            "commonName",
            subjectText(
                longestName - suffix,
                `shorten it: " G${generation}" is added, and 64 is the limit`,
            ),
        ) ?? `IoT Intermediate CA ${name}`.slice(0, longestName - suffix);
    const validityDays = section.integer(
        "validityDays",
        3,
        36500,
        Math.min(1825, root.validityDays),
    );
    if (validityDays > root.validityDays) {
        section.bad(
            "validityDays",
            `an intermediate must not outlive the root: at most ${root.validityDays} days`,
            "lower it, or raise the root's validityDays",
        );
    }
    const retain = readRetained(section, generation);
    return {
        keyAlgorithm: readKeyAlgorithm(section, pki.caKeyAlgorithm),
        commonName,
        validityDays,
        generation,
        retain,
        certificatePems: readCertificates(section, commonName, [...retain, generation], pki, files),
    };
}

function readRetained(section: Section, generation: number): number[] {
    const retained: number[] = [];
    section.list("retain").forEach((item, index) => {
        const path = `${section.pathOf("retain")}[${index}]`;
        if (typeof item !== "number" || !Number.isInteger(item) || item < 1) {
            section.report.value(
                path,
                item,
                "must be the number of an earlier generation",
                "list numbers, for example retain: [1]",
            );
        } else if (item >= generation) {
            section.report.value(
                path,
                item,
                `must be below the current generation (${generation})`,
                "raise generation to replace the CA, and retain its former number",
            );
        } else if (retained.includes(item)) {
            section.report.value(path, item, "must be listed only once", "delete the second one");
        } else {
            retained.push(item);
        }
    });
    return retained;
}

function readCertificates(
    section: Section,
    commonName: string,
    generations: readonly number[],
    pki: PkiReading,
    files: Files,
): Record<number, string> {
    if (!section.has("certificates")) {
        return {};
    }
    if (pki.settings.root.keys === "managed") {
        section.bad(
            "certificates",
            "requires an offline root: a managed root signs its intermediates itself",
            "set pki.root.keys: offline, or delete it",
        );
        return {};
    }
    const named = section.section("certificates", "the list of certificates", undefined);
    const pems: Record<number, string> = {};
    for (const key of named.keys()) {
        const generation = generations.find((candidate) => String(candidate) === key);
        if (generation === undefined) {
            named.report.value(
                named.pathOf(key),
                key,
                `must be a generation in use: ${generations.join(", ")}`,
                "delete it, or add the generation to retain",
            );
            continue;
        }
        const certificate = inspectGivenFile(
            files,
            named.pathOf(key),
            named.raw(key),
            files.folder,
            "delete the line and run pulumi up: it shows the request and the command that signs it",
            (content) => {
                const { facts, findings } = inspectCertificate(content, files.now, true);
                return facts
                    ? {
                          facts,
                          findings: [
                              ...findings,
                              ...caFindings(facts, pki.subject),
                              ...nameFindings(
                                  facts,
                                  intermediateCommonName(commonName, generation),
                              ),
                              ...(pki.rootCertificate
                                  ? issuedFindings(facts, pki.rootCertificate)
                                  : []),
                          ],
                          warnings: caWarnings(facts),
                      }
                    : { facts, findings };
            },
        );
        if (certificate) {
            pems[generation] = certificate.pem;
        }
    }
    return pems;
}

function nameFindings(certificate: GivenCertificate, expected: string): Finding[] {
    const [found] = certificate.commonNames;
    return found === undefined || found === expected
        ? []
        : [
              {
                  value: `CN=${found}`,
                  rule: `the common name must be that of the request, "${expected}"`,
                  remedy: "check that this file belongs to this group and generation, or sign the request again",
              },
          ];
}

/** Every CA needs a unique subject; organization and country are the same for all. */
function checkCaNames(section: Section, pki: PkiReading, groups: readonly GroupSettings[]): void {
    const taken = new Map([[comparableName(pki.settings.root.commonName), "the root"]]);
    for (const { name, intermediate } of groups) {
        for (const generation of [intermediate.generation, ...intermediate.retain]) {
            const commonName = intermediateCommonName(intermediate.commonName, generation);
            const owner = taken.get(comparableName(commonName));
            if (owner !== undefined) {
                section.report.value(
                    `${section.pathOf(name)}.intermediate.commonName`,
                    commonName,
                    `CA names must be unique; ${owner} has the same one`,
                    "choose another commonName",
                );
            }
            taken.set(comparableName(commonName), `group ${name}`);
        }
    }
}
