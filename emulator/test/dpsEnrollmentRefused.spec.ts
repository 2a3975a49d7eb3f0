import { chain, issue } from "../../test/support/pki";
import {
    addEnrollment,
    addGroup,
    leaves,
    link,
    references,
} from "../../test/support/provisioningService";
import { describeRefusedRegistrations } from "../../test/support/provisioningTrial";

describeRefusedRegistrations("refused registrations: enrollment and hub", [
    {
        reason: "enrollmentDisabled",
        name: "a disabled group",
        detail: /enrollment group "factory" is disabled/,
        status: 200,
        attempt: ({ service }) => {
            addGroup(service, "factory", references("factory"), { provisioningStatus: "disabled" });
            return {};
        },
    },
    {
        reason: "enrollmentDisabled",
        name: "a disabled individual enrollment under an enabled group",
        detail: /individual enrollment "device-1" is disabled/,
        status: 200,
        attempt: async ({ service, factory }, id) => {
            const leaf = await issue(factory, { commonName: id });
            addEnrollment(service, id, leaves(leaf), { provisioningStatus: "disabled" });
            return { leaf, chain: chain(leaf, factory) };
        },
    },
    {
        reason: "hubNotFound",
        name: "no linked hub",
        detail: /no linked hub/,
        status: 200,
        errorCode: 401001,
        attempt: ({ service }) => {
            service.linkedHubs = [];
            return {};
        },
    },
    {
        reason: "hubNotFound",
        name: "linked hubs that were deleted",
        detail: /no linked hub/,
        status: 200,
        errorCode: 401001,
        attempt: ({ emulator, first, second }) => {
            emulator.emulator.context.hubs.remove(first);
            emulator.emulator.context.hubs.remove(second);
            return {};
        },
    },
    {
        reason: "hubNotFound",
        name: "a static hub that is not linked",
        detail: /third\.azure-devices\.net is not linked/,
        status: 200,
        errorCode: 401001,
        attempt: ({ service }) => {
            const changes = {
                allocationPolicy: "static",
                iotHubHostName: "third.azure-devices.net",
            } as const;
            addGroup(service, "factory", references("factory"), changes);
            return {};
        },
    },
    {
        reason: "linkedHubUnauthorized",
        name: "a connection string whose key was renewed on the hub",
        detail: /key of policy "provisioning" in the connection string does not match the hub's/,
        status: 200,
        errorCode: 401002,
        attempt: ({ service, first }) => {
            const text =
                `HostName=${first.hostName};SharedAccessKeyName=provisioning;` +
                `SharedAccessKey=${Buffer.from("old").toString("base64")}`;
            service.linkedHubs = [link(first, { connectionString: text })];
            return {};
        },
    },
    {
        reason: "linkedHubUnauthorized",
        name: "a shared access policy without the right to write",
        detail: /policy "registryRead" lacks RegistryWrite and ServiceConnect/,
        status: 200,
        errorCode: 401002,
        attempt: ({ service, first }) => {
            const reader = first.policies.find(({ keyName }) => keyName === "registryRead");
            const text =
                `HostName=${first.hostName};SharedAccessKeyName=registryRead;` +
                `SharedAccessKey=${reader?.primaryKey}`;
            service.linkedHubs = [link(first, { connectionString: text })];
            return {};
        },
    },
    {
        reason: "linkedHubUnauthorized",
        name: "a hub with shared access policies switched off",
        detail: /disableLocalAuth/,
        status: 200,
        errorCode: 401002,
        attempt: ({ first, second }) => {
            first.properties.disableLocalAuth = true;
            second.properties.disableLocalAuth = true;
            return {};
        },
    },
    {
        reason: "initialTwinInvalid",
        name: "an initial twin that no hub takes",
        detail: /the hub refuses the enrollment's settings/,
        status: 200,
        errorCode: 400004,
        attempt: ({ service }) => {
            const desired = { text: "x".repeat(40_000) };
            addGroup(service, "factory", references("factory"), {
                initialTwin: { properties: { desired } },
            });
            return {};
        },
    },
]);
