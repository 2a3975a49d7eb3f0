import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { Field } from "../support/deviceField";
import { FleetCommand } from "../support/fleetCommand";
import { HeldDevice, heldDevices } from "../support/fleetStates";
import { DeviceCredentials } from "../support/liveDevice";
import { OpenSsl } from "../support/openssl";

/** The devices are in fleet stacks; some register at the provisioning service, one of them unlisted. */
describe("the gate before a CA goes, with fleet stacks and a provisioning service", function () {
    this.timeout(900_000);
    let openssl: OpenSsl;
    let deployment: Deployment;
    let field: Field;

    before(async function () {
        openssl = await OpenSsl.create();
        deployment = await Deployment.make(this, "gate-shards", {
            dps: {},
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: {
                meters: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" },
                presses: { keyAlgorithm: "ECDSA-P256" },
            },
            devices: [
                { id: "meter-1", group: "meters" },
                { id: "press-1", group: "presses" },
                { id: "press-2", group: "presses", status: "disabled" },
            ],
            shards: 2,
            rollover: {},
        });
        await FleetCommand.run(deployment, "up");
        field = new Field(deployment, openssl);
        await field.meets("meter-1", await issued("meter-1"));
        await field.meets("stray-1", await field.stray("stray-1", "meters-g1"));
    });

    after(async () => {
        await deployment?.remove();
        await openssl?.remove();
    });

    async function issued(id: string): Promise<DeviceCredentials> {
        const { chain, privateKey } = heldDevices(deployment).get(id) as HeldDevice;
        const { hostName } = (await deployment.outputs()).hub;
        return {
            connectionString: `HostName=${hostName};DeviceId=${id};x509=true`,
            chain,
            privateKey,
        };
    }

    async function isRefused(verb: "preview" | "up", why: RegExp, not: RegExp): Promise<void> {
        const { status, text } = await FleetCommand.start(deployment, verb).ended;
        assert.equal(status, 1, text);
        assert.match(text, why);
        assert.doesNotMatch(text, not);
    }

    const rotate = (retain: number[]): void =>
        deployment.change(({ groups }) => {
            groups.meters.intermediate = { generation: 2, retain };
            groups.presses.intermediate = { generation: 2, retain };
        });

    it("refuses a rotation without retain, and names listed, registered and unlisted devices", async () => {
        rotate([]);
        await isRefused(
            "preview",
            /3 devices still depend.*meter-1: not moved, the hub knows it by an earlier certificate.*stray-1: not moved.*press-1: unknown/s,
            /press-2/,
        );
    });

    it("refuses to delete a group, also together with its devices", async () => {
        let kept = {};
        deployment.change((all) => {
            kept = structuredClone({ groups: all.groups, devices: all.devices });
            all.groups.meters.intermediate = {};
            all.groups.presses.intermediate = {};
            delete all.groups.meters;
            all.devices = all.devices.filter(({ id }) => id !== "meter-1");
        });
        await isRefused("up", /2 devices still depend.*meter-1: .*stray-1: /s, /press/);
        deployment.change((all) => Object.assign(all, kept));
    });

    it("after a rollover, a device that has registered again has moved; the others have not", async () => {
        rotate([1]);
        deployment.change(({ devices }) => devices.push({ id: "meter-2", group: "meters" }));
        await FleetCommand.run(deployment, "up");
        await field.meets("meter-1", await issued("meter-1"));
        // It never had another CA.
        await field.meets("meter-2", await issued("meter-2"));
        rotate([]);
        await isRefused("up", /2 devices still depend.*stray-1: .*press-1: /s, /meter-[12]: /);
        deployment.change((all) => Object.assign(all, { rollover: { accept: 2 } }));
        await FleetCommand.run(deployment, "up");
        await field.meets("meter-1", await issued("meter-1"));
        const again = await FleetCommand.run(deployment, "preview", "--refresh");
        assert.match(again, /total +\d+ unchanged$/m);
    });
});
