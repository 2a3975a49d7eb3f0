import * as pulumi from "@pulumi/pulumi";
import { readAlerts } from "./config/alerts";
import { readCi } from "./config/ci";
import { readDevices } from "./config/devices";
import { readDps } from "./config/dps";
import { readEst } from "./config/est";
import { Files } from "./config/files";
import { readGroups } from "./config/groups";
import { readHub } from "./config/hub";
import { readJson } from "./config/jsonText";
import { longestName, regionName, subjectText } from "./config/names";
import { readOutputDevices } from "./config/outputDevices";
import { ConfigurationError, Problem, Report } from "./config/report";
import { readPki } from "./config/root";
import { pathsBelow, Section } from "./config/section";
import { readShard, readSharding } from "./config/shards";
import { deviceKinds } from "./deviceKinds/deviceKinds";
import { userError } from "./userError";
import { Settings } from "./settings";

export { ConfigurationError, Problem } from "./config/report";

/** Namespace of the program's settings in `Pulumi.<stack>.yaml`. */
const namespace = "iot-x509";

const topLevelKeys = [
    "organization",
    "country",
    "location",
    "resourceGroupName",
    "resourceGroup",
    "hub",
    "dps",
    "est",
    "pki",
    "groups",
    "devices",
    "devicesFile",
    "deviceDefaults",
    "allowSha1Thumbprints",
    "protect",
    "pruneDevices",
    "maxCutOff",
    "rollover",
    "outputDevices",
    "ci",
    "alerts",
    "shards",
    "shard",
];

/** What reading a configuration takes from its environment. */
export interface ReadOptions {
    /** Azure region when `location` is not set, e.g. that of `azure-native:location`. */
    readonly defaultLocation?: string;
    /** Name of the stack, if it matters: a stack named `dev` may lose devices. */
    readonly stack?: string;
    /** Keys with secret values, which messages never show. */
    readonly secretKeys?: readonly string[];
    /** The time at which certificates must be valid; default: now. */
    readonly now?: Date;
    /** Receives warnings, which do not stop the run; default: they are dropped. */
    readonly onWarning?: (text: string) => void;
    /**
     * Receives what is wrong with a device's own certificate or request, which then concerns that device alone: it is read
     * without it. Default: the configuration is refused.
     */
    readonly onUnusableFile?: (deviceId: string, problem: Problem) => void;
}

/**
 * Checks a configuration as a whole and fills in defaults. Reads the files that it names and touches nothing else.
 *
 * @param raw the values below the namespace, as read from YAML, JSON or Pulumi; lists and mappings may also be JSON text
 * @param folder the project's folder; file names are relative to it
 * @throws ConfigurationError with every problem
 */
export function readSettings(
    raw: Record<string, unknown>,
    folder: string,
    options: ReadOptions = {},
): Settings {
    const report = new Report(options.secretKeys, options.onWarning);
    const { now = new Date(), onUnusableFile } = options;
    const files: Files = { report, folder, now, onUnusableFile };
    const values = Object.entries(raw).map(([key, value]) => [key, decode(key, value, report)]);
    const top = new Section(
        report,
        pathsBelow(""),
        Object.fromEntries(values) as typeof raw,
        "the stack",
        topLevelKeys,
    );
    const organization = top.requiredText(
        "organization",
        subjectText(
            longestName,
            "name the organization that operates the devices, for example Contoso",
        ),
    );
    const country = top.text("country", {
        pattern: /^[A-Z]{2}$/,
        rule: "must be a country code of two capital letters (ISO 3166-1)",
        remedy: "write for example DE or US, or delete it",
    });
    const pki = readPki(top, { organization, country }, files);
    const hub = readHub(top);
    const dps = readDps(top, hub, pki.settings);
    const groups = readGroups(top, pki, dps !== undefined, files);
    const devices = readDevices(top, pki.settings, groups, files, deviceKinds);
    const shards = readSharding(top);
    const settings: Settings = {
        organization,
        country,
        location: readLocation(top, options.defaultLocation),
        resourceGroupName: top.text("resourceGroupName", {
            pattern: /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u,
            rule: "must have 1 to 90 letters, digits or _ ( ) . - and not end with a dot",
            remedy: "rename it, or delete the setting to get iot-x509 with a random suffix",
        }),
        resourceGroup: readResourceGroup(top),
        hub,
        dps,
        est: readEst(top, groups, files),
        pki: pki.settings,
        groups,
        devices,
        protect: top.flag("protect", false),
        pruneDevices: top.flag("pruneDevices", true),
        maxCutOff: readMaxCutOff(top, options.stack),
        rollover: readRollover(top),
        outputDevices: readOutputDevices(top, devices),
        ci: readCi(top),
        alerts: readAlerts(top),
        shards,
        shard: readShard(top, shards, { groups, devices }),
    };
    report.throwIfAny();
    return settings;
}

function readMaxCutOff(top: Section, stack: string | undefined): Settings["maxCutOff"] {
    if (!top.has("maxCutOff")) {
        return stack === "dev" ? "unlimited" : undefined;
    }
    return top.raw("maxCutOff") === "unlimited"
        ? "unlimited"
        : top.integer("maxCutOff", 0, 1_000_000, 0);
}

function readRollover(top: Section): Settings["rollover"] {
    const rollover = top.section("rollover", "the rollover of CAs", ["accept"]);
    const accept = Array.isArray(rollover.raw("accept"))
        ? rollover.texts("accept", {
              pattern: /./,
              rule: "must be a device ID",
              remedy: "write the ID in quotes, or a number of devices instead of the list",
          })
        : rollover.integer("accept", 0, 1_000_000, 0);
    return { accept };
}

function readResourceGroup(top: Section): Settings["resourceGroup"] {
    const kind = top.oneOf("resourceGroup", ["create", "existing"], "create");
    if (kind === "existing" && !top.has("resourceGroupName")) {
        top.bad(
            "resourceGroup",
            "an existing resource group needs its name",
            "set resourceGroupName, or delete the setting",
        );
    }
    return kind;
}

/**
 * The settings of the running stack.
 *
 * @throws pulumi.RunError with every problem, which the CLI prints without a stack trace
 */
export function loadSettings(): Settings {
    const config = Object.entries(pulumi.runtime.allConfig())
        .filter(([key]) => key.startsWith(`${namespace}:`))
        .map(([key, value]) => ({ key, name: key.slice(namespace.length + 1), value }));
    try {
        return readSettings(
            Object.fromEntries(config.map(({ name, value }) => [name, value])),
            process.cwd(),
            {
                defaultLocation: new pulumi.Config("azure-native").get("location"),
                stack: pulumi.getStack(),
                secretKeys: config.filter(({ key }) => isSecret(key)).map(({ name }) => name),
                onWarning: (text) => void pulumi.log.warn(text),
            },
        );
    } catch (error) {
        if (error instanceof ConfigurationError) {
            throw userError(error.message);
        }
        throw error;
    }
}

function readLocation(top: Section, defaultLocation: string | undefined): string {
    if (!top.has("location") && defaultLocation !== undefined && defaultLocation !== "") {
        return defaultLocation;
    }
    return top.requiredText("location", regionName);
}

/**
 * Pulumi passes lists and mappings as JSON and every other value as text, including JSON that was set as one text with
 * `pulumi config set`.
 */
function decode(key: string, value: unknown, report: Report): unknown {
    if (typeof value !== "string" || !/^\s*[[{]/.test(value)) {
        return value;
    }
    try {
        return readJson(value, key, false, value.trim().startsWith("[") ? [] : {}, report);
    } catch {
        return value;
    }
}

/** The Node SDK can tell which keys are secret, but its type declarations omit the function. */
function isSecret(key: string): boolean {
    const runtime = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
    return runtime.isConfigSecret(key);
}
