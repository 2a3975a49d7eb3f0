import * as assert from "assert";
import { createPublicKey, X509Certificate } from "crypto";
import { writeFileSync } from "fs";
import { RestError } from "@azure/core-rest-pipeline";
import { Client } from "azure-iot-device";
import { Deployment, HubAuthentication, StackOutputs } from "../support/deployment";
import {
    certificatesOf,
    deviceRequest,
    ownCertificate,
    verifyClientChain,
} from "../support/deviceFiles";
import { shared } from "../support/emulator";
import { armRequest } from "../support/iotHubClient";
import { connectDevice, connects, liveConnection, refusal } from "../support/liveDevice";
import { eventually } from "../support/sessions";

const stackName = "lifecycle";

/** A fleet from its first `up` to `destroy`, seen through Azure's SDKs, OpenSSL and devices. */
describe("the life of a fleet", function () {
    this.timeout(600_000);
    const { manage } = shared();
    const requests = [deviceRequest("csr-01"), deviceRequest("csr-01")];
    const own = [ownCertificate("own-01"), ownCertificate("own-02"), ownCertificate("own-02")];
    let deployment: Deployment;
    let outputs: StackOutputs;

    before(async function () {
        deployment = await Deployment.make(this, stackName, {
            groups: {
                pumps: { keyAlgorithm: "RSA-2048", validityDays: 90 },
                sensors: { keyAlgorithm: "ECDSA-P256", validityDays: 90 },
            },
            deviceDefaults: { tags: { fleet: "test" } },
            devices: [
                { id: "csr-01", group: "pumps", csr: "csr-01.csr" },
                { id: "rsa-01", group: "pumps", tags: { site: { city: "Oslo", line: 1 } } },
                { id: "ec-01", group: "sensors" },
                { id: "ec-02", group: "sensors", status: "disabled" },
                { id: "gone-01", group: "sensors" },
                { id: "own-01", auth: "thumbprint", certificates: ["own-01.pem"] },
                {
                    id: "own-02",
                    auth: "thumbprint",
                    thumbprints: [own[1].fingerprint, own[2].fingerprint],
                },
            ],
        });
        writeFileSync(deployment.project.file("csr-01.csr"), requests[0].csrPem);
        writeFileSync(deployment.project.file("own-01.pem"), own[0].certificatePem);
        await deployment.up();
        outputs = await deployment.outputs();
    });

    after(() => deployment?.project.remove());

    /** A device's credentials as the stack gives them out, with the key that is elsewhere if it is. */
    const credentials = (id: string, privateKey = outputs.devices[id].privateKey) => ({
        ...outputs.devices[id],
        privateKey,
    });
    const ownCredentials = (id: string, { certificatePem, keyPem }: (typeof own)[number]) => ({
        ...credentials(id, keyPem),
        chain: certificatePem,
    });
    const publicKey = (pem: string): string =>
        createPublicKey(pem).export({ type: "spki", format: "pem" }).toString();

    describe("up", () => {
        it("creates the hub without shared keys, and proves the CA of each group", async () => {
            const { resourceGroupName, hub } = outputs;
            const { properties, sku } = await deployment.arm.iotHubResource.get(
                resourceGroupName,
                hub.name,
            );
            assert.equal(properties?.hostName, hub.hostName);
            assert.equal(sku.name, "S1");
            assert.equal(properties?.disableLocalAuth, true);
            assert.equal(properties?.disableDeviceSAS, true);
            const authorities = await deployment.authorities();
            assert.deepEqual(
                authorities.map((one) => one.isVerified),
                [true, true],
            );
            const issuers = ["rsa-01", "ec-01"].map((id) => {
                const [, issuer] = certificatesOf(outputs.devices[id].chain);
                return new X509Certificate(issuer).fingerprint.split(":").join("");
            });
            const uploaded = authorities.map((one) => one.thumbprint);
            assert.deepEqual(uploaded.sort(), issuers.sort());
        });

        it("registers every device as it was declared", async () => {
            const { responseBody: devices } = await (await deployment.registry()).list();
            const seen = devices.map(({ deviceId, status, authentication }) => {
                const { type, x509Thumbprint } = authentication as unknown as HubAuthentication;
                const { primaryThumbprint, secondaryThumbprint } = x509Thumbprint ?? {};
                const prints = [primaryThumbprint, secondaryThumbprint].filter(Boolean);
                return [deviceId, status, type, ...prints];
            });
            const prints = own.map(({ fingerprint }) => fingerprint.split(":").join(""));
            assert.deepEqual(seen.sort(), [
                ["csr-01", "enabled", "certificateAuthority"],
                ["ec-01", "enabled", "certificateAuthority"],
                ["ec-02", "disabled", "certificateAuthority"],
                ["gone-01", "enabled", "certificateAuthority"],
                ["own-01", "enabled", "selfSigned", prints[0]],
                ["own-02", "enabled", "selfSigned", prints[1], prints[2]],
                ["rsa-01", "enabled", "certificateAuthority"],
            ]);
            const { tags } = await deployment.twin("rsa-01");
            assert.deepEqual([tags.fleet, tags.site], ["test", { city: "Oslo", line: 1 }]);
            for (const id of ["csr-01", "ec-01"]) {
                const own = (await deployment.twin(id)).tags.iotX509 as unknown;
                const { fingerprint256, validTo } = new X509Certificate(
                    outputs.devices[id].certificate,
                );
                const notAfter = new Date(validTo).toISOString();
                const thumbprint = fingerprint256.replace(/:/g, "");
                assert.deepEqual(own, {
                    stack: `iot-x509/${stackName}`,
                    certificate: { generation: 1, notAfter, thumbprint },
                });
            }
        });

        it("issues chains that OpenSSL accepts, for the right keys", async () => {
            const root = await deployment.rootCertificate();
            for (const id of ["csr-01", "rsa-01", "ec-01", "ec-02"]) {
                const { chain, certificate } = outputs.devices[id];
                verifyClientChain(root, chain);
                assert.equal(certificatesOf(chain).length, 2, "leaf and intermediate, no root");
                const leaf = new X509Certificate(certificate);
                assert.match(leaf.subject, new RegExp(`^CN=${id}$`, "m"));
                const days = (Date.parse(leaf.validTo) - Date.now()) / 86_400_000;
                assert.ok(days > 89.9 && days < 90.1, `${id} is valid for ${days} days`);
            }
            const { "csr-01": csr, "rsa-01": rsa, "ec-01": ec } = outputs.devices;
            assert.equal(csr.privateKey, undefined);
            assert.equal(publicKey(csr.certificate), publicKey(requests[0].keyPem));
            assert.equal(publicKey(rsa.certificate), publicKey(rsa.privateKey));
            assert.equal(new X509Certificate(rsa.certificate).publicKey.asymmetricKeyType, "rsa");
            assert.equal(new X509Certificate(ec.certificate).publicKey.asymmetricKeyType, "ec");
        });

        it("accepts the enabled devices, and only them", async () => {
            await connects(credentials("csr-01", requests[0].keyPem));
            await connects(credentials("rsa-01"));
            await connects(credentials("ec-01"));
            await connects(ownCredentials("own-01", own[0]));
            await connects(ownCredentials("own-02", own[1]));
            await connects(ownCredentials("own-02", own[2]));
            assert.equal(await refusal(credentials("ec-02")), "deviceDisabled");
            const foreign = ownCredentials("own-01", own[1]);
            assert.equal(await refusal(foreign), "thumbprintMismatch");
        });

        it("has nothing to do the second time", async () => {
            assert.deepEqual(await deployment.plan(), []);
        });

        it("shows an added device as two creates and nothing else", async () => {
            deployment.change(({ devices }) => devices.push({ id: "new-01", group: "sensors" }));
            const { changeSummary } = await deployment.stack.preview();
            const { same, ...changes } = changeSummary;
            assert.deepEqual(changes, { create: 2 });
            assert.ok((same ?? 0) > 20);
        });
    });

    describe("a changed configuration", () => {
        const was: { outputs?: StackOutputs; live?: Client } = {};

        before(async () => {
            was.outputs = outputs;
            was.live = await connectDevice(credentials("ec-01"));
            const registry = await deployment.registry();
            const foreign = { tags: { service: "keeps this", site: { building: "B" } } };
            await registry.updateTwin("rsa-01", foreign, "*");
            deployment.change((settings) => {
                settings.devices = settings.devices.filter(({ id }) => id !== "gone-01");
            });
            deployment.changeDevice("ec-01", { status: "disabled" });
            deployment.changeDevice("rsa-01", {
                keyGeneration: 2,
                tags: { site: { city: "Bergen" }, shift: "night" },
            });
            writeFileSync(deployment.project.file("csr-01.csr"), requests[1].csrPem);
        });

        after(() => was.live?.close());

        it("is previewed exactly", async () => {
            assert.deepEqual(await deployment.plan(), [
                "create DeviceCertificate new-01",
                "create DeviceIdentity new-01",
                "delete DeviceCertificate gone-01",
                "delete DeviceIdentity gone-01",
                "update DeviceCertificate csr-01",
                "update DeviceCertificate rsa-01",
                "update DeviceIdentity ec-01",
                "update DeviceIdentity rsa-01",
            ]);
            await deployment.up();
            outputs = await deployment.outputs();
        });

        it("accepts an added device", () => connects(credentials("new-01")));

        it("removes a device from the hub", async () => {
            const registry = await deployment.registry();
            await assert.rejects(registry.get("gone-01"), { name: "DeviceNotFoundError" });
        });

        it("disables a device and ends its connection", async () => {
            const { responseBody } = await (await deployment.registry()).get("ec-01");
            assert.equal(responseBody.status, "disabled");
            await eventually(async () => {
                assert.equal(await liveConnection(outputs.hub.name, "ec-01"), undefined);
            });
            assert.equal(await refusal(credentials("ec-01")), "deviceDisabled");
        });

        it("gives a device a new key with a new certificate", async () => {
            const [old, present] = [was.outputs?.devices["rsa-01"], outputs.devices["rsa-01"]];
            assert.ok(old);
            assert.notEqual(publicKey(present.privateKey), publicKey(old.privateKey));
            assert.equal(publicKey(present.certificate), publicKey(present.privateKey));
            assert.notEqual(serial(present.certificate), serial(old.certificate));
            verifyClientChain(await deployment.rootCertificate(), present.chain);
            await connects(credentials("rsa-01"));
        });

        it("certifies the key of a new request", async () => {
            const present = outputs.devices["csr-01"];
            assert.equal(publicKey(present.certificate), publicKey(requests[1].keyPem));
            await connects(credentials("csr-01", requests[1].keyPem));
        });

        it("leaves every other certificate alone", () => {
            for (const id of ["ec-01", "ec-02"]) {
                const { certificate } = outputs.devices[id];
                assert.equal(certificate, was.outputs?.devices[id].certificate);
            }
        });

        it("changes only the tags that it manages", async () => {
            const { tags } = await deployment.twin("rsa-01");
            const { iotX509, ...others } = tags;
            assert.deepEqual(others, {
                fleet: "test",
                shift: "night",
                service: "keeps this",
                site: { city: "Bergen", building: "B" },
            });
            assert.equal((iotX509 as unknown as { stack: string }).stack, `iot-x509/${stackName}`);
        });
    });

    describe("destroy", () => {
        it("leaves nothing behind after destroy", async () => {
            const { resourceGroupName, hub } = outputs;
            await deployment.stack.destroy();
            const hubs = await manage<{ hub: string }[]>("GET", "/hubs");
            assert.deepEqual(
                hubs.filter((one) => one.hub.startsWith(stackName)),
                [],
            );
            await assert.rejects(
                deployment.arm.iotHubResource.get(resourceGroupName, hub.name),
                (error: RestError) => error.statusCode === 404,
            );
            const names: (string | undefined)[] = [];
            for await (const each of deployment.arm.iotHubResource.listBySubscription()) {
                names.push(each.name);
            }
            assert.ok(!names.includes(hub.name));
            const group = await armRequest(
                deployment.arm,
                "GET",
                `/resourceGroups/${resourceGroupName}`,
            );
            assert.equal(group.status, 404);
            const { deployment: state } = await deployment.stack.exportStack();
            assert.deepEqual((state as { resources?: unknown[] }).resources ?? [], []);
        });
    });
});

function serial(pem: string): string {
    return new X509Certificate(pem).serialNumber;
}
