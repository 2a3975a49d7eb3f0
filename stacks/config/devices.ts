import { named } from "../../components/text/decode";
import { isListed, registersAtDps } from "../deviceProvisioning";
import { DeviceSettings, DeviceStatus, GroupSettings, PkiSettings } from "../settings";
import { givenCas } from "./caKeys";
import { suggestion } from "./suggestions";
import { conversionOf } from "./converted";
import { DeviceSource, deviceSources } from "./deviceSources";
import { Files, filesOf } from "./files";
import { checkFleet } from "./fleetChecks";
import { longestName } from "./names";
import { Section } from "./section";
import { lostName, readTags } from "./tags";
import { DeviceKeys, deviceKeysOf, signedKeys } from "./deviceKeys";
import { DeviceKindReader, GivenDevice, ReadAuthentication } from "./deviceKindReader";
import { DeviceReading } from "./deviceReading";

type DeviceAuthentication = DeviceSettings["authentication"];
type Kind = DeviceKindReader<DeviceAuthentication>;

/** Values for devices that do not set their own. */
interface DeviceDefaults {
    readonly group: string | undefined;
    readonly auth: string;
    readonly status: DeviceStatus;
    readonly tags: Readonly<Record<string, unknown>>;
}

/** A kind with its reader of single devices. */
interface KindInUse {
    readonly kind: Kind;
    readonly read: (device: GivenDevice) => ReadAuthentication<DeviceAuthentication>;
}

/** What is needed to read each device. */
interface Context {
    readonly files: Files;
    readonly groupNames: readonly string[];
    /** Names of the groups whose devices only the provisioning service creates. */
    readonly unlistedGroups: ReadonlySet<string>;
    /** Names of the groups that the provisioning service knows. */
    readonly enrolledGroups: ReadonlySet<string>;
    readonly defaults: DeviceDefaults;
    readonly keys: DeviceKeys;
    readonly kinds: readonly KindInUse[];
}

/** The devices of the stack file and of the files it names, each checked on its own and against the others and the CAs. */
export function readDevices(
    top: Section,
    pki: PkiSettings,
    groups: readonly GroupSettings[],
    files: Files,
    kinds: readonly Kind[],
): DeviceSettings[] {
    const keys = deviceKeysOf(kinds);
    const defaultsSection = top.section("deviceDefaults", "the defaults of devices", [
        "group",
        "auth",
        "status",
        "tags",
        ...kinds.flatMap(({ defaultable }) => defaultable),
    ]);
    const groupNames = groups.map(({ name }) => name);
    const context: Context = {
        files,
        groupNames,
        unlistedGroups: new Set(groups.filter((group) => !isListed(group)).map(({ name }) => name)),
        enrolledGroups: new Set(groups.filter(registersAtDps).map(({ name }) => name)),
        defaults: readDefaults(defaultsSection, groupNames, keys),
        keys,
        kinds: kinds.map((kind) => ({ kind, read: kind.reader(top, defaultsSection) })),
    };
    const readings = deviceSources(top, files, keys).map((source) => readDevice(source, context));
    checkFleet(givenCas(pki, groups), readings, files.report);
    return readings.map(({ settings }) => settings);
}

function readDefaults(
    section: Section,
    groupNames: readonly string[],
    { auths }: DeviceKeys,
): DeviceDefaults {
    return {
        group: readGroupName(section, groupNames),
        auth: section.oneOf("auth", auths, auths[0]),
        status: section.oneOf("status", ["enabled", "disabled"], "enabled"),
        tags: readTags(section),
    };
}

function readDevice({ section, base, isRow }: DeviceSource, context: Context): DeviceReading {
    const { defaults, files, kinds } = context;
    const auth = section.oneOf("auth", context.keys.auths, defaults.auth);
    const { kind, read } = kindOf(section, auth, kinds);
    const id = readId(section, kind, kinds, isRow);
    refuseForeignKeys(section, kind, kinds);
    const group = kind.certificate === undefined ? undefined : readGroupOf(section, context);
    if (group !== undefined && context.enrolledGroups.has(group)) {
        checkRegistrationId(section, id);
    }
    const status = section.oneOf("status", ["enabled", "disabled"], defaults.status);
    if (group !== undefined && context.unlistedGroups.has(group)) {
        refuseIdentityKeys(section, group);
    }
    const isEnabled = status === "enabled";
    const {
        authentication,
        csr,
        thumbprints = [],
    } = read({
        ...{ section, id, base, isEnabled },
        files: filesOf(id, files),
    });
    return {
        settings: {
            id,
            group,
            authentication,
            status,
            tags: { ...defaults.tags, ...readTags(section) },
            individualEnrollment: readEnrollment(section, group, context),
            adopt: section.flag("adopt", false),
        },
        idPath: section.pathOf("id"),
        csr,
        thumbprints,
    };
}

function kindOf(section: Section, auth: string, kinds: readonly KindInUse[]): KindInUse {
    const candidates = kinds.filter(({ kind }) => kind.auth === auth);
    const found = candidates.find(({ kind }) => kind.isGiven(section));
    if (found === undefined) {
        throw new Error(`no kind of device authentication takes a device with auth: ${auth}`);
    }
    return found;
}

/**
 * Device IDs: Azure docs, iot-hub-devguide-identity-registry ("Device identity properties"), without the wildcards of MQTT
 * topics, because the ID is part of every topic that a device publishes to (MQTT 3.1.1, 4.7.1).
 *
 * @param isRow whether a spreadsheet may have written it
 */
function readId(
    section: Section,
    { auth, certificate }: Kind,
    kinds: readonly KindInUse[],
    isRow: boolean,
): string {
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
    if (certificate !== undefined && id.length > longestName) {
        const others = kinds.filter(({ kind }) => kind.certificate === undefined);
        section.bad(
            "id",
            `must have at most ${longestName} characters with auth: ${auth}, because it is the common name of a certificate`,
            ["shorten it", ...others.map(({ kind }) => `use auth: ${kind.auth}`)].join(", or "),
        );
    }
    return id;
}

/**
 * A device that registers at the provisioning service uses its device ID as registration ID, which allows fewer characters
 * (Azure docs: iot-dps concepts-service, "Registration ID"). The limit of 64 characters is that of the common name.
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

/** Whether the device has an individual enrollment; only groups that the provisioning service knows allow the choice. */
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

/** A device that the provisioning service creates cannot have the settings of a listed identity. */
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

/** Settings that do not apply to the device's kind of authentication are refused, not ignored. */
function refuseForeignKeys(section: Section, { auth }: Kind, kinds: readonly KindInUse[]): void {
    const keysOf = (kind: Kind): string[] => [
        ...Object.keys(kind.keys),
        ...(kind.certificate === undefined ? [] : signedKeys),
    ];
    const all = kinds.map(({ kind }) => kind);
    const own = new Set(all.filter((kind) => kind.auth === auth).flatMap(keysOf));
    const foreign = new Map(
        all.flatMap((kind) => keysOf(kind).map((key) => [key, kind.auth] as const)),
    );
    for (const [key, other] of foreign) {
        if (section.has(key) && !own.has(key)) {
            section.bad(
                key,
                `requires auth: ${other}, but this device has auth: ${auth}`,
                `set auth: ${other}, or delete ${key}`,
            );
        }
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
