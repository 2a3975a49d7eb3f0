import { IotHubClient } from "@azure/arm-iothub";
import type { ConfigureRequest } from "@pulumi/pulumi/dynamic";
import { strict as assert } from "assert";
import { configureAzure } from "../../components/azure/clients";
import { AzureError } from "../../components/azure/client";
import { lastingRefusal } from "../../components/azure/lastingRefusal";
import { shared } from "../support/emulator";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";

const group = "rg-lasting-refusal";
const hub = "iot-lasting-refusal";
const role = "IoT Hub Data Contributor";
const unauthorized = new AzureError(401, "IotHubUnauthorizedAccess", "Unauthorized");
const withoutRole = new AzureError(401, "IotHubUnauthorized", "Principal x is not authorized");

interface Principal {
    readonly appId: string;
    readonly secret: string;
}

describe("why a hub refuses a login, according to Resource Manager", function () {
    this.timeout(60_000);
    const { manage, subscriptionId } = shared();
    const scope = `/subscriptions/${subscriptionId}`;
    const hubId = `${scope}/resourceGroups/${group}/providers/Microsoft.Devices/IotHubs/${hub}`;
    let arm: IotHubClient;

    before(async () => {
        arm = iotHubClient();
        await makeHub(arm, group, hub);
        const { appId, secret } = await manage<Principal>("POST", "/principals", {
            roles: [{ role: "Reader", scope }],
        });
        const settings: Readonly<Record<string, string>> = {
            "azure-native:clientId": appId,
            "azure-native:clientSecret": secret,
        };
        const config = { get: (name: string) => settings[name] };
        configureAzure({ config } as unknown as ConfigureRequest);
    });

    after(() => dropGroup(arm, group));

    async function network(properties: object): Promise<void> {
        const { location, sku } = await arm.iotHubResource.get(group, hub);
        await arm.iotHubResource.beginCreateOrUpdateAndWait(group, hub, {
            location,
            sku,
            properties,
        });
    }

    it("unknown for a hub without network rules and a login without the role", async () => {
        assert.equal(await lastingRefusal(hubId, role, unauthorized), undefined);
        assert.equal(await lastingRefusal("the hub x", role, unauthorized), undefined);
    });

    it("its public network access is disabled, unless the refusal is about roles", async () => {
        await network({ publicNetworkAccess: "Disabled" });
        const words = /^its public network access is disabled: run this where its private endpoint/;
        assert.match((await lastingRefusal(hubId, role, unauthorized)) ?? "", words);
        assert.equal(await lastingRefusal(hubId, role, withoutRole), undefined);
    });

    it("its IP rules accept only others", async () => {
        const ipRules = [{ filterName: "office", action: "Allow", ipMask: "10.1.0.0/16" }];
        const networkRuleSets = {
            defaultAction: "Deny",
            applyToBuiltInEventHubEndpoint: false,
            ipRules,
        };
        await network({ publicNetworkAccess: "Enabled", networkRuleSets });
        assert.match(
            (await lastingRefusal(hubId, role, unauthorized)) ?? "",
            /^its IP rules accept only 10\.1\.0\.0\/16: add this machine's public address/,
        );
    });
});
