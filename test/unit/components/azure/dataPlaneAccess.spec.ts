import { strict as assert } from "assert";
import { mock } from "node:test";
import { AzureError } from "../../../../components/azure/client";
import { DataPlaneAccess } from "../../../../components/azure/dataPlaneAccess";

describe("waiting for a data-plane role", () => {
    beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() }));
    afterEach(() => mock.timers.reset());

    const access = (waitSeconds: number) =>
        new DataPlaneAccess({
            hostName: "iot-abc.azure-devices.net",
            resourceId: "/subscriptions/abc",
            role: "IoT Hub Data Contributor",
            waitSeconds,
        });

    /** A service that refuses so many calls, and what it was asked. */
    function refusing(times: number) {
        const service = {
            calls: 0,
            call: async () => {
                service.calls++;
                if (service.calls <= times) {
                    throw new AzureError(403, undefined, "refused");
                }
                return "granted";
            },
        };
        return service;
    }

    async function pass(seconds: number): Promise<void> {
        for (let second = 0; second < seconds; second++) {
            mock.timers.tick(1000);
            for (let turn = 0; turn < 20; turn++) {
                await Promise.resolve();
            }
        }
    }

    it("a call is repeated until the role takes effect", async () => {
        const { call } = refusing(2);
        const answer = access(10).whenGranted(call);
        await pass(10);
        assert.equal(await answer, "granted");
    });

    it("after one call has timed out, the next fails immediately, and a granted one succeeds", async () => {
        const waiting = access(10);
        const first = refusing(Infinity);
        const failed = assert.rejects(waiting.whenGranted(first.call), /lacks a data-plane role/);
        await pass(12);
        await failed;
        assert.equal(first.calls, 4);
        const next = refusing(Infinity);
        const refused = assert.rejects(waiting.whenGranted(next.call), /az role assignment create/);
        await pass(12);
        await refused;
        assert.equal(next.calls, 1);
        assert.equal(await waiting.whenGranted(refusing(0).call), "granted");
    });

    it("a role that Azure has taken and does not count yet is told as such, after the bounded wait, once asked for", async () => {
        let asked = 0;
        const waiting = new DataPlaneAccess({
            hostName: "iot-abc.azure-devices.net",
            resourceId: "/subscriptions/abc",
            role: "IoT Hub Data Contributor",
            waitSeconds: 30,
            since: async () => `2026-11-28T20:00:0${++asked}Z`,
        });
        const said = mock.method(console, "log", () => undefined);
        const first = refusing(Infinity);
        const failed = assert.rejects(waiting.whenGranted(first.call), (error: Error) => {
            assert.match(
                error.message,
                /has the role "IoT Hub Data Contributor" since 2026-11-28T20:00:01Z/,
            );
            assert.match(error.message, /does not count it yet, after a wait of 30 s/);
            assert.doesNotMatch(error.message, /az role assignment create/);
            return true;
        });
        await pass(40);
        await failed;
        const lines = said.mock.calls.map(({ arguments: [line] }) => String(line));
        said.mock.restore();
        assert.equal(lines.length, 2);
        lines.forEach((line) =>
            assert.match(line, /^waiting for the role on iot-abc\..* \(at most \d\d s more\)$/),
        );
        const next = assert.rejects(waiting.whenGranted(refusing(Infinity).call), /20:00:01Z/);
        await pass(1);
        await next;
    });

    it("what no role cures ends at once, for every call, with the reason", async () => {
        let asked = 0;
        const kept = new DataPlaneAccess({
            hostName: "iot-abc.azure-devices.net",
            resourceId: "/subscriptions/abc",
            role: "IoT Hub Data Contributor",
            waitSeconds: 600,
            lasting: async () => `its public network access is off (${++asked})`,
        });
        for (let time = 0; time < 2; time++) {
            const service = refusing(Infinity);
            const failed = assert.rejects(
                kept.whenGranted(service.call),
                /refused\niot-abc.azure-devices.net rejects this login: its public network access is off \(1\)$/,
            );
            await pass(1);
            await failed;
            assert.equal(service.calls, 1);
        }
    });

    it("a hub that is briefly not found is asked again, for a limited time", async () => {
        const lost = (times: number) => {
            const service = {
                calls: 0,
                call: async () => {
                    service.calls++;
                    if (service.calls <= times) {
                        throw new AzureError(401, "IotHubNotFound", "not found");
                    }
                    return "found";
                },
            };
            return service;
        };
        const answer = access(0).whenGranted(lost(3).call);
        await pass(12);
        assert.equal(await answer, "found");
        const gone = lost(Infinity);
        const failed = assert.rejects(access(600).whenGranted(gone.call), /^Error: not found$/);
        await pass(30);
        await failed;
        assert.equal(gone.calls, 6);
    });
});
