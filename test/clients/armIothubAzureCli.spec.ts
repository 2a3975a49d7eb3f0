import { deepStrictEqual, match, ok, rejects, strictEqual } from "assert";
import { promises as fs } from "fs";
import * as path from "path";
import { AzureCli } from "../support/azureCli";
import { shared } from "../support/emulator";
import { OpenSsl } from "../support/openssl";

interface Certificate {
    readonly name: string;
    readonly etag: string;
    readonly properties: { readonly isVerified: boolean };
}

describe("az: account, groups, hubs, certificates, role assignments", function () {
    this.timeout(300_000);
    let az: AzureCli;
    let openssl: OpenSsl | undefined;

    before(async function () {
        az = await AzureCli.login(this);
        openssl = await OpenSsl.create();
    });

    after(async () => {
        await openssl?.remove();
        await az?.remove();
    });

    it("account list and show name the subscription", async () => {
        const { subscriptionId, tenantId } = shared();
        const [account] =
            await az.json<{ id: string; tenantId: string; state: string }[]>(
                "account list --refresh",
            );
        strictEqual(account.id, subscriptionId);
        strictEqual(account.tenantId, tenantId);
        strictEqual((await az.json<{ id: string }>("account show")).id, subscriptionId);
    });

    it("regions, tenants and the resource provider", async () => {
        const regions = await az.json<{ name: string }[]>("account list-locations");
        ok(regions.some(({ name }) => name === "westeurope"));
        const tenants = await az.json<{ value: { tenantId: string }[] }>(
            "rest --method get --url '/tenants?api-version=2022-12-01'",
        );
        strictEqual(tenants.value[0].tenantId, shared().tenantId);
        const provider = await az.json<{ registrationState: string }>(
            "provider show --namespace Microsoft.Devices",
        );
        strictEqual(provider.registrationState, "Registered");
        await az.bash("az provider register --namespace Microsoft.Storage --wait");
    });

    it("group create, list and show", async () => {
        await az.json("group create --name az-tests --location 'North Europe' --tags a=b");
        const groups = await az.json<{ name: string; location: string }[]>("group list");
        const group = groups.find(({ name }) => name === "az-tests");
        strictEqual(group?.location, "northeurope");
    });

    it("iot hub create, show, list and update", async () => {
        const made = await az.json<{ properties: { state: string; hostName: string } }>(
            "iot hub create --name az-test-hub --resource-group az-tests --sku S1 --mintls 1.2",
        );
        strictEqual(made.properties.state, "Active");
        const shown = await az.json<{ properties: { hostName: string; minTlsVersion: string } }>(
            "iot hub show --name az-test-hub",
        );
        strictEqual(shown.properties.hostName, "az-test-hub.azure-devices.net");
        strictEqual(shown.properties.minTlsVersion, "1.2");
        const listed = await az.json<{ name: string }[]>("iot hub list -g az-tests");
        deepStrictEqual(
            listed.map(({ name }) => name),
            ["az-test-hub"],
        );
        const updated = await az.json<{ sku: { capacity: number } }>(
            "iot hub update --name az-test-hub --set sku.capacity=2 tags.owner=me",
        );
        strictEqual(updated.sku.capacity, 2);
    });

    it("iot hub certificate create --verified, list, update and delete", async () => {
        ok(openssl);
        const hub = "--hub-name az-test-hub";
        for (const name of ["one", "two"]) {
            const { certificate } = await openssl.selfSigned(`CA ${name}`);
            await fs.writeFile(path.join(az.home, `${name}.pem`), certificate);
        }
        await az.json(`iot hub certificate create ${hub} --name ca --path one.pem --verified true`);
        const { value } = await az.json<{ value: Certificate[] }>(
            `iot hub certificate list ${hub}`,
        );
        strictEqual(value[0].properties.isVerified, true);
        await rejects(
            az.bash(`az iot hub certificate update ${hub} -n ca --path two.pem --etag stale`),
            /412001/,
        );
        const updated = await az.json<Certificate>(
            `iot hub certificate update ${hub} -n ca --path two.pem --etag '${value[0].etag}'`,
        );
        strictEqual(updated.properties.isVerified, false);
        await az.bash(`az iot hub certificate delete ${hub} -n ca --etag '${updated.etag}'`);
        const rest = await az.json<{ value: Certificate[] }>(`iot hub certificate list ${hub}`);
        deepStrictEqual(rest.value, []);
    });

    it("role assignment create and list", async () => {
        const made = await shared().manage<{ objectId: string }>("POST", "/principals", {
            displayName: "az role test",
            roles: [],
        });
        const hubs = `/subscriptions/${shared().subscriptionId}/resourceGroups/az-tests/providers/Microsoft.Devices/IotHubs`;
        const scope = `--scope ${hubs}/az-test-hub`;
        await az.json(
            `role assignment create --assignee-object-id ${made.objectId} ` +
                `--assignee-principal-type ServicePrincipal --role 'IoT Hub Data Reader' ${scope}`,
        );
        const [assignment] = await az.json<{ roleDefinitionName: string; scope: string }[]>(
            `role assignment list --assignee ${made.objectId} ${scope}`,
        );
        strictEqual(assignment.roleDefinitionName, "IoT Hub Data Reader");
        match(assignment.scope, /az-test-hub$/);
    });

    it("iot hub delete and group delete", async () => {
        await az.bash("az iot hub delete --name az-test-hub");
        deepStrictEqual(await az.json("iot hub list -g az-tests"), []);
        await az.bash("az group delete --name az-tests --yes");
        strictEqual((await az.bash("az group exists --name az-tests")).trim(), "false");
    });
});
