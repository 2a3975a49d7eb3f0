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
            name: "identityCertificates",
            ...list({ type: "string", pattern: "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$" }),
            default: [],
            description:
                "Groups whose devices have a certificate for this service beside the one for their hub, as [IoT Edge](renewal.md#iot-edge) has. Such a device may have two that are not due for renewal, and either gets it either.",
            example: ["pumps"],
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
        {
            name: "container.image",
            ...text({
                pattern:
                    "^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9_.-]{1,128}|@sha256:[0-9a-f]{64})$",
            }),
            isRequired: true,
            description:
                "[Image](est-on-azure.md#the-image) of the service, with its registry and a tag or digest.",
            example: "contoso.azurecr.io/iot-x509-est:1.0",
        },
        {
            name: "container.dnsLabel",
            ...text({ pattern: "^[a-z][a-z0-9-]{3,61}[a-z0-9]$" }),
            isRequired: true,
            description: "First part of the service's DNS name, `LABEL.REGION.azurecontainer.io`.",
            example: "contoso-est",
        },
        {
            name: "container.registry",
            ...text({
                pattern:
                    "^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.ContainerRegistry/registries/[A-Za-z0-9]{5,50}$",
            }),
            description:
                "Resource ID of the Azure container registry that holds the image; the service's identity may then pull from it. Default: the image is public.",
            example:
                "/subscriptions/5f1f6b1d-2e0c-4a53-9f0b-8d3cbf0a7d11/resourceGroups/rg-images/providers/Microsoft.ContainerRegistry/registries/contoso",
        },
        {
            name: "container.cpu",
            ...integer(1, 4),
            default: 1,
            description: "CPU cores.",
            example: 2,
        },
        {
            name: "container.memoryGb",
            ...integer(1, 16),
            default: 1,
            description: "Memory in GB.",
            example: 2,
        },
    ],
    mappings: {
        "bootstrap[]": "The first certificates of a group.",
        container: "The service as a container group on Azure.",
    },
    rules: {
        "bootstrap[]": [{ anyOf: [{ required: ["certificate"] }, { required: ["secrets"] }] }],
    },
};
