import { regionPattern } from "../../components/inputs/resourceNames";
import { KeyAlgorithm, keyAlgorithms } from "../../components/x509/issue";
import { Section, TextRule } from "./section";

/** Maximum length of a common name and of an organization name (RFC 5280, appendix A.1: ub-common-name). */
export const longestName = 64;

/**
 * A character that a reader of the subject can recognize: no control, format or unassigned character, and no space but the
 * plain one. Zero-width joiners are allowed, because Persian and Indic scripts need them.
 */
const visibleCharacter = "(?:[ \\u200c\\u200d]|[^\\p{C}\\p{Z}\\u115f\\u1160\\u2800\\u3164\\uffa0])";

/** Text of a subject: at most `max` visible characters. */
export function subjectText(max: number, remedy: string): TextRule {
    return {
        pattern: new RegExp(`^(?! )${visibleCharacter}{1,${max}}(?<! )$`, "u"),
        rule: `must have 1 to ${max} characters, none of them invisible, and no space at either end`,
        remedy,
    };
}

/** The name of a group. */
export const groupNamePattern = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** An Azure region. */
export const regionName: TextRule = {
    pattern: regionPattern,
    rule: "must be the name of an Azure region, in lower case without spaces",
    remedy: "write the region's short name, for example westeurope (az account list-locations -o table)",
};

/** CA names must differ in more than case and repeated spaces (RFC 5280, section 7.1). */
export function comparableName(commonName: string): string {
    return commonName.toLowerCase().replace(/ +/g, " ");
}

/** A key algorithm, or the fallback. */
export function readKeyAlgorithm(section: Section, fallback: KeyAlgorithm): KeyAlgorithm {
    return section.oneOf("keyAlgorithm", keyAlgorithms, fallback);
}
