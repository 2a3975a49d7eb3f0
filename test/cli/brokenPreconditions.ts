import { strict as assert } from "assert";
import { randomUUID } from "crypto";
import { ArmWire, hubsOf, Login } from "../support/armWire";
import { Raw } from "../unit/stacks/config/configSupport";

const location = "westeurope";
const servicesOf = "providers/Microsoft.Devices/provisioningServices";

/** A precondition that is broken, and how the command tells it. */
interface Broken {
    readonly name: string;
    readonly settings?: Raw | ((wire: ArmWire) => Raw);
    readonly native?: Raw;
    readonly environment?: NodeJS.ProcessEnv;
    /** Breaks it; may give the login that is used. */
    readonly break?: (wire: ArmWire) => Promise<Login | void>;
    readonly check: string;
    readonly severity: "error" | "warning" | "unchecked";
    readonly text: RegExp;
    readonly remedy: RegExp;
    readonly status: number;
}

async function makeHub(
    wire: ArmWire,
    group: string,
    name: string,
    sku: { name: string; capacity: number } = { name: "S1", capacity: 1 },
): Promise<void> {
    await wire.arm("PUT", `/resourceGroups/${group}`, { body: { location } });
    const path = `/resourceGroups/${group}/${hubsOf}/${name}`;
    assert.equal((await wire.arm("PUT", path, { body: { location, sku } })).status, 201);
}

async function makeService(wire: ArmWire, group: string, name: string): Promise<void> {
    await wire.arm("PUT", `/resourceGroups/${group}`, { body: { location } });
    const path = `/resourceGroups/${group}/${servicesOf}/${name}?api-version=2022-12-12`;
    const body = { location, sku: { name: "S1", capacity: 1 }, properties: {} };
    assert.equal((await wire.arm("PUT", path, { body })).status, 201);
}

const unregister = (wire: ArmWire) =>
    wire.arm("POST", "/providers/Microsoft.Devices/unregister", {});

/** Who holds these roles on the subscription. */
export const holding =
    (...roles: string[]) =>
    (wire: ArmWire) =>
        wire.principal(...roles.map((role) => ({ role, scope: wire.subscription })));

const linkedHub = `/subscriptions/${randomUUID()}/resourceGroups/g/${hubsOf}/far-hub`;

export const broken: readonly Broken[] = [
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
        name: "a name that cannot be asked for, because the provider is not registered",
        settings: { hub: { name: "some-hub" } },
        break: async (wire) => void (await unregister(wire)),
        check: "names",
        severity: "unchecked",
        text: /before Microsoft.Devices is registered/,
        remedy: /register it/,
        status: 3,
    },
    {
        name: "an existing resource group that does not exist",
        settings: { resourceGroup: "existing", resourceGroupName: "missing" },
        check: "group",
        severity: "error",
        text: /no resource group "missing"/,
        remedy: /^az group create --name missing --location westeurope/,
        status: 1,
    },
    {
        name: "a resource group to create that already exists",
        settings: { resourceGroupName: "taken" },
        break: async (wire) =>
            void (await wire.arm("PUT", "/resourceGroups/taken", { body: { location } })),
        check: "group",
        severity: "warning",
        text: /"taken" already exists/,
        remedy: /resourceGroup to existing/,
        status: 0,
    },
    {
        name: "a region without hubs",
        settings: { location: "antarctica" },
        check: "regions",
        severity: "error",
        text: /antarctica does not offer an IoT hub/,
        remedy: /one of australiaeast,/,
        status: 1,
    },
    {
        name: "a region without provisioning services",
        settings: { dps: {}, location: "chilecentral" },
        break: (wire) =>
            answers(wire, "/subscriptions/[^/]+/providers/Microsoft.Devices\\?", {
                registrationState: "Registered",
                resourceTypes: [
                    { resourceType: "IotHubs", locations: ["Chile Central"] },
                    { resourceType: "ProvisioningServices", locations: ["West Europe"] },
                ],
            }),
        check: "regions",
        severity: "error",
        text: /chilecentral does not offer a provisioning service/,
        remedy: /one of westeurope/,
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
    {
        name: "a hub's name that another group has",
        settings: { hub: { name: "Their-Hub" }, resourceGroupName: "mine" },
        break: (wire) => makeHub(wire, "theirs", "their-hub"),
        check: "names",
        severity: "error",
        text: /"Their-Hub" belongs to a hub .*in the resource group "theirs"/,
        remedy: /another iot-x509:hub.name/,
        status: 1,
    },
    {
        name: "a hub's name that somebody in Azure has",
        settings: { hub: { name: "worlds-hub" } },
        break: async (wire) => {
            await makeHub(wire, "elsewhere", "worlds-hub");
            await answers(wire, `/subscriptions/[^/]+/${hubsOf}\\?`, { value: [] });
        },
        check: "names",
        severity: "error",
        text: /"worlds-hub" is not available for a hub: IotHub name 'worlds-hub' is not available/,
        remedy: /hub.prefix/,
        status: 1,
    },
    {
        name: "a provisioning service's name that somebody in Azure has",
        settings: { dps: { name: "worlds-dps" } },
        break: async (wire) => {
            await makeService(wire, "elsewhere", "worlds-dps");
            await answers(wire, `/subscriptions/[^/]+/${servicesOf}\\?`, { value: [] });
        },
        check: "names",
        severity: "error",
        text: /"worlds-dps" is not available for a provisioning service/,
        remedy: /dps.prefix/,
        status: 1,
    },
    {
        name: "a hub that already exists",
        settings: { hub: { name: "my-hub" }, resourceGroupName: "mine" },
        break: (wire) => makeHub(wire, "mine", "my-hub"),
        check: "names",
        severity: "warning",
        text: /"my-hub" already exists/,
        remedy: /docs\/check.md/,
        status: 0,
    },
    {
        name: "a second free hub",
        settings: { hub: { sku: "F1" } },
        break: (wire) => makeHub(wire, "mine", "free-hub", { name: "F1", capacity: 1 }),
        check: "quotas",
        severity: "error",
        text: /1 of 1 FreeHubCount/,
        remedy: /paid iot-x509:hub.sku/,
        status: 1,
    },
    {
        name: "a fifty-first hub",
        break: async (wire) => {
            for (let index = 0; index < 50; index++) {
                await makeHub(wire, "many", `hub-${index}`);
            }
        },
        check: "quotas",
        severity: "error",
        text: /50 of 50 hubs/,
        remedy: /Azure support/,
        status: 1,
    },
    {
        name: "an eleventh provisioning service",
        settings: { dps: {} },
        break: async (wire) => {
            for (let index = 0; index < 10; index++) {
                await makeService(wire, "many", `dps-${index}`);
            }
        },
        check: "quotas",
        severity: "error",
        text: /10 of 10 provisioning services/,
        remedy: /Azure support/,
        status: 1,
    },
    {
        name: "a hub that cannot become the tier that is wanted",
        settings: { hub: { name: "my-hub", sku: "S1" }, resourceGroupName: "mine" },
        break: (wire) => makeHub(wire, "mine", "my-hub", { name: "F1", capacity: 1 }),
        check: "tiers",
        severity: "error",
        text: /"my-hub" is F1 and cannot become S1/,
        remedy: /one of F1/,
        status: 1,
    },
    {
        name: "more devices than a free hub takes",
        settings: {
            hub: { sku: "F1" },
            groups: { pumps: {} },
            devices: Array.from({ length: 501 }, (_, index) => ({
                id: `d-${index}`,
                group: "pumps",
            })),
        },
        check: "tiers",
        severity: "error",
        text: /holds 500 devices, but the settings declare 501/,
        remedy: /sku to S1/,
        status: 1,
    },
    {
        name: "a linked hub that does not exist",
        settings: {
            dps: { linkedHubs: [{ id: linkedHub, location }] },
        },
        check: "linked hubs",
        severity: "error",
        text: /far-hub does not exist/,
        remedy: /dps.linkedHubs/,
        status: 1,
    },
    {
        name: "a linked hub whose devices the login may not change",
        settings: ({ subscription }) => ({
            dps: {
                linkedHubs: [
                    { id: `${subscription}/resourceGroups/far/${hubsOf}/near-hub`, location },
                ],
            },
        }),
        break: async (wire) => {
            await makeHub(wire, "far", "near-hub");
            return holding("Owner")(wire);
        },
        check: "linked hubs",
        severity: "warning",
        text: /no role for the devices of the linked hub .*near-hub: none can be cut off there/,
        remedy: /--role 'IoT Hub Data Contributor' .*\/near-hub/,
        status: 0,
    },
    {
        name: "an encrypted region",
        settings: { location: { secure: "AAAA" } },
        check: "regions",
        severity: "unchecked",
        text: /location is encrypted/,
        remedy: /pulumi config set/,
        status: 3,
    },
];

/** What the emulator would never say by itself. */
async function answers(wire: ArmWire, path: string, body: unknown): Promise<void> {
    await wire.azure.manage("POST", "/faults", {
        method: "GET",
        path: `^${path}`,
        status: 200,
        body,
    });
}
