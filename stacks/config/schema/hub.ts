import {
    exactNamePattern,
    partPattern,
    prefixPattern,
} from "../../../components/inputs/resourceNames";
import { choice, exclusive, flag, integer, mapping, SettingsSection, text } from "./model";

export const hub: SettingsSection = {
    heading: "`hub`",
    prefix: "hub.",
    settings: [
        {
            name: "name",
            ...text({ pattern: exactNamePattern(50).source }),
            description: "Exact name of the hub. Excludes `prefix`.",
            rule: "3–50 letters, digits or hyphens; no hyphen at either end; free in all of Azure.",
            example: "contoso-iot-prod",
        },
        {
            name: "prefix",
            ...text({ pattern: prefixPattern(40).source }),
            default: "iot",
            description: "Start of the hub's name; a hyphen and six random characters follow.",
            rule: "1–40 letters, digits or hyphens; does not start with a hyphen.",
            example: "iot-dev",
        },
        {
            name: "sku",
            ...choice("F1", "S1", "S2", "S3"),
            default: "S1",
            description: "Tier of the hub. The Basic tiers have no device twins.",
            example: "S2",
        },
        {
            name: "units",
            ...integer(1, 200),
            default: 1,
            description:
                "Units of the tier. They multiply the daily messages and the registry's rate limit.",
            rule: "At most 1 for F1, 10 for S3.",
            example: 4,
        },
        {
            name: "minTlsVersion",
            type: '`"1.2"`',
            schema: { enum: ["1.2", 1.2] },
            default: "1.2",
            description: "Lowest TLS version that the hub accepts. Fixed when the hub is created.",
            example: "1.2",
        },
        {
            name: "localAuth",
            ...flag,
            default: false,
            description:
                "Whether shared access keys work. `false` disables them for services and devices.",
            example: true,
        },
        {
            name: "dataRole",
            ...choice("assign", "existing"),
            default: "assign",
            description:
                "`assign` grants *IoT Hub Data Contributor* on the hub to the first deployer; `existing` expects the role to be granted elsewhere.",
            example: "existing",
        },
        {
            name: "roleWaitSeconds",
            ...integer(0, 900),
            default: 600,
            description: "How long a run waits for that role to take effect.",
            example: 300,
        },
        {
            name: "strict",
            ...flag,
            default: false,
            description:
                "Whether CAs and devices on the hub, and enrollment groups of the provisioning service, that this stack did not declare fail the run. Otherwise a warning names them.",
            example: true,
        },
        {
            name: "routes",
            ...mapping({
                maxProperties: 10,
                propertyNames: { pattern: partPattern.source },
                additionalProperties: {
                    type: "object",
                    required: ["eventHub"],
                    properties: {
                        eventHub: { type: "object" },
                        source: { type: "string" },
                        condition: { type: "string" },
                        readers: { type: "object" },
                    },
                    additionalProperties: false,
                },
            }),
            defaultText: "none",
            description: "Messages to Event Hubs, by name: [telemetry](telemetry.md).",
            example: { telemetry: { eventHub: {} } },
        },
        {
            name: "routeWaitSeconds",
            ...integer(0, 900),
            default: 120,
            description:
                "How long the role of the routes' identity is given before the hub uses it.",
            example: 180,
        },
    ],
    rules: { "": [exclusive("name", "prefix")] },
};
