import * as assert from "assert";
import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { EnvironmentCredential } from "@azure/identity";
import { Deployment } from "../support/deployment";
import { Field } from "../support/deviceField";
import { shared } from "../support/emulator";
import { connects } from "../support/liveDevice";
import { OpenSsl } from "../support/openssl";

describe("a device that was cut off stays cut off", function () {
    this.timeout(900_000);
    let openssl: OpenSsl;
    let deployment: Deployment;
    let field: Field;

    before(async function () {
        openssl = await OpenSsl.create();
        deployment = await Deployment.make(this, "kept-out", {
            dps: { prefix: "dps-kept-out" },
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: { meters: { keyAlgorithm: "ECDSA-P256", provisioning: "dps" } },
            devices: ["meter-1", "meter-2", "gone-1"].map((id) => ({ id, group: "meters" })),
            maxCutOff: "unlimited",
        });
        await deployment.up();
        field = new Field(deployment, openssl);
    });

    after(async () => {
        await deployment?.remove();
        await openssl?.remove();
    });

    it("on a provisioning service that is replaced, and on one that is created again", async () => {
        const gone = await field.meets("gone-1", await field.device("gone-1"));
        deployment.change((all) => {
            all.devices = all.devices.filter(({ id }) => id !== "gone-1");
        });
        await deployment.up();
        await field.assertOut("gone-1", gone);
        await field.leavesNothing();
        const before = (await field.outputs()).provisioning;
        deployment.change((all) => void (all.dps = { name: "dps-kept-out-anew" }));
        await deployment.up();
        const { provisioning, resourceGroupName } = await field.outputs();
        assert.notEqual(provisioning.idScope, before.idScope);
        await field.assertOut("gone-1", gone);
        await field.meets("meter-1", await field.device("meter-1"));
        await field.leavesNothing();
        const arm = new IotDpsClient(new EnvironmentCredential(), shared().subscriptionId);
        await arm.iotDpsResource.beginDeleteAndWait(provisioning.name, resourceGroupName);
        await deployment.up("--refresh");
        await field.assertOut("gone-1", gone);
        await field.meets("meter-1", await field.device("meter-1"));
        await field.leavesNothing();
    });

    it("a thumbprint that somebody wrote to an identity is reported and corrected", async () => {
        const meter = await field.meets("meter-2", await field.device("meter-2"));
        const thief = await field.stray("meter-2", "meters-g1");
        await field.registers("meter-2", thief);
        const told = await deployment.stack.preview({ refresh: true });
        assert.equal(told.changeSummary.update, 1, told.stdout);
        assert.match(
            told.stdout,
            /"meter-2" of group meters is identified on .* by a certificate that this stack did not issue/,
        );
        await deployment.up("--refresh");
        await assert.rejects(connects(thief));
        await connects(meter);
        await field.leavesNothing();
    });

    it("after a renewal, both certificates are recognized as issued by the stack", async () => {
        const former = await field.device("meter-2");
        deployment.change((all) => void (all.groups.meters.validityDays = 200));
        await deployment.up();
        await field.meets("meter-2", former);
        await field.leavesNothing();
        await field.meets("meter-2", await field.device("meter-2"));
        await field.leavesNothing();
    });

    it("an unlisted device, when one of several generations is dropped", async () => {
        const rotate = (generation: number, ...retain: number[]) => {
            deployment.change((all) => {
                all.groups.meters.intermediate = { generation, retain };
            });
            return deployment.up();
        };
        const first = await field.meets("stray-1", await field.stray("stray-1", "meters-g1"));
        await rotate(2, 1);
        const second = await field.meets("stray-2", await field.stray("stray-2", "meters-g2"));
        await connects(first);
        const printed = await rotate(3, 2);
        assert.match(printed, /refused by their hubs until they register again.*stray-1, stray-2/);
        await field.assertOut("stray-1", first);
        await field.meets("stray-2", second);
        await field.leavesNothing();
        await rotate(3);
        await field.assertOut("stray-2", second);
        await field.leavesNothing();
        // What kept it out is not needed any more.
        await assert.rejects((await field.service()).getIndividualEnrollment("gone-1"));
    });

    it("when it was blocked, its CA was dropped, and its group is unblocked", async () => {
        const stray = await field.meets("stray-3", await field.stray("stray-3", "meters-g3"));
        const change = (settings: Record<string, unknown>) => {
            deployment.change((all) => void Object.assign(all.groups.meters, settings));
            return deployment.up();
        };
        await change({ blocked: true });
        await field.assertOut("stray-3", stray);
        await change({ intermediate: { generation: 4 } });
        await change({ blocked: false });
        await field.assertOut("stray-3", stray);
        await field.leavesNothing();
    });

    it("an unlisted device that is added to the configuration connects with the stack's certificate", async () => {
        deployment.change((all) => void all.devices.push({ id: "stray-1", group: "meters" }));
        await deployment.up();
        await field.leavesNothing();
        await field.meets("stray-1", await field.device("stray-1"));
        await field.leavesNothing();
    });
});
