import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import { deepStrictEqual, match, ok, strictEqual } from "assert";
import { shared } from "../support/emulator";
import { dropGroup, iotHubClient, makeHub, refused } from "../support/iotHubClient";
import { OpenSsl, Pair } from "../support/openssl";

const group = "dps-arm";
const name = "dps-arm-test";
const location = "westeurope";
const sku = { name: "S1", capacity: 1 };

describe("@azure/arm-deviceprovisioningservices", function () {
    this.timeout(60_000);
    let hubs: IotHubClient;
    let client: IotDpsClient;
    let openssl: OpenSsl;
    let connectionString: string;

    before(async () => {
        hubs = iotHubClient();
        client = new IotDpsClient(new EnvironmentCredential(), shared().subscriptionId, {
            retryOptions: { maxRetries: 0 },
        });
        openssl = await OpenSsl.create();
        await makeHub(hubs, group, "dps-arm-hub");
        const { primaryKey } = await hubs.iotHubResource.getKeysForKeyName(
            group,
            "dps-arm-hub",
            "iothubowner",
        );
        connectionString = `HostName=dps-arm-hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${primaryKey}`;
    });

    after(async () => {
        await dropGroup(hubs, group);
        await openssl.remove();
    });

    describe("a service", () => {
        it("is created with a linked hub, whose key is never shown", async () => {
            const availability = () =>
                client.iotDpsResource.checkProvisioningServiceNameAvailability({ name });
            strictEqual((await availability()).nameAvailable, true);
            const made = await client.iotDpsResource.beginCreateOrUpdateAndWait(group, name, {
                location,
                sku,
                properties: { iotHubs: [{ connectionString, location, allocationWeight: 5 }] },
            });
            strictEqual(made.properties.state, "Active");
            match(made.properties.idScope ?? "", /^0ne[0-9A-F]{8}$/);
            const { properties } = await client.iotDpsResource.get(name, group);
            const service = `${name}.azure-devices-provisioning.net`;
            strictEqual(properties.serviceOperationsHostName, service);
            strictEqual(
                properties.deviceProvisioningHostName,
                "global.azure-devices-provisioning.net",
            );
            strictEqual(properties.allocationPolicy, "Hashed");
            deepStrictEqual(properties.iotHubs, [
                {
                    applyAllocationPolicy: true,
                    allocationWeight: 5,
                    name: "dps-arm-hub.azure-devices.net",
                    connectionString:
                        "HostName=dps-arm-hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=****",
                    location,
                },
            ]);
            const taken = await availability();
            deepStrictEqual([taken.nameAvailable, taken.reason], [false, "AlreadyExists"]);
        });

        it("can be updated with the body of a GET, including the masked key", async () => {
            const shown = await client.iotDpsResource.get(name, group);
            const idScope = shown.properties.idScope;
            const changed = await client.iotDpsResource.beginCreateOrUpdateAndWait(group, name, {
                ...shown,
                properties: { ...shown.properties, allocationPolicy: "Static" },
            });
            strictEqual(changed.properties.allocationPolicy, "Static");
            strictEqual(changed.properties.idScope, idScope);
            strictEqual(changed.properties.iotHubs?.length, 1);
            const { tags } = await client.iotDpsResource.beginUpdateAndWait(group, name, {
                tags: { owner: "test" },
            });
            deepStrictEqual(tags, { owner: "test" });
        });

        it("is listed, and lists its keys and editions", async () => {
            const names: (string | undefined)[] = [];
            for await (const one of client.iotDpsResource.listByResourceGroup(group)) {
                names.push(one.name);
            }
            deepStrictEqual(names, [name]);
            const keys = [];
            for await (const key of client.iotDpsResource.listKeys(name, group)) {
                keys.push(key);
            }
            deepStrictEqual(
                keys.map(({ keyName, rights }) => [keyName, rights]),
                [["provisioningserviceowner", "ServiceConfig, DeviceConnect, EnrollmentWrite"]],
            );
            const key = await client.iotDpsResource.listKeysForKeyName(
                name,
                "provisioningserviceowner",
                group,
            );
            strictEqual(key.primaryKey, keys[0].primaryKey);
            for await (const valid of client.iotDpsResource.listValidSkus(name, group)) {
                strictEqual(valid.name, "S1");
            }
        });

        it("refuses hubs it cannot log in to, and invalid names and editions", async () => {
            const make = (iotHub: string, dps = name, edition = "S1") =>
                client.iotDpsResource.beginCreateOrUpdateAndWait(group, dps, {
                    location,
                    sku: { name: edition, capacity: 1 },
                    properties: { iotHubs: [{ connectionString: iotHub, location }] },
                });
            const noHub = connectionString.replace("dps-arm-hub", "no-such-hub");
            await refused(
                make(noHub),
                404,
                /Unable to find the IoThub .no-such-hub.azure-devices.net/,
            );
            const wrongKey = connectionString.replace(/SharedAccessKey=.*/, "SharedAccessKey=AAAA");
            await refused(make(wrongKey), 400, /does not accept the key of policy 'iothubowner'/);
            const { primaryKey } = await hubs.iotHubResource.getKeysForKeyName(
                group,
                "dps-arm-hub",
                "registryReadWrite",
            );
            const weak = `HostName=dps-arm-hub.azure-devices.net;SharedAccessKeyName=registryReadWrite;SharedAccessKey=${primaryKey}`;
            await refused(make(weak), 400, /lacks ServiceConnect/);
            await refused(make("HostName=x"), 400, /needs HostName, SharedAccessKeyName/);
            await refused(make(connectionString, "a_b"), 400, /'a_b' is not valid/);
            await refused(make(connectionString, name, "S2"), 400, /'S2' is not valid/);
        });
    });

    describe("its CA certificates", () => {
        let ca: Pair;

        before(async () => {
            ca = await openssl.selfSigned("DPS test CA");
        });

        const upload = (certificate: string, ifMatch?: string) =>
            client.dpsCertificate.createOrUpdate(
                group,
                name,
                "ca",
                { properties: { certificate: Buffer.from(certificate) } },
                { ifMatch },
            );

        it("exist from upload through proof and replacement to deletion", async () => {
            const uploaded = await upload(ca.certificate);
            strictEqual(uploaded.properties?.isVerified, false);
            strictEqual(uploaded.properties.subject, "DPS test CA");
            ok(!uploaded.properties.certificate, "an upload's answer holds no certificate");
            const asked = await client.dpsCertificate.generateVerificationCode(
                "ca",
                uploaded.etag ?? "",
                group,
                name,
            );
            const code = asked.properties?.verificationCode ?? "";
            match(code, /^[0-9A-F]{48}$/);
            strictEqual(
                Buffer.from(asked.properties?.certificate ?? []).toString(),
                ca.certificate,
                "the answer with the code holds it",
            );
            const proof = await openssl.issued(code, ca);
            const verified = await client.dpsCertificate.verifyCertificate(
                "ca",
                asked.etag ?? "",
                group,
                name,
                { certificate: Buffer.from(proof.certificate).toString("base64") },
            );
            strictEqual(verified.properties?.isVerified, true);
            const { value } = await client.dpsCertificate.list(group, name);
            deepStrictEqual(
                value?.map((one) => [one.name, one.properties?.isVerified]),
                [["ca", true]],
            );
            const renewed = await openssl.selfSigned("DPS test CA 2");
            await refused(upload(renewed.certificate), 412, /IH412001/);
            const replaced = await upload(renewed.certificate, verified.etag);
            strictEqual(replaced.properties?.isVerified, false);
            await refused(
                client.dpsCertificate.delete(group, verified.etag ?? "", name, "ca"),
                412,
                /IH412001/,
            );
            await client.dpsCertificate.delete(group, replaced.etag ?? "", name, "ca");
            await refused(client.dpsCertificate.get("ca", group, name), 404, /'ca' was not found/);
        });

        it("refuse a proof by another CA or for another code", async () => {
            const { etag = "" } = await upload(ca.certificate);
            const asked = await client.dpsCertificate.generateVerificationCode(
                "ca",
                etag,
                group,
                name,
            );
            const verify = ({ certificate }: Pair) =>
                client.dpsCertificate.verifyCertificate("ca", asked.etag ?? "", group, name, {
                    certificate: Buffer.from(certificate).toString("base64"),
                });
            const code = asked.properties?.verificationCode ?? "";
            const other = await openssl.selfSigned("DPS test CA");
            await refused(verify(await openssl.issued(code, other)), 400, /IH400053/);
            await refused(verify(await openssl.issued("wrong", ca)), 400, /IH400053/);
        });
    });

    describe("its end", () => {
        it("deletes everything in it", async () => {
            strictEqual((await client.iotDpsResource.get(name, group)).name, name);
            await client.iotDpsResource.beginDeleteAndWait(name, group);
            await refused(client.iotDpsResource.get(name, group), 404, /was not found/);
        });
    });
});
