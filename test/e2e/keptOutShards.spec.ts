import * as assert from "assert";
import { Deployment } from "../support/deployment";
import { Field } from "../support/deviceField";
import { FleetCommand } from "../support/fleetCommand";
import { OpenSsl } from "../support/openssl";

describe("an unlisted device, in a fleet with fleet stacks", function () {
    this.timeout(900_000);
    let openssl: OpenSsl;
    let deployment: Deployment;
    let field: Field;

    before(async function () {
        openssl = await OpenSsl.create();
        const group = { keyAlgorithm: "ECDSA-P256", provisioning: "dps" };
        deployment = await Deployment.make(this, "kept-shards", {
            dps: {},
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: {
                meters: group,
                pumps: group,
                valves: { keyAlgorithm: "ECDSA-P256" },
            },
            devices: ["meter-1", "pump-1", "valve-1"].map((id) => ({
                id,
                group: `${id.slice(0, -2)}s`,
            })),
            shards: 2,
        });
        await FleetCommand.run(deployment, "up");
        field = new Field(deployment, openssl);
    });

    after(async () => {
        await deployment?.remove();
        await openssl?.remove();
    });

    it("is cut off when its group is blocked or deleted; previews name it", async () => {
        const meter = await field.meets("stray-1", await field.stray("stray-1", "meters-g1"));
        const pump = await field.meets("stray-2", await field.stray("stray-2", "pumps-g1"));
        deployment.change((all) => {
            delete all.groups.meters;
            all.groups.pumps.blocked = true;
            all.devices = all.devices.filter(({ id }) => id !== "meter-1");
        });
        const announced =
            /refused from this run on by .*: 2 devices\n.*meter-1: leaves .*\n.*pump-1: its group pumps is blocked/;
        assert.match(await FleetCommand.run(deployment, "preview"), announced);
        assert.match(await FleetCommand.run(deployment, "up"), announced);
        await field.assertOut("stray-1", meter);
        await field.assertOut("stray-2", pump);
        const { individuals } = await field.enrollments();
        assert.deepEqual(individuals, []);
        const second = await FleetCommand.run(deployment, "preview", "--refresh");
        assert.doesNotMatch(second, /\b(create|update|replace|delete) |refused from this run/);
    });

    it("is named by a plain refresh even if it did not register", async () => {
        const registry = await deployment.registry();
        await registry.create({ deviceId: "lodger-1" });
        const { stdout } = await deployment.stack.refresh();
        assert.match(
            stdout,
            /devices on .* that this stack did not declare: lodger-1, stray-1; .* --auth-type login/,
        );
        assert.doesNotMatch(stdout, /CA certificates on/);
    });
});
