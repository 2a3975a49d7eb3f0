import { regionPattern } from "../../../components/inputs/resourceNames";
import { choice, flag, integer, list, mapping, SettingsSection, text } from "./model";

/** The settings of the stack itself. Mappings with a section of their own are described there. */
export const stack: SettingsSection = {
    heading: "The stack",
    prefix: "",
    settings: [
        {
            name: "organization",
            ...text({ maxLength: 64, pattern: "^\\S(.*\\S)?$" }),
            isRequired: true,
            description: "`O=` of every certificate.",
            rule: "1–64 characters.",
            example: "Contoso",
        },
        {
            name: "country",
            ...text({ pattern: "^[A-Z]{2}$" }),
            description: "`C=` of every certificate.",
            rule: "Two capital letters.",
            example: "DE",
        },
        {
            name: "location",
            ...text({ pattern: regionPattern.source }),
            defaultText: "`azure-native:location`",
            description: "Azure region in its short form. One of the two is required.",
            example: "westeurope",
        },
        {
            name: "resourceGroupName",
            ...text({
                maxLength: 90,
                pattern:
                    "^(?!.*\\.$)[^\\x00-\\x27\\x2a-\\x2c\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\xa0]+$",
            }),
            defaultText: "`iot-x509` and a random suffix",
            description: "Name of the resource group.",
            rule: "1–90 letters, digits and `_ ( ) . -`; no dot at the end.",
            example: "rg-iot-prod",
        },
        {
            name: "resourceGroup",
            ...choice("create", "existing"),
            default: "create",
            description:
                "`existing` uses the group `resourceGroupName` and never changes or deletes it. Cannot change once the stack has created its own group.",
            example: "existing",
        },
        {
            name: "hub",
            ...mapping(),
            default: {},
            description: "The IoT hub; see [`hub`](#hub).",
            example: { prefix: "iot-dev" },
        },
        {
            name: "dps",
            ...mapping(),
            description:
                "A Device Provisioning Service; see [`dps`](#dps). `{}` creates one with all defaults.",
            example: {},
        },
        {
            name: "est",
            ...mapping(),
            description: "The service that renews certificates; see [`est`](#est).",
            example: { graceDays: 14 },
        },
        {
            name: "pki",
            ...mapping(),
            default: {},
            description: "The certificate authorities; see [`pki`](#pki).",
            example: { keyAlgorithm: "ECDSA-P256" },
        },
        {
            name: "groups",
            ...mapping(),
            default: {},
            description: "Device groups by name; see [`groups.<name>`](#groupsname).",
            example: { pumps: { validityDays: 90 } },
        },
        {
            name: "devices",
            ...list({}),
            default: [],
            description: "Devices; see [devices](#devices).",
            example: [{ id: "pump-01", group: "pumps" }],
        },
        {
            name: "devicesFile",
            type: "file or list of files",
            schema: {
                anyOf: [
                    { $ref: "#/definitions/devicesFile" },
                    {
                        type: "array",
                        items: { $ref: "#/definitions/devicesFile" },
                        uniqueItems: true,
                    },
                ],
            },
            default: [],
            description:
                "[Tables or JSON files](#tables) of devices, which are read after `devices`.",
            rule: "Names end in `.csv`, `.tsv`, `.txt` or `.json`.",
            example: "devices/prod/fleet.csv",
        },
        {
            name: "deviceDefaults",
            ...mapping(),
            default: {},
            description:
                "`group`, `auth`, `status`, `tags` and `keyGeneration` of devices that do not specify their own.",
            example: { tags: { environment: "dev" } },
        },
        {
            name: "allowSha1Thumbprints",
            ...flag,
            default: false,
            description: "Whether thumbprints of 40 hex digits are accepted.",
            example: true,
        },
        {
            name: "protect",
            ...flag,
            default: false,
            description:
                "Whether the hub and the CAs are [protected](operations.md#protection-and-removal) from deletion and replacement.",
            example: true,
        },
        {
            name: "pruneDevices",
            ...flag,
            default: true,
            description:
                "Whether a device that leaves the configuration is deleted. `false` disables and keeps it.",
            example: false,
        },
        {
            name: "maxCutOff",
            type: "integer, 0–1000000, or `unlimited`",
            schema: { anyOf: [integer(0, 1_000_000).schema, { const: "unlimited" }] },
            defaultText: "a tenth of the devices, at least 5; `unlimited` in a stack named `dev`",
            description: "How many devices one run may [cut off](operations.md#the-brake).",
            example: 12,
        },
        {
            name: "rollover",
            ...mapping(),
            default: {},
            description: "What [the gate](operations.md#the-gate) before a CA goes lets through.",
            example: { accept: 2 },
        },
        {
            name: "rollover.accept",
            type: "integer, 0–1000000, or list of IDs",
            schema: {
                anyOf: [
                    integer(0, 1_000_000).schema,
                    { type: "array", items: { type: "string", minLength: 1 }, uniqueItems: true },
                ],
            },
            default: 0,
            description: "Devices that may lose a CA they still depend on, or how many.",
            example: ["pump-07"],
        },
        {
            name: "outputDevices",
            ...list({ type: "string", minLength: 1 }, { uniqueItems: true }),
            type: "list of IDs",
            defaultText: "all if 25 or fewer, else none",
            description: "Devices whose certificates and keys are stack outputs.",
            example: [],
        },
        {
            name: "ci",
            ...mapping(),
            description: "Deployment access for the workflows of a repository; see [`ci`](#ci).",
            example: { repository: "contoso/fleet", subjects: ["environment:prod"] },
        },
        {
            name: "alerts",
            ...mapping(),
            description:
                "Alerts on Azure about certificates that expire; see [`alerts`](#alerts) and [alerts on Azure](inventory.md#alerts-on-azure).",
            example: { emails: ["iot-operations@contoso.com"] },
        },
        {
            name: "shards",
            type: "integer, 1–1000, or `group`",
            schema: { anyOf: [integer(1, 1000).schema, { const: "group" }] },
            description:
                "Number of fleet stacks that hold the devices, or one for each group; see [large fleets](large-fleets.md).",
            example: 20,
        },
        {
            name: "shard",
            ...mapping(),
            description: "Which fleet stack this is. `npm run fleet` writes it; leave it alone.",
            example: { of: "prod", name: "shard-1" },
        },
        {
            name: "shard.of",
            ...text(),
            isRequired: true,
            description: "Name of the platform stack.",
            example: "prod",
        },
        {
            name: "shard.name",
            ...text(),
            isRequired: true,
            description: "Name of the shard.",
            example: "shard-1",
        },
    ],
};

const subject = (workflow: string) => ({
    type: "string" as const,
    pattern: `^(repo:[A-Za-z0-9-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+:)?${workflow}$`,
});

export const ci: SettingsSection = {
    heading: "`ci`",
    prefix: "ci.",
    settings: [
        {
            name: "repository",
            ...text({
                pattern: "^[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?/[A-Za-z0-9._-]{1,100}$",
            }),
            isRequired: true,
            description: "Repository on GitHub, as `owner/name`.",
            example: "contoso/fleet",
        },
        {
            name: "subjects",
            ...list(subject("(ref:refs/(heads|tags)/[^\\s~^:?*[\\\\]+|environment:[^\\s:*]+)"), {
                minItems: 1,
                maxItems: 20,
                uniqueItems: true,
            }),
            type: "list of 1–20",
            isRequired: true,
            description:
                "Subjects of the tokens that may deploy: `ref:refs/heads/BRANCH`, `ref:refs/tags/TAG`, `environment:NAME`; of a repository with immutable subjects as a whole, `repo:OWNER@ID/NAME@ID:…`. Never `pull_request`.",
            example: ["ref:refs/heads/main", "environment:prod"],
        },
        {
            name: "previewSubjects",
            ...list(
                subject(
                    "(ref:refs/(heads|tags)/[^\\s~^:?*[\\\\]+|environment:[^\\s:*]+|pull_request)",
                ),
                { minItems: 1, maxItems: 20, uniqueItems: true },
            ),
            type: "list of 1–20",
            defaultText: "none",
            description:
                "Subjects of the tokens that may preview: these log in to a second application, which can read and nothing else. Also `pull_request`; none that is in `subjects`.",
            example: ["pull_request"],
        },
    ],
};

const secretPart = {
    type: "object",
    required: ["secure"],
    properties: { secure: { type: "string" } },
    additionalProperties: false,
};

export const alerts: SettingsSection = {
    heading: "`alerts`",
    prefix: "alerts.",
    settings: [
        {
            name: "emails",
            ...list(
                { type: "string", pattern: "^[^\\s@]+@[^\\s@]+$" },
                { maxItems: 1000, uniqueItems: true },
            ),
            default: [],
            description: "Mail addresses that alerts are sent to, at most 1,000.",
            example: ["iot-operations@contoso.com"],
        },
        {
            name: "webhooks",
            ...list(
                { anyOf: [{ type: "string", pattern: "^[hH][tT][tT][pP][sS]://" }, secretPart] },
                { maxItems: 10, uniqueItems: true },
            ),
            default: [],
            description:
                "Addresses that alerts are posted to, at most 10, as Azure Monitor's common alert schema. Often a password is part of them: `pulumi config set --secret --path 'iot-x509:alerts.webhooks[0]'`.",
            rule: "`https` only.",
            example: ["https://alerts.contoso.com/iot"],
        },
        {
            name: "days",
            ...list(integer(1, 3650).schema, { minItems: 1, maxItems: 10, uniqueItems: true }),
            type: "list of 1–10 integers",
            default: [30, 14, 7],
            description:
                "Days before expiry: one alert rule for each, and one for what has expired. Also the bands of `npm run expiry`.",
            rule: "1–3650 each.",
            example: [60, 30, 7],
        },
        {
            name: "graceDays",
            ...integer(0, 365),
            default: 1,
            description:
                "How many days a renewal by `up` may be late before it counts as missed: how often `up` runs.",
            example: 7,
        },
    ],
};
