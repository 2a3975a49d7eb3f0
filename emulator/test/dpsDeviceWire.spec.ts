import * as assert from "assert";
import { setTimeout as sleep } from "timers/promises";
import { RefusedRegistration } from "../dps/model";
import { issue } from "../../test/support/pki";
import {
    assigned,
    factoryDevice,
    ProvisioningWorld,
    startProvisioning,
} from "../../test/support/provisioningTrial";
import { call, MqttDevice, register } from "../../test/support/provisioningWire";

describe("the device API of provisioning services on the wire", () => {
    let world: ProvisioningWorld;
    beforeEach(async () => (world = await startProvisioning()));
    afterEach(() => world.emulator.stop());

    it("HTTPS: 202 with retry-after until the device is assigned; then it can be looked up", async () => {
        world.emulator.emulator.context.settings.registrationSeconds = 1.2;
        const { emulator } = world;
        const device = await factoryDevice(world, "device-1");
        const body = { registrationId: "device-1" };
        const first = await call(emulator, device, "PUT", "/register", body);
        assert.deepStrictEqual([first.status, first.retryAfter], [202, 2]);
        assert.deepStrictEqual(Object.keys(first.body), ["operationId", "status"]);
        assert.match(
            first.body.operationId ?? "",
            /^\d\.[0-9a-f]{16}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
        );
        const poll = `/operations/${first.body.operationId}`;
        const second = await call(emulator, device, "GET", poll);
        assert.deepStrictEqual([second.status, second.retryAfter], [202, 2]);
        assert.deepStrictEqual(second.body.registrationState, {
            registrationId: "device-1",
            status: "assigning",
        });
        // A second registration joins the one under way.
        const again = await call(emulator, device, "PUT", "/register", body);
        assert.strictEqual(again.body.operationId, first.body.operationId);
        await sleep(1300);
        const last = await call(emulator, device, "GET", poll);
        assert.deepStrictEqual([last.status, last.retryAfter], [200, undefined]);
        const state = last.body.registrationState ?? {};
        assert.deepStrictEqual(Object.keys(state).sort(), [
            "assignedHub",
            "createdDateTimeUtc",
            "deviceId",
            "etag",
            "lastUpdatedDateTimeUtc",
            "registrationId",
            "status",
            "substatus",
            "x509",
        ]);
        const shown = await call(emulator, device, "POST", "", body);
        assert.deepStrictEqual([shown.status, shown.body], [200, state]);
    });

    it("MQTT: the same, in topics", async () => {
        world.emulator.emulator.context.settings.registrationSeconds = 0.3;
        const client = new MqttDevice(world.emulator, await factoryDevice(world, "device-1"));
        assert.strictEqual(await client.open(), 0);
        const first = await client.ask("PUT/iotdps-register/?", { registrationId: "device-1" });
        assert.deepStrictEqual([first.status, first.retryAfter], [202, 1]);
        const { operationId } = first.body;
        const poll = `GET/iotdps-get-operationstatus/?operationId=${operationId}&`;
        assert.strictEqual((await client.ask(poll, {})).status, 202);
        await sleep(400);
        const last = await client.ask(poll, {});
        assert.deepStrictEqual([last.status, last.body.status], [200, "assigned"]);
        await client.close();
    });

    it("an operation started over one protocol can be polled over the other, with the same certificate only", async () => {
        const device = await factoryDevice(world, "device-1");
        const client = new MqttDevice(world.emulator, device);
        await client.open();
        const { body } = await client.ask("PUT/iotdps-register/?", { registrationId: "device-1" });
        await client.close();
        await sleep(100);
        const poll = `/operations/${body.operationId}`;
        assert.strictEqual((await call(world.emulator, device, "GET", poll)).status, 200);
        const renewed = { ...device, ...(await factoryDevice(world, "device-1")) };
        const answer = await call(world.emulator, renewed, "GET", poll);
        assert.deepStrictEqual([answer.status, answer.body.errorCode], [401, 401002]);
    });

    it("404 for an operation and a registration that do not exist", async () => {
        const device = await factoryDevice(world, "device-1");
        const operation = await call(world.emulator, device, "GET", "/operations/4.0.x");
        assert.deepStrictEqual([operation.status, operation.body.errorCode], [404, 404202]);
        const lookup = await call(world.emulator, device, "POST", "", {});
        assert.deepStrictEqual([lookup.status, lookup.body.errorCode], [404, 404202]);
        const kept = await world.emulator.manage<RefusedRegistration[]>(
            "GET",
            "/refused-registrations",
        );
        assert.deepStrictEqual(
            kept.map(({ reason }) => reason),
            ["operationUnknown", "registrationMissing"],
        );
    });

    it("deleting a registration deletes its operation", async () => {
        const device = await factoryDevice(world, "device-1");
        world.emulator.emulator.context.settings.registrationSeconds = 0.1;
        const first = await call(world.emulator, device, "PUT", "/register", {});
        world.service.registrations.clear();
        await sleep(200);
        const poll = `/operations/${first.body.operationId}`;
        assert.strictEqual((await call(world.emulator, device, "GET", poll)).status, 404);
        assert.strictEqual(world.first.devices.size + world.second.devices.size, 0);
    });

    it("compares dates with the emulator's clock", async () => {
        const day = 24 * 3600;
        await world.emulator.manage("PUT", "/clock", { offsetSeconds: 31 * day });
        const answer = await register(
            "HTTPS",
            world.emulator,
            await factoryDevice(world, "device-1"),
        );
        assert.strictEqual(answer.body.message, "Invalid certificate.");
        await world.emulator.manage("PUT", "/clock", { offsetSeconds: 0 });
        await assigned("HTTPS", world, await factoryDevice(world, "device-1"));
    });

    it("MQTT: an unknown topic ends the connection, another filter is not granted", async () => {
        const device = await factoryDevice(world, "device-1");
        const client = new MqttDevice(world.emulator, device);
        await client.open();
        await assert.rejects(client.subscribe("#"));
        const ended = client.ended();
        client.publish("devices/device-1/messages/events/", "x");
        await ended;
        await client.close();
    });

    describe("throttling, when it is enabled", () => {
        beforeEach(() =>
            world.emulator.manage("PATCH", "/settings", {
                throttling: true,
                registrationSeconds: 0,
            }),
        );

        it("a device may poll 5 times in 10 seconds", async () => {
            const device = await factoryDevice(world, "device-1");
            const first = await call(world.emulator, device, "PUT", "/register", {});
            const poll = `/operations/${first.body.operationId}`;
            const seen: (number | undefined)[] = [];
            for (let count = 0; count < 6; count += 1) {
                seen.push((await call(world.emulator, device, "GET", poll)).status);
            }
            assert.deepStrictEqual(
                seen.map((status) => status === 429),
                [false, false, false, false, false, true],
            );
            const refused = await call(world.emulator, device, "GET", poll);
            assert.strictEqual(refused.body.errorCode, 429001);
            assert.ok(refused.retryAfter !== undefined && refused.retryAfter <= 10);
            await world.emulator.manage("PUT", "/clock", { offsetSeconds: 11 });
            assert.strictEqual((await call(world.emulator, device, "GET", poll)).status, 200);
        });

        it("a service accepts 1000 registrations per minute", async () => {
            const device = await factoryDevice(world, "device-1");
            const client = new MqttDevice(world.emulator, device);
            await client.open();
            const ask = () => client.ask("PUT/iotdps-register/?", { registrationId: "device-1" });
            const answers = await Promise.all(Array.from({ length: 1001 }, ask));
            const refused = answers.filter(({ status }) => status === 429);
            assert.strictEqual(refused.length, 1);
            assert.ok((refused[0].retryAfter ?? 0) > 0);
            await client.close();
        });
    });

    it("a registration ID longer than 128 characters is refused", async () => {
        const leaf = await issue(world.factory, { commonName: "x" });
        const registrationId = "x".repeat(129);
        const device = { idScope: world.service.idScope, registrationId, leaf };
        const answer = await register("HTTPS", world.emulator, device);
        assert.deepStrictEqual([answer.status, answer.body.errorCode], [400, 400004]);
    });
});
