import { CsrFacts, inspectCsr } from "../../components/x509/csr";
import { subjectWord } from "../../components/text/shellWords";
import { named } from "../../components/text/decode";
import {
    DeviceAuthentication,
    DeviceSettings,
    DeviceStatus,
    GroupSettings,
    PkiSettings,
} from "../settings";
import { givenCas } from "./caKeys";
import { suggestion } from "./suggestions";
import { conversionOf } from "./converted";
import { DeviceSource, deviceSources } from "./deviceSources";
import { Files, inspectGivenFile } from "./files";
import { checkFleet } from "./fleetChecks";
import { longestName } from "./names";
import { Section } from "./section";
import { lostName, readTags } from "./tags";
import { readThumbprints } from "./thumbprints";
import { DeviceReading } from "./deviceReading";

const maxKeyGeneration = 9999;

/** What a device is given when it says nothing itself. */
interface DeviceDefaults {
    readonly group: string | undefined;
    readonly auth: "ca" | "thumbprint";
    readonly status: DeviceStatus;
    readonly tags: Readonly<Record<string, unknown>>;
    readonly keyGeneration: number;
}

/** What the reading of each device needs to know. */
interface Context {
    readonly files: Files;
    readonly groupNames: readonly string[];
    /** Names of the groups whose devices the provisioning service alone makes. */
    readonly unlistedGroups: ReadonlySet<string>;
    /** Names of the groups that the provisioning service knows. */
    readonly enrolledGroups: ReadonlySet<string>;
    readonly defaults: DeviceDefaults;
    readonly allowSha1: boolean;
}

/** The devices of the stack file and of the files it names, each checked by itself and against the others and the CAs. */
export function readDevices(
    top: Section,
    pki: PkiSettings,
    groups: readonly GroupSettings[],
    files: Files,
): DeviceSettings[] {
    const groupNames = groups.map(({ name }) => name);
    const context: Context = {
        files,
        groupNames,
        unlistedGroups: new Set(
            groups.filter(({ provisioning }) => provisioning === "dps").map(({ name }) => name),
        ),
        enrolledGroups: new Set(
            groups.filter(({ provisioning }) => provisioning !== "listed").map(({ name }) => name),
        ),
        defaults: readDefaults(top, groupNames),
        allowSha1: top.flag("allowSha1Thumbprints", false),
    };
    const readings = deviceSources(top, files).map((source) => readDevice(source, context));
    checkFleet(givenCas(pki, groups), readings, files.report);
    return readings.map(({ settings }) => settings);
}

function readDefaults(top: Section, groupNames: readonly string[]): DeviceDefaults {
    const section = top.section("deviceDefaults", "the defaults of devices", [
        "group",
        "auth",
        "status",
        "tags",
        "keyGeneration",
    ]);
    return {
        group: readGroupName(section, groupNames),
        auth: section.oneOf("auth", ["ca", "thumbprint"], "ca"),
        status: section.oneOf("status", ["enabled", "disabled"], "enabled"),
        tags: readTags(section),
        keyGeneration: section.integer("keyGeneration", 1, maxKeyGeneration, 1),
    };
}

function readDevice({ section, base, isRow }: DeviceSource, context: Context): DeviceReading {
    const { defaults, files } = context;
    const auth = section.oneOf("auth", ["ca", "thumbprint"], defaults.auth);
    const id = readId(section, auth, isRow);
    refuseForeignKeys(section, auth);
    const group = auth === "ca" ? readGroupOf(section, context) : undefined;
    if (group !== undefined && context.enrolledGroups.has(group)) {
        checkRegistrationId(section, id);
    }
    const status = section.oneOf("status", ["enabled", "disabled"], defaults.status);
    if (group !== undefined && context.unlistedGroups.has(group)) {
        refuseIdentityKeys(section, group);
    }
    const csr = auth === "ca" ? readCsr(section, id, base, files) : undefined;
    const thumbprints =
        auth === "thumbprint"
            ? readThumbprints(section, files, base, status === "enabled", context.allowSha1)
            : [];
    const keyGeneration = section.integer(
        "keyGeneration",
        1,
        maxKeyGeneration,
        defaults.keyGeneration,
    );
    return {
        settings: {
            id,
            group,
            authentication:
                auth === "thumbprint"
                    ? {
                          kind: "thumbprint",
                          primary: thumbprints[0]?.thumbprint ?? "",
                          secondary: thumbprints[1]?.thumbprint,
                      }
                    : caAuthentication(section, csr, keyGeneration),
            status,
            tags: { ...defaults.tags, ...readTags(section) },
            individualEnrollment: readEnrollment(section, group, context),
            adopt: section.flag("adopt", false),
        },
        idPath: section.pathOf("id"),
        csr: csr && { path: section.pathOf("csr"), facts: csr },
        thumbprints,
    };
}

function caAuthentication(
    section: Section,
    csr: CsrFacts | undefined,
    keyGeneration: number,
): DeviceAuthentication {
    return section.has("csr")
        ? { kind: "csr", csrPem: csr?.pem ?? "" }
        : { kind: "generated", keyGeneration };
}

/**
 * Device IDs: Azure docs, iot-hub-devguide-identity-registry ("Device identity properties"), less the wildcards of MQTT
 * topics: the ID is a part of every topic that a device publishes to (MQTT 3.1.1, 4.7.1).
 *
 * @param isRow whether a spreadsheet may have written it
 */
function readId(section: Section, auth: "ca" | "thumbprint", isRow: boolean): string {
    const given = section.raw("id");
    const text = typeof given === "string" ? given : "";
    const conversion = isRow ? conversionOf(text) : undefined;
    if (conversion !== undefined) {
        section.bad("id", conversion.rule, conversion.remedy);
        return "";
    }
    const odd = /[^A-Za-z0-9\-.+%_#*?!(),=@$']/u.exec(text)?.[0];
    if (odd === undefined && /[+#]/.test(text)) {
        section.bad(
            "id",
            "must not contain + or #: a client cannot publish to a topic that contains one (MQTT 3.1.1, 4.7.1)",
            "rename the device, for example with a hyphen instead",
        );
        return "";
    }
    if (text === lostName) {
        section.bad(
            "id",
            `a device must not be named ${lostName}, which cannot be an output`,
            "rename it",
        );
        return "";
    }
    const id = section.requiredText("id", {
        pattern: /^(?!\.{1,2}$)[A-Za-z0-9\-.%_*?!(),=@$']{1,128}$/,
        rule: "must have 1 to 128 ASCII letters, digits or - . % _ * ? ! ( ) , = @ $ ' (and not be . or ..)",
        remedy:
            odd === undefined
                ? "give the device an ID of these characters, for example pump-01"
                : `remove ${named(odd)}, or give the device an ID of these characters, for example pump-01`,
    });
    if (auth === "ca" && id.length > longestName) {
        section.bad(
            "id",
            `must have at most ${longestName} characters with auth: ca, because it is the common name of a certificate`,
            "shorten it, or use auth: thumbprint",
        );
    }
    return id;
}

/**
 * A device that registers at the provisioning service has its device ID as registration ID, whose alphabet is smaller
 * (Azure docs: iot-dps concepts-service, "Registration ID"). Its limit of 64 characters is that of the common name.
 */
function checkRegistrationId(section: Section, id: string): void {
    if (id !== "" && !/^[a-z0-9._-]*[a-z0-9-]$/.test(id)) {
        section.bad(
            "id",
            "is a registration ID, for which the provisioning service ignores case: it must consist of lower-case ASCII letters, digits or - . _ " +
                "and not end with a dot or underscore",
            "rename the device, or move it to a group with provisioning: listed",
        );
    }
}

/** Whether the device has an enrollment of its own; only a group that the provisioning service knows leaves the choice. */
function readEnrollment(
    section: Section,
    group: string | undefined,
    { enrolledGroups }: Context,
): boolean {
    if (group === undefined || !section.has("enrollment")) {
        return false;
    }
    if (!enrolledGroups.has(group)) {
        section.bad(
            "enrollment",
            `is only for devices that use the provisioning service; the devices of group ${group} are listed on the hub`,
            `set groups.${group}.provisioning: dps or both, or delete it`,
        );
        return false;
    }
    return section.oneOf("enrollment", ["group", "individual"], "group") === "individual";
}

/** What is written to a listed identity has no place for a device that the provisioning service makes. */
function refuseIdentityKeys(section: Section, group: string): void {
    const both = `set groups.${group}.provisioning: both`;
    const remedies: Readonly<Record<string, string>> = {
        tags: `set them for the group (groups.${group}.enrollment.initialTwin.tags), or ${both}`,
        adopt: `delete it, or ${both}`,
    };
    for (const [key, remedy] of Object.entries(remedies)) {
        if (section.has(key)) {
            section.bad(
                key,
                `requires an identity listed on the hub; the provisioning service creates those of group ${group}`,
                remedy,
            );
        }
    }
}

/** Settings that mean nothing with the device's kind of authentication are refused, not passed over. */
function refuseForeignKeys(section: Section, auth: "ca" | "thumbprint"): void {
    const foreign =
        auth === "ca"
            ? ["thumbprints", "certificates"]
            : ["csr", "group", "keyGeneration", "enrollment"];
    const other = auth === "ca" ? "thumbprint" : "ca";
    for (const key of foreign.filter((candidate) => section.has(candidate))) {
        section.bad(
            key,
            `requires auth: ${other}, but this device has auth: ${auth}`,
            `set auth: ${other}, or delete ${key}`,
        );
    }
    if (auth === "ca" && section.has("csr") && section.has("keyGeneration")) {
        section.bad(
            "keyGeneration",
            "counts keys that the program generates; with csr, the device generates its key",
            "delete it; for a new key, provide a new request",
        );
    }
}

function readGroupName(section: Section, groupNames: readonly string[]): string | undefined {
    const name = section.raw("group");
    if (name === undefined) {
        return undefined;
    }
    const known = groupNames.find((candidate) => candidate === String(name));
    if (known === undefined) {
        section.bad(
            "group",
            "must be the name of a group",
            groupNames.length === 0
                ? "declare it under groups, which is empty"
                : suggestion(String(name), groupNames),
        );
    }
    return known;
}

function readGroupOf(section: Section, { groupNames, defaults }: Context): string | undefined {
    if (!section.has("group") && defaults.group === undefined) {
        section.missing(
            "group",
            groupNames.length === 0
                ? "declare a group under groups and name it; a group's intermediate signs the certificate"
                : `name one of ${groupNames.join(", ")}, here or in deviceDefaults.group`,
        );
        return undefined;
    }
    return readGroupName(section, groupNames) ?? defaults.group;
}

function readCsr(section: Section, id: string, base: string, files: Files): CsrFacts | undefined {
    if (!section.has("csr") || id === "") {
        return undefined; // Without a sound ID nothing can be said of the request's name.
    }
    return inspectGivenFile(
        files,
        section.pathOf("csr"),
        section.raw("csr"),
        base,
        `correct the name, or create the request on the device: openssl req -new -newkey rsa:2048 -keyout DEVICE.key -subj ${subjectWord([["CN", id]])} -out FILE`,
        (content) => inspectCsr(content, id),
    );
}
