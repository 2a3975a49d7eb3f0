/** What a role allows its holder to do (Azure docs: role-based-access-control/role-definitions). */
export interface RoleDefinition {
    /** GUID, the same in every tenant. */
    readonly name: string;
    readonly roleName: string;
    readonly description: string;
    readonly actions: readonly string[];
    readonly notActions: readonly string[];
    readonly dataActions: readonly string[];
}

/**
 * The built-in roles that are relevant to IoT Hub and its message endpoints (Azure docs:
 * role-based-access-control/built-in-roles).
 */
export const builtInRoles: readonly RoleDefinition[] = [
    {
        name: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        roleName: "Owner",
        description:
            "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
        actions: ["*"],
        notActions: [],
        dataActions: [],
    },
    {
        name: "b24988ac-6180-42a0-ab88-20f7382dd24c",
        roleName: "Contributor",
        description:
            "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.",
        actions: ["*"],
        notActions: [
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ],
        dataActions: [],
    },
    {
        name: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        roleName: "Reader",
        description: "View all resources, but does not allow you to make any changes.",
        actions: ["*/read"],
        notActions: [],
        dataActions: [],
    },
    {
        name: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        roleName: "User Access Administrator",
        description: "Lets you manage user access to Azure resources.",
        actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
        notActions: [],
        dataActions: [],
    },
    {
        name: "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        roleName: "Role Based Access Control Administrator",
        description: "Manage access to Azure resources by assigning roles using Azure RBAC.",
        actions: [
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ],
        notActions: [],
        dataActions: [],
    },
    {
        name: "4fc6c259-987e-4a07-842e-c321cc9d413f",
        roleName: "IoT Hub Data Contributor",
        description: "Allows for full access to IoT Hub data plane operations.",
        actions: [],
        notActions: [],
        dataActions: ["Microsoft.Devices/IotHubs/*"],
    },
    {
        name: "b447c946-2db7-41ec-983d-d8bf3b1c77e3",
        roleName: "IoT Hub Data Reader",
        description: "Allows for full read access to IoT Hub data-plane properties",
        actions: [],
        notActions: [],
        dataActions: [
            "Microsoft.Devices/IotHubs/*/read",
            "Microsoft.Devices/IotHubs/fileUpload/notifications/action",
        ],
    },
    {
        name: "4ea46cd5-c1b2-4a8e-910b-273211f9ce47",
        roleName: "IoT Hub Registry Contributor",
        description: "Allows for full access to IoT Hub device registry.",
        actions: [],
        notActions: [],
        dataActions: ["Microsoft.Devices/IotHubs/devices/*"],
    },
    {
        name: "494bdba2-168f-4f31-a0a1-191d2f7c028c",
        roleName: "IoT Hub Twin Contributor",
        description: "Allows for read and write access to all IoT Hub device and module twins.",
        actions: [],
        notActions: [],
        dataActions: ["Microsoft.Devices/IotHubs/twins/*"],
    },
    {
        name: "dfce44e4-17b7-4bd1-a6d1-04996ec95633",
        roleName: "Device Provisioning Service Data Contributor",
        description: "Allows for full access to Device Provisioning Service data-plane operations.",
        actions: [],
        notActions: [],
        dataActions: ["Microsoft.Devices/provisioningServices/*"],
    },
    {
        name: "2b629674-e913-4c01-ae53-ef4638d8f975",
        roleName: "Azure Event Hubs Data Sender",
        description: "Allows send access to Azure Event Hubs resources.",
        actions: ["Microsoft.EventHub/*/eventhubs/read"],
        notActions: [],
        dataActions: ["Microsoft.EventHub/*/send/action"],
    },
    {
        name: "a638d3c7-ab3a-418d-83e6-5f17a39d4fde",
        roleName: "Azure Event Hubs Data Receiver",
        description: "Allows receive access to Azure Event Hubs resources.",
        actions: ["Microsoft.EventHub/*/eventhubs/consumergroups/read"],
        notActions: [],
        dataActions: ["Microsoft.EventHub/*/receive/action"],
    },
    {
        name: "f526a384-b230-433a-b45c-95f59c4a2dec",
        roleName: "Azure Event Hubs Data Owner",
        description: "Allows for full access to Azure Event Hubs resources.",
        actions: ["Microsoft.EventHub/*"],
        notActions: [],
        dataActions: ["Microsoft.EventHub/*"],
    },
    {
        name: "10745317-c249-44a1-a5ce-3a4353c0bbd8",
        roleName: "Device Provisioning Service Data Reader",
        description:
            "Allows for full read access to Device Provisioning Service data-plane properties.",
        actions: [],
        notActions: [],
        dataActions: ["Microsoft.Devices/provisioningServices/*/read"],
    },
    {
        name: "7f951dda-4ed3-4680-a7ca-adfe43acb172",
        roleName: "AcrPull",
        description: "acr pull",
        actions: ["Microsoft.ContainerRegistry/registries/pull/read"],
        notActions: [],
        dataActions: [],
    },
];

/** Finds a role by its GUID, full ID or name. */
export function findRole(idOrName: string): RoleDefinition | undefined {
    const wanted = (idOrName.split("/").pop() as string).toLowerCase();
    return builtInRoles.find(
        (role) => role.name === wanted || role.roleName.toLowerCase() === wanted,
    );
}
