import * as assert from "assert";
import { randomBytes } from "crypto";
import { SharedAccessSignature } from "azure-iot-common";
import { defaultSettings } from "../core/settings";
import { send, sharedAccess, WireReply } from "../../test/support/hubWire";
import { addGroup, references } from "../../test/support/provisioningService";
import {
    assigned,
    factoryDevice,
    ProvisioningWorld,
    startProvisioning,
} from "../../test/support/provisioningTrial";
import { issue } from "../../test/support/pki";

describe("a provisioning service: what no document specifies, in both variants", () => {
    let world: ProvisioningWorld;
    beforeEach(async () => {
        world = await startProvisioning();
        const key = randomBytes(32).toString("base64");
        const owner = { keyName: "iothubowner", primaryKey: key, secondaryKey: key };
        world.service.policies.push({ ...owner, rights: "ServiceConfig, EnrollmentWrite" });
        world.first.policies.push({ ...owner, rights: "RegistryWrite, ServiceConnect" });
    });
    afterEach(() => world.emulator.stop());

    const set = (settings: object) => world.emulator.manage("PATCH", "/settings", settings);

    function ask(
        method: string,
        path: string,
        body?: unknown,
        ifMatch?: string,
    ): Promise<WireReply> {
        const { serviceHostName, policies } = world.service;
        const [{ keyName, primaryKey }] = policies;
        const expiry = Math.floor(Date.now() / 1000) + 3600;
        const authorization = SharedAccessSignature.create(
            serviceHostName,
            keyName,
            primaryKey,
            expiry,
        ).toString();
        return send(world.emulator, serviceHostName, method, `${path}?api-version=2021-10-01`, {
            body,
            headers: { authorization, ...(ifMatch === undefined ? {} : { "if-match": ifMatch }) },
        });
    }

    const enrollment = async (registrationId: string) => {
        const { certificate } = await issue(world.factory, { commonName: registrationId });
        const x509 = { clientCertificates: { primary: { certificate } } };
        return { registrationId, attestation: { type: "x509", x509 } };
    };

    /** Statuses of a write with the right tag in quotes, raw, and of one with another tag. */
    async function writes(): Promise<number[]> {
        const body = await enrollment("d-1");
        const statuses: number[] = [];
        await ask("PUT", "/enrollments/d-1", body);
        for (const form of [(tag: string) => `"${tag}"`, (tag: string) => tag, () => '"b2xk"']) {
            const { etag } = (await ask("GET", "/enrollments/d-1")).body as { etag: string };
            statuses.push((await ask("PUT", "/enrollments/d-1", body, form(etag))).status);
        }
        return statuses;
    }

    it("accepts an ETag with and without quotes", async () => {
        assert.deepEqual(await writes(), [200, 200, 412]);
    });

    it("accepts it only with quotes with dpsIfMatchForm quoted", async () => {
        await set({ dpsIfMatchForm: "quoted" });
        assert.deepEqual(await writes(), [200, 400, 412]);
        assert.equal((await ask("DELETE", "/enrollments/d-1", undefined, "*")).status, 204);
    });

    it("accepts it only without quotes with dpsIfMatchForm raw", async () => {
        await set({ dpsIfMatchForm: "raw" });
        assert.deepEqual(await writes(), [412, 200, 412]);
    });

    it("refuses any other form", async () => {
        await assert.rejects(set({ dpsIfMatchForm: "base64" }), /any, quoted, raw/);
    });

    it("has one enrollment for an ID in any case, or refuses upper case with dpsLowerCaseIds", async () => {
        const body = await enrollment("Meter-1");
        assert.equal((await ask("PUT", "/enrollments/Meter-1", body)).status, 200);
        assert.equal((await ask("GET", "/enrollments/meter-1")).status, 200);
        await set({ dpsLowerCaseIds: true });
        assert.equal(
            (await ask("PUT", "/enrollments/Meter-2", { ...body, registrationId: "Meter-2" }))
                .status,
            400,
        );
        const device = await factoryDevice(world, "Meter-3");
        await assert.rejects(assigned("MQTT", world, device));
        await assigned("MQTT", world, await factoryDevice(world, "meter-3"));
    });

    it("assigns the device host name of a hub with the second gateway, whose registry answers under the others", async () => {
        const { first: hub } = world;
        addGroup(world.service, "factory", references("factory"), {
            allocationPolicy: "static",
            iotHubHostName: hub.hostName,
        });
        const before = await assigned("MQTT", world, await factoryDevice(world, "d-1"));
        assert.equal(before.assignedHub, "first.azure-devices.net");
        const ask = async (host: string): Promise<number> => {
            const authorization = sharedAccess(hub, "iothubowner");
            const path = "/devices/d-1?api-version=2021-04-12";
            return (await send(world.emulator, host, "GET", path, { headers: { authorization } }))
                .status;
        };
        const hosts = ["", ".service", ".device"].map((use) => `first${use}.azure-devices.net`);
        assert.deepEqual(await Promise.all(hosts.map(ask)), [200, 404, 404]);
        Object.assign(hub, { gatewayV2: true });
        const after = await assigned("MQTT", world, await factoryDevice(world, "d-2"));
        assert.equal(after.assignedHub, "first.device.azure-devices.net");
        assert.deepEqual(await Promise.all(hosts.map(ask)), [200, 200, 404]);
        assert.equal(defaultSettings.gatewayV2, false);
    });
});
