import { file, integer, list, SettingsSection, text } from "./model";

export const est: SettingsSection = {
    heading: "`est`",
    prefix: "est.",
    settings: [
        {
            name: "graceDays",
            ...integer(0, 3650),
            default: 0,
            description:
                "How long after its end a certificate still gets its device a new one. `0`: never; the device needs a bootstrap.",
            example: 14,
        },
        {
            name: "repeatHours",
            ...integer(1, 720),
            default: 24,
            description:
                "How long a certificate that was renewed may ask again, for a device that lost the answer. Afterwards it renews no second time.",
            example: 48,
        },
        {
            name: "bootstrap",
            ...list({}),
            default: [],
            description: "Where devices of a group get their first certificate from.",
            example: [{ group: "pumps", certificate: "pki/manufacturer.pem" }],
        },
        {
            name: "bootstrap[].group",
            ...text({ pattern: "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$" }),
            isRequired: true,
            description: "Name of the group.",
            rule: "Each group once.",
            example: "pumps",
        },
        {
            name: "bootstrap[].certificate",
            ...file,
            description:
                "PEM of the manufacturer's CA: certificates below it are used once, for the first certificate of the device that they name.",
            example: "pki/manufacturer.pem",
        },
        {
            name: "bootstrap[].secrets",
            ...file,
            description:
                "[Table of one-time secrets](est.md#one-time-secrets), with the columns `device`, `sha256`, `expires`.",
            example: "devices/prod/secrets.csv",
        },
    ],
    mappings: { "bootstrap[]": "The first certificates of a group." },
    rules: {
        "bootstrap[]": [{ anyOf: [{ required: ["certificate"] }, { required: ["secrets"] }] }],
    },
};
