import { deepStrictEqual, ok, strictEqual } from "assert";
import { EnvironmentCredential } from "@azure/identity";
import { IotHubClient } from "@azure/arm-iothub";
import { shared } from "../support/emulator";
import { AzureCli } from "../support/azureCli";
import { dropGroup, iotHubClient, makeHub } from "../support/iotHubClient";

/** What `npm run check` reads, read by Azure's own clients. */
describe("the calls of npm run check", function () {
    this.timeout(300_000);
    let az: AzureCli;

    before(async function () {
        az = await AzureCli.login(this);
    });

    after(async () => {
        await dropGroup(iotHubClient(), "check-judges");
        await az?.remove();
    });

    it("az provider registers, unregisters and shows another namespace", async () => {
        const state = () =>
            az.json<string>(
                "provider show --namespace Microsoft.Storage --query registrationState",
            );
        // Another test of these may have registered it on the emulator that they share.
        await az.bash("az provider unregister --namespace Microsoft.Storage");
        strictEqual(await state(), "NotRegistered");
        await az.bash("az provider register --namespace Microsoft.Storage --wait");
        strictEqual(await state(), "Registered");
        await az.bash("az provider unregister --namespace Microsoft.Storage");
        strictEqual(await state(), "NotRegistered");
    });

    it("@azure/arm-iothub: usages and a name's availability", async () => {
        const client = new IotHubClient(new EnvironmentCredential(), shared().subscriptionId);
        await makeHub(client, "check-judges", "check-judges-hub", "F1");
        const { value = [] } = await client.resourceProviderCommon.getSubscriptionQuota();
        const free = value.find(({ name }) => name?.value === "FreeHubCount");
        deepStrictEqual([free?.currentValue, free?.limit], [1, 1]);
        const taken = await client.iotHubResource.checkNameAvailability({
            name: "check-judges-hub",
        });
        deepStrictEqual([taken.nameAvailable, taken.reason], [false, "AlreadyExists"]);
    });

    it("az rest: the caller's permissions on the subscription", async () => {
        const { value } = await az.json<{ value: { actions: string[] }[] }>(
            `rest --method get --url "/subscriptions/${shared().subscriptionId}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"`,
        );
        ok(value.some(({ actions }) => actions.includes("*")));
    });
});
