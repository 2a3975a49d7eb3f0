import { randomUUID } from "crypto";
import { Login } from "../support/armWire";
import { answers, Broken, holding, location, makeHub, unregister } from "./brokenPrecondition";

/** A login that cannot be used, or that lacks what a first up needs. */
export const brokenPermissions: readonly Broken[] = [
    {
        name: "a wrong secret",
        environment: { ARM_CLIENT_SECRET: "wrong" },
        check: "login",
        severity: "error",
        text: /AADSTS7000215/,
        remedy: /ARM_CLIENT_SECRET/,
        status: 1,
    },
    {
        name: "a login that is incomplete",
        environment: { ARM_TENANT_ID: "" },
        check: "login",
        severity: "error",
        text: /incomplete/,
        remedy: /./,
        status: 1,
    },
    {
        name: "a subscription that the login cannot see",
        environment: { ARM_SUBSCRIPTION_ID: randomUUID() },
        check: "subscription",
        severity: "error",
        text: /cannot see \/subscriptions\//,
        remedy: /az account set --subscription/,
        status: 1,
    },
    {
        name: "a subscription of another tenant",
        break: async (wire) => {
            const body = { displayName: "far", state: "Enabled", tenantId: randomUUID() };
            await answers(wire, "/subscriptions/[^/]+\\?", body);
        },
        check: "subscription",
        severity: "error",
        text: /belongs to tenant .*, but the login to/,
        remedy: /ARM_TENANT_ID/,
        status: 1,
    },
    {
        name: "a disabled subscription",
        break: async (wire) => {
            const { tenantId } = wire.azure.emulator.deployer;
            const body = { displayName: "old", state: "Disabled", tenantId };
            await answers(wire, "/subscriptions/[^/]+\\?", body);
        },
        check: "subscription",
        severity: "error",
        text: /"old" is Disabled/,
        remedy: /reactivate/,
        status: 1,
    },
    {
        name: "a login without any role",
        break: (wire) => wire.principal(),
        check: "subscription",
        severity: "unchecked",
        text: /AuthorizationFailed/,
        remedy: /Reader/,
        status: 3,
    },
    {
        name: "an unregistered provider, which this login may register",
        break: async (wire) => void (await unregister(wire)),
        check: "providers",
        severity: "warning",
        text: /Microsoft.Devices is NotRegistered; azure-native registers it/,
        remedy: /^az provider register --namespace Microsoft.Devices --wait$/,
        status: 0,
    },
    {
        name: "an unregistered provider, which it may not register",
        break: async (wire) => {
            await unregister(wire);
            return holding("Reader")(wire);
        },
        check: "providers",
        severity: "error",
        text: /may not register it \(Microsoft.Devices\/register\/action\)/,
        remedy: /ask a Contributor/,
        status: 1,
    },
    {
        name: "a Contributor who is to grant roles",
        break: holding("Contributor"),
        check: "roles",
        severity: "error",
        text: /may not grant roles .*roleAssignments\/write.*hub.dataRole is assign/,
        remedy: /Role Based Access Control Administrator.*hub.dataRole to existing/,
        status: 1,
    },
    {
        name: "a Reader",
        settings: { hub: { dataRole: "existing" } },
        break: holding("Reader", "IoT Hub Data Contributor"),
        check: "roles",
        severity: "error",
        text: /may not Microsoft.Resources\/subscriptions\/resourceGroups\/write, .*IotHubs\/write/,
        remedy: /^az role assignment create --role Contributor --assignee-object-id/,
        status: 1,
    },
    {
        name: "a Contributor of the group, when the group must be created",
        settings: { resourceGroupName: "mine" },
        break: async (wire) => {
            await wire.arm("PUT", "/resourceGroups/mine", { body: { location } });
            const scope = `${wire.subscription}/resourceGroups/mine`;
            return wire.principal(
                { role: "IoT Hub Data Reader", scope },
                { role: "Reader", scope: wire.subscription },
            );
        },
        check: "roles",
        severity: "error",
        text: /on \/subscriptions\/.*\/resourceGroups\/mine/,
        remedy: /--scope \/subscriptions\/.*\/resourceGroups\/mine/,
        status: 1,
    },
    {
        name: "a hub whose devices the login may not change",
        settings: { hub: { name: "my-hub", dataRole: "existing" }, resourceGroupName: "mine" },
        break: async (wire) => {
            await makeHub(wire, "mine", "my-hub");
            return holding("Owner")(wire);
        },
        check: "data roles",
        severity: "error",
        text: /no role for the hub's devices on .*\/IotHubs\/my-hub/,
        remedy: /--role 'IoT Hub Data Contributor' .*\/IotHubs\/my-hub/,
        status: 1,
    },
    {
        name: "a hub whose devices it may only read",
        settings: { hub: { dataRole: "existing" } },
        break: holding("Contributor", "IoT Hub Data Reader"),
        check: "data roles",
        severity: "error",
        text: /no role for the hub's devices/,
        remedy: /hub.dataRole to assign/,
        status: 1,
    },
    {
        name: "a provisioning service whose enrollments it may not change",
        settings: { hub: { dataRole: "existing" }, dps: {} },
        break: holding("Contributor", "IoT Hub Data Contributor"),
        check: "data roles",
        severity: "error",
        text: /no role for the provisioning service's enrollments/,
        remedy: /'Device Provisioning Service Data Contributor'/,
        status: 1,
    },
    {
        name: "a CI application that the login may not make",
        settings: { ci: { repository: "contoso/fleet", subjects: ["ref:refs/heads/main"] } },
        break: async (wire) =>
            wire.azure.manage<Login>("POST", "/principals", {
                roles: [{ role: "Owner", scope: wire.subscription }],
                graphRights: ["Application.Read.All"],
            }),
        check: "directory",
        severity: "error",
        text: /no Graph permission/,
        remedy: /Application.ReadWrite.OwnedBy/,
        status: 1,
    },
    {
        name: "a CI application for which roles cannot be granted",
        settings: {
            hub: { dataRole: "existing" },
            ci: { repository: "contoso/fleet", subjects: ["ref:refs/heads/main"] },
        },
        break: holding("Contributor", "IoT Hub Data Contributor"),
        check: "roles",
        severity: "error",
        text: /may not grant roles .*iot-x509:ci needs it/,
        remedy: /Role Based Access Control Administrator/,
        status: 1,
    },
];
