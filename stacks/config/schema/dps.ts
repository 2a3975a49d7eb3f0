import {
    exactNamePattern,
    prefixPattern,
    regionPattern,
} from "../../../components/inputs/resourceNames";
import { choice, exclusive, flag, integer, list, SettingsSection, text } from "./model";

export const dps: SettingsSection = {
    heading: "`dps`",
    prefix: "dps.",
    settings: [
        {
            name: "name",
            ...text({ pattern: exactNamePattern(64).source }),
            description: "Exact name of the service. Excludes `prefix`.",
            rule: "3–64 letters, digits or hyphens; no hyphen at either end; free in all of Azure.",
            example: "contoso-dps-prod",
        },
        {
            name: "prefix",
            ...text({ pattern: prefixPattern(50).source }),
            default: "iot-dps",
            description: "Start of the service's name; a hyphen and six random characters follow.",
            rule: "1–50 letters, digits or hyphens; does not start with a hyphen.",
            example: "dps-dev",
        },
        {
            name: "units",
            ...integer(1, 200),
            default: 1,
            description: "Units of tier S1.",
            example: 1,
        },
        {
            name: "allocationPolicy",
            ...choice("Hashed", "GeoLatency", "Static"),
            default: "Hashed",
            description:
                "How the service chooses among its linked hubs. `Custom` is refused: it needs an Azure Function.",
            example: "GeoLatency",
        },
        {
            name: "weight",
            ...integer(0, 1000),
            default: 1,
            description: "Allocation weight of the stack's own hub.",
            example: 10,
        },
        {
            name: "linkedHubs",
            ...list({}, { maxItems: 49 }),
            default: [],
            description: "Hubs of other stacks that devices may be assigned to, at most 49.",
            example: [
                {
                    id: "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-iot-us/providers/Microsoft.Devices/IotHubs/iot-us",
                    location: "eastus",
                },
            ],
        },
        {
            name: "linkedHubs[].id",
            ...text({
                pattern:
                    "^/[^/]+/[0-9A-Fa-f-]{36}/[^/]+/[^/\\s]{1,90}/[^/]+/[^/]+/[^/]+/[A-Za-z0-9-]{3,50}$",
            }),
            isRequired: true,
            description: "Resource ID of the hub (`az iot hub show --name NAME --query id`).",
            rule: "Each hub once.",
            example:
                "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-iot-us/providers/Microsoft.Devices/IotHubs/iot-us",
        },
        {
            name: "linkedHubs[].location",
            ...text({ pattern: regionPattern.source }),
            isRequired: true,
            description: "Region of the hub in its short form.",
            example: "eastus",
        },
        {
            name: "linkedHubs[].policy",
            ...text({ pattern: "^[A-Za-z0-9!._-]{1,64}$" }),
            default: "iot-x509-dps",
            description:
                "Shared access policy of the hub that has the rights RegistryWrite and ServiceConnect.",
            example: "iot-x509-dps",
        },
        {
            name: "linkedHubs[].weight",
            ...integer(0, 1000),
            default: 1,
            description: "Allocation weight of the hub.",
            example: 5,
        },
        {
            name: "reserveIds",
            ...flag,
            default: false,
            description:
                "Whether each listed device with a certificate gets a disabled enrollment, so that the CA of another group cannot register its ID.",
            example: true,
        },
    ],
    mappings: { "linkedHubs[]": "A hub of another stack." },
    rules: { "": [exclusive("name", "prefix")] },
};
