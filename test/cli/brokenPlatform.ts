import { randomUUID } from "crypto";
import { hubsOf } from "../support/armWire";
import {
    answers,
    Broken,
    holding,
    location,
    makeHub,
    makeService,
    servicesOf,
    unregister,
} from "./brokenPrecondition";

const linkedHub = `/subscriptions/${randomUUID()}/resourceGroups/g/${hubsOf}/far-hub`;

/** A group, region, name, quota or hub that makes a first up fail. */
export const brokenPlatform: readonly Broken[] = [
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
