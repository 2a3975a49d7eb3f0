import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { FleetCommand } from "../support/fleetCommand";
import { connects } from "../support/liveDevice";

describe("the brake (maxCutOff)", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "brake", {
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: { pumps: { keyAlgorithm: "ECDSA-P256" } },
            devices: Array.from({ length: 7 }, (_, index) => ({
                id: `pump-${index}`,
                group: "pumps",
            })),
        });
        // Unlike the dev stack, whose settings it starts from.
        deployment.change((settings) => delete settings.maxCutOff);
        await deployment.up();
    });

    after(() => deployment?.remove());

    const onHub = async (): Promise<number> =>
        (await (await deployment.registry()).list()).responseBody.length;

    /** Neither preview nor up goes on, and nothing was changed. */
    async function refused(why: RegExp): Promise<void> {
        for (const run of [() => deployment.stack.preview(), () => deployment.up()]) {
            await assert.rejects(run(), ({ message }: Error) => {
                assert.match(message, why);
                assert.doesNotMatch(message, /unhandled exception|^ +at /m);
                return true;
            });
        }
        assert.equal(await onHub(), 7);
        await connects((await deployment.outputs()).devices["pump-3"]);
    }

    it("stops an empty device list", async () => {
        deployment.change((settings) => Object.assign(settings, { devices: [] }));
        await refused(/would cut off 7 devices .*at most 5 .*pump-0: leaves the configuration/s);
    });

    it("stops npm run fleet as well, before it writes anything", async () => {
        for (const verb of ["preview", "up"]) {
            const { status, text } = await FleetCommand.start(deployment, verb).ended;
            assert.equal(status, 1, text);
            assert.match(text, /^error: this run would cut off 7 devices/m);
        }
        assert.equal(await onHub(), 7);
    });

    it("stops a rotation without retain", async () => {
        deployment.change((settings) => {
            settings.devices = Array.from({ length: 7 }, (_, index) => ({
                id: `pump-${index}`,
                group: "pumps",
            }));
            settings.groups.pumps.intermediate = { generation: 2 };
        });
        await refused(/pump-0: its CA "IoT Intermediate CA pumps G1" is no longer trusted/);
    });

    it("allows the cut with the setting that the refusal names", async () => {
        deployment.change((settings) => Object.assign(settings, { maxCutOff: 7 }));
        await deployment.up();
        await connects((await deployment.outputs()).devices["pump-3"]);
        assert.deepEqual(await deployment.plan(), []);
    });
});
