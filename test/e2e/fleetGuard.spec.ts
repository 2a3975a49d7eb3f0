import * as assert from "assert";
import { existsSync, readFileSync, writeFileSync } from "fs";
import { setTimeout as sleep } from "timers/promises";
import { Deployment, StackSettings } from "../support/deployment";
import { shared } from "../support/emulator";
import { FleetCommand } from "../support/fleetCommand";
import { stackNames } from "../support/fleetStates";

describe("a hub's stack whose shards were set by hand", function () {
    this.timeout(300_000);
    const { manage } = shared();
    let deployment: Deployment;
    let hubName: string;

    before(async function () {
        // Without groups: nothing but the devices is a dynamic resource.
        deployment = await Deployment.make(this, "guard", {
            groups: {},
            deviceDefaults: {},
            devices: ["gate-1", "gate-2"].map((id, index) => ({
                id,
                auth: "thumbprint",
                thumbprints: [`A${index}`.repeat(32)],
            })),
            outputDevices: [],
        });
        await deployment.up();
        hubName = (await deployment.outputs()).hub.name;
    });

    after(() => deployment?.remove());

    const project = () => deployment.project;

    it("refuses to delete the devices that it still holds", async () => {
        deployment.change((settings) => (settings.shards = 2));
        await assert.rejects(deployment.up(), /"npm run fleet -- up" moves it to its fleet stack/);
        const devices = (await (await deployment.registry()).list()).responseBody;
        assert.deepEqual(devices.map(({ deviceId }) => deviceId).sort(), ["gate-1", "gate-2"]);
    });

    it("is left alone while another hub's stack has the name of a fleet stack", async () => {
        const { project, stack } = deployment;
        const settings = { "iot-x509:organization": "Another hub's" };
        project.changeSettings("guard-shard-2", (config) => Object.assign(config, settings));
        await stack.workspace.createStack("guard-shard-2");
        const { status, text } = await FleetCommand.start(deployment, "up").ended;
        assert.equal(status, 1);
        assert.match(text, /the stack "guard-shard-2" does not belong to guard's fleet/);
        assert.deepEqual(stackNames(deployment), ["guard", "guard-shard-2"]);
        await stack.workspace.removeStack("guard-shard-2");
    });

    it("is refused by itself as soon as the first device moves", async () => {
        const moving = FleetCommand.start(deployment, "up");
        const shard = project().stateFile("guard-shard-1");
        while (!(existsSync(shard) && readFileSync(shard, "utf8").includes("::gate-"))) {
            await sleep(20);
        }
        moving.killAll();
        await moving.ended;
        deployment.change((settings) => void delete settings.shards);
        await assert.rejects(deployment.up(), /would all get new keys/);
        await deployment.stack.workspace.removeStack("guard-fleet-lock");
        await (await project().stack("guard-shard-1")).cancel();
        await deployment.stack.cancel();
        await FleetCommand.run(deployment, "up");
        assert.deepEqual(await deployment.plan(), []);
    });

    it("gets another passphrase together with its fleet stacks", async () => {
        await FleetCommand.run(deployment, "up", "--shards", "1");
        const file = project().file("new-passphrase");
        writeFileSync(file, "another passphrase\n");
        const change = ["change-secrets-provider", "passphrase", "--new-passphrase-file", file];
        await FleetCommand.run(deployment, ...change);
        assert.match(
            (await FleetCommand.start(deployment, "up").ended).text,
            /incorrect passphrase[^]*change-secrets-provider passphrase --new-passphrase-file/,
        );
        // Going on after an interruption finds nothing left to do.
        assert.match(
            await FleetCommand.run(deployment, ...change),
            /already has the new passphrase/,
        );
    });

    it("works with it, and keeps its CAs when a destroy is refused because of protection", async () => {
        deployment.variables.PULUMI_CONFIG_PASSPHRASE = "another passphrase";
        deployment.change((settings) => {
            settings.protect = true;
            settings.groups = { pumps: {} };
        });
        await FleetCommand.run(deployment, "up");
        const authorities = await deployment.authorities();
        const { status, text } = await FleetCommand.start(deployment, "destroy", "--yes").ended;
        assert.equal(status, 1, text);
        assert.match(
            text,
            /protected from deletion: \d+ resources of guard, .*nothing was deleted/,
        );
        assert.ok(authorities.length > 0);
        assert.deepEqual(await deployment.authorities(), authorities);
    });

    it("is refused under another name, which its fleet stacks do not know", async () => {
        deployment.change((settings) => {
            settings.protect = false;
        });
        await FleetCommand.run(deployment, "up");
        const former = deployment.name;
        deployment = await deployment.renamed("guard-renamed");
        for (const verb of ["preview", "up"]) {
            const { status, text } = await FleetCommand.start(deployment, verb).ended;
            assert.equal(status, 1, text);
            assert.match(text, /guard-shard-1, of the stack "guard", which does not exist/);
            assert.match(text, /pulumi stack rename guard --stack guard-renamed/);
        }
        deployment = await deployment.renamed(former);
        assert.match(await FleetCommand.run(deployment, "preview"), /\d+ unchanged\n/);
    });

    it("is refused while the hub lets in a device that a fleet stack has lost", async () => {
        const stack = await project().stack("guard-shard-1");
        Object.assign(stack.workspace.envVars, deployment.variables);
        const state = await stack.exportStack();
        const { resources } = state.deployment as { resources: { urn: string }[] };
        const kept = resources.filter(({ urn }) => !urn.endsWith("::gate-2"));
        assert.equal(kept.length, resources.length - 1);
        state.deployment.resources = kept;
        await stack.importStack(state);
        let taken: StackSettings["devices"] = [];
        deployment.change(({ devices }) => (taken = devices.splice(1)));
        for (const verb of ["preview", "up"]) {
            const { status, text } = await FleetCommand.start(deployment, verb).ended;
            assert.equal(status, 1, text);
            assert.match(text, /neither its configuration nor its state has: gate-2; delete/);
        }
        deployment.change(({ devices }) => devices.push(...taken));
        await FleetCommand.run(deployment, "up");
        deployment.change(({ devices }) => devices.splice(1));
        await FleetCommand.run(deployment, "up");
        const left = (await (await deployment.registry()).list()).responseBody;
        assert.deepEqual(
            left.map(({ deviceId }) => deviceId),
            ["gate-1"],
        );
    });

    it("is destroyed by the fleet's command once nothing is protected", async () => {
        await FleetCommand.run(deployment, "destroy", "--yes");
        const hubs = await manage<{ hub: string }[]>("GET", "/hubs");
        assert.ok(!hubs.some(({ hub }) => hub === hubName));
    });
});
