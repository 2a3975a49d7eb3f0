import * as assert from "assert";
import { execFileSync } from "child_process";
import { X509Certificate } from "crypto";
import {
    cpSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { Device } from "azure-iothub";
import { Deployment } from "../support/deployment";
import { certificatesOf } from "../support/deviceFiles";
import { shared } from "../support/emulator";
import { FleetCommand } from "../support/fleetCommand";
import { HeldDevice, heldDevices, stackNames } from "../support/fleetStates";
import { connectDevice, connects, liveConnection } from "../support/liveDevice";
import { processesIn } from "../support/providerHost";

/** Of a device in the state: certificate and identity, the key encrypted. */
const largestDevice = 4096;
const groups = {
    pumps: { keyAlgorithm: "ECDSA-P256" },
    valves: { keyAlgorithm: "ECDSA-P256" },
};
const deviceNames = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
        id: `device-${String(index).padStart(4, "0")}`,
        group: index % 3 === 0 ? "valves" : "pumps",
    }));

async function until(test: () => Promise<boolean>): Promise<void> {
    while (!(await test())) {
        await sleep(50);
    }
}

describe("a fleet in shards (npm run fleet)", function () {
    this.timeout(300_000);
    const { manage } = shared();
    let deployment: Deployment;
    let held: ReadonlyMap<string, HeldDevice>;
    let hubName: string;

    before(async function () {
        deployment = await Deployment.make(this, "fleet", {
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups,
            devices: [],
            outputDevices: [],
        });
        await deployment.up();
        hubName = (await deployment.outputs()).hub.name;
    });

    after(() => deployment?.remove());

    const fleet = (...args: string[]): Promise<string> => FleetCommand.run(deployment, ...args);

    async function onHub(): Promise<Device[]> {
        const { responseBody } = await (await deployment.registry()).list();
        return responseBody as unknown as Device[];
    }

    /** Deleting and making a device anew would give it another generation. */
    async function generations(): Promise<Record<string, string | undefined>> {
        const devices = await onHub();
        return Object.fromEntries(devices.map((one) => [one.deviceId, one.generationId]));
    }

    function credentials(id: string) {
        const { chain, privateKey } = held.get(id) as HeldDevice;
        const host = `${hubName}.azure-devices.net`;
        return {
            connectionString: `HostName=${host};DeviceId=${id};x509=true`,
            chain,
            privateKey,
        };
    }

    /** Certificates and keys that are where they were made. */
    async function assertKept(before: ReadonlyMap<string, HeldDevice>): Promise<void> {
        held = heldDevices(deployment);
        for (const [id, device] of before) {
            assert.equal(held.get(id)?.chain, device.chain, id);
            assert.equal(held.get(id)?.privateKey, device.privateKey, id);
        }
    }

    it(`needs at most ${largestDevice} bytes of the state file per device`, async () => {
        const file = deployment.project.stateFile("fleet");
        // From its second run on, the hub's record names the parts of it that are left alone.
        await deployment.up();
        const empty = readFileSync(file).length;
        const devices = deviceNames(24);
        deployment.change((settings) => void (settings.devices = devices));
        await deployment.up();
        const bytes = (readFileSync(file).length - empty) / devices.length;
        console.log(`      ${bytes.toFixed(0)} bytes a device`);
        assert.ok(bytes <= largestDevice, `${bytes} bytes`);
        held = heldDevices(deployment);
        assert.equal(held.size, devices.length);
    });

    it("moves from one stack to shards: no certificate reissued, no device dropped, no connection ended", async () => {
        const [before, devicesBefore] = [held, await generations()];
        const device = await connectDevice(credentials("device-0001"));
        const connection = await liveConnection(hubName, "device-0001");
        assert.ok(connection);
        const preview = await fleet("preview", "--shards", "2");
        assert.match(preview, /resources to move from fleet to fleet-shard-1/);
        const text = await fleet("up", "--shards", "2");
        assert.equal(text.match(/^Azure: login by a client secret as /gm)?.length, 1);
        assert.match(text, /^24 devices to move to other stacks: only states change$/m);
        assert.deepEqual(stackNames(deployment), ["fleet", "fleet-shard-1", "fleet-shard-2"]);
        await assertKept(before);
        assert.deepEqual(
            [...held.values()].filter(({ stack }) => stack === "fleet"),
            [],
        );
        assert.deepEqual(await generations(), devicesBefore);
        assert.deepEqual(await liveConnection(hubName, "device-0001"), connection);
        await device.close();
        await connects(credentials("device-0002"));
    });

    it("has nothing to do afterwards, and a refresh of both shards reads each device once", async () => {
        await manage("DELETE", "/requests");
        const text = await fleet("preview", "--refresh");
        assert.match(text, /total +\d+ unchanged$/m);
        const { requests } = await manage<{ requests: { path: string }[] }>("GET", "/requests");
        const paths = requests.map(({ path }) => path.split("?")[0]);
        const twins = paths.filter((path) => path.startsWith("/twins/"));
        assert.deepEqual([twins.length, new Set(twins).size], [held.size, held.size]);
        // What nobody declared: once by the refresh, once by the program; and what the states have lost.
        const others = paths.filter((path) => path.startsWith("/devices"));
        assert.deepEqual(others, ["/devices/query", "/devices/query", "/devices/query"]);
        const { changeSummary } = await deployment.stack.preview();
        assert.deepEqual(Object.keys(changeSummary), ["same"]);
    });

    it("stores no CA key in a device's state, and no unencrypted key in any file", async () => {
        for (const { resources, chain } of held.values()) {
            const [leaf] = certificatesOf(chain);
            const text = JSON.stringify(resources);
            const keys = text.match(/-----BEGIN [A-Z ]*PRIVATE KEY/g) ?? [];
            assert.equal(keys.length, 1, new X509Certificate(leaf).subject);
        }
        for (const stack of stackNames(deployment)) {
            const file = deployment.project.stateFile(stack);
            assert.doesNotMatch(readFileSync(file, "utf8"), /PRIVATE KEY/);
        }
    });

    it("leaves no settings file of a fleet stack, and refuses to deploy one by itself", async () => {
        const files = readdirSync(deployment.project.folder);
        assert.deepEqual(
            files.filter((name) => /^Pulumi\..+\.yaml$/.test(name)),
            ["Pulumi.fleet.yaml"],
        );
        const shard = await deployment.project.stack("fleet-shard-1");
        rmSync(deployment.project.file("Pulumi.fleet-shard-1.yaml"), { force: true });
        await assert.rejects(shard.preview(), /organization/);
        await assert.rejects(shard.destroy(), /in a fleet stack.*npm run fleet -- destroy/);
        rmSync(deployment.project.file("Pulumi.fleet-shard-1.yaml"), { force: true });
    });

    it("writes the devices' files, and with --changed only those whose content differs", async () => {
        const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-files-"));
        const out = path.join(folder, "credentials");
        const text = await fleet("certificates", "--out", out);
        assert.match(text, /certificates of 24 devices written .*; 24 generated keys$/m);
        for (const [id, { chain, privateKey }] of held) {
            const files = [`${id}.pem`, `${id}.key`].map((name) => path.join(out, name));
            assert.deepEqual(
                files.map((file) => readFileSync(file, "utf8")),
                [chain, privateKey],
            );
            assert.deepEqual(
                [out, ...files].map((file) => statSync(file).mode & 0o777),
                [0o700, 0o600, 0o600],
            );
        }
        rmSync(path.join(out, "device-0003.key"));
        assert.match(
            await fleet("certificates", "--out", out, "--changed"),
            /^ +device-0003\n.* 1 device written to .*, 23 devices unchanged/m,
        );
        execFileSync("git", ["init", "-q", folder]);
        await assert.rejects(fleet("certificates", "--out", out), /in a git repository that/);
        writeFileSync(path.join(folder, ".gitignore"), "credentials/\n");
        await fleet("certificates", "--out", out, "--changed");
        rmSync(folder, { recursive: true });
    });

    it("every command refuses a stack of another organization or project", async () => {
        for (const [stack, why] of [
            ["acme/iot-x509/fleet", /which has no organizations/],
            ["organization/other/fleet", /belongs to the project other/],
        ] as const) {
            for (const args of [["preview"], ["up"], ["destroy", "--yes"]]) {
                await assert.rejects(fleet(...args, "--stack", stack), why);
            }
        }
    });

    it("previews an added device only in its shard, and creates it", async () => {
        deployment.change(({ devices }) => void devices.push({ id: "added", group: "pumps" }));
        const preview = await fleet("preview");
        assert.match(preview, /^ +create DeviceCertificate added\n +create DeviceIdentity added$/m);
        assert.match(
            preview,
            /total +\d+ unchanged, 2 to create|total +2 to create, \d+ unchanged/,
        );
        await fleet("up");
        held = heldDevices(deployment);
        await connects(credentials("added"));
    });

    it("a failing device fails alone, and the next up creates it", async () => {
        const registry = await deployment.registry();
        await registry.create({ deviceId: "not-ours" });
        deployment.change(({ devices }) => {
            devices.push({ id: "not-ours", group: "pumps" }, { id: "beside-it", group: "pumps" });
        });
        const failed = await FleetCommand.start(deployment, "up").ended;
        assert.equal(failed.status, 1, failed.text);
        assert.match(failed.text, /not-ours[^]*adopt/);
        assert.match(failed.text, /^1 of 3 stacks are not done\./m);
        held = heldDevices(deployment);
        await connects(credentials("beside-it"));
        await registry.delete("not-ours");
        await fleet("up");
        held = heldDevices(deployment);
        await connects(credentials("not-ours"));
    });

    it("moves to more shards the same way, and no other run can interfere", async () => {
        const [before, devicesBefore] = [held, await generations()];
        const first = FleetCommand.start(deployment, "up", "--shards", "3");
        await until(async () => stackNames(deployment).includes("fleet-fleet-lock"));
        const clone = mkdtempSync(path.join(tmpdir(), "iot-x509-clone-"));
        cpSync(deployment.project.folder, clone, { recursive: true });
        const { name, variables } = deployment;
        for (const [folder, ...args] of [
            [deployment.project.folder, "up", "--shards", "2"],
            [clone, "destroy", "--yes"],
        ]) {
            const other = { name, variables, project: { folder } };
            const { status, text } = await FleetCommand.start(other, ...args).ended;
            assert.equal(status, 1, text);
            assert.match(text, /another run .* is under way for fleet, and nothing was changed/);
        }
        rmSync(clone, { recursive: true });
        const { status, text } = await first.ended;
        assert.equal(status, 0, text);
        await assertKept(before);
        assert.deepEqual(await generations(), devicesBefore);
        assert.equal(new Set([...held.values()].map(({ stack }) => stack)).size, 3);
    });

    it("moves back to one stack, and to a stack for each group", async () => {
        const [before, devicesBefore] = [held, await generations()];
        deployment.change((settings) => void delete settings.shards);
        await assert.rejects(deployment.up(), /are in fleet stacks, .* would all get new keys/);
        await fleet("up");
        assert.deepEqual(stackNames(deployment), ["fleet"]);
        await assertKept(before);
        await fleet("up", "--shards", "group");
        assert.deepEqual(stackNames(deployment), [
            "fleet",
            "fleet-group-pumps",
            "fleet-group-valves",
        ]);
        await assertKept(before);
        assert.deepEqual(await generations(), devicesBefore);
    });

    /** Ends a run in its middle: after the hub has answered the first request that makes devices. */
    async function endedInTheMiddle(end: (command: FleetCommand) => void) {
        await manage("DELETE", "/requests");
        const command = FleetCommand.start(deployment, "up");
        let isOver = false;
        void command.ended.then(() => (isOver = true));
        while (!isOver) {
            const { requests } = await manage<{ requests: { method: string; path: string }[] }>(
                "GET",
                "/requests",
            );
            if (requests.some(({ method, path }) => method === "POST" && /^\/devices/.test(path))) {
                end(command);
                break;
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return command.ended;
    }

    // More than the 100 identities that S1 takes at once: the others wait for the hub's pace.
    it("an interrupted run leaves no process, and the same command continues it", async () => {
        deployment.change((settings) => {
            settings.devices = [...settings.devices, ...deviceNames(180).slice(24)];
        });
        const { status, text } = await endedInTheMiddle((command) => command.interrupt());
        assert.deepEqual(processesIn(deployment.project.folder), []);
        assert.equal(status, 130, text);
        assert.match(text, /The same command continues with what is left\.$/m);
        const made = heldDevices(deployment);
        assert.ok(made.size < 183, `${made.size} devices: nothing was left to do`);
        await fleet("up");
        await assertKept(made);
        assert.equal(held.size, 183);
        assert.equal((await onHub()).length, 183);
    });

    it("a killed run continues after its locks are released as the error says", async () => {
        deployment.change(({ devices }) => devices.push(...deviceNames(240).slice(180)));
        await endedInTheMiddle((command) => command.killAll());
        const killed = await FleetCommand.start(deployment, "up").ended;
        assert.match(killed.text, /was killed and left fleet locked; nothing was changed/);
        const [, lock] = /"pulumi stack rm (\S+) --yes"/.exec(killed.text) ?? [];
        await deployment.stack.workspace.removeStack(lock);
        const locked = await FleetCommand.start(deployment, "up").ended;
        const remedies = [...locked.text.matchAll(/pulumi (cancel --stack (\S+))"/g)];
        assert.ok(locked.status === 1 && remedies.length > 0, locked.text);
        for (const [, , stack] of remedies) {
            await (await deployment.project.stack(stack)).cancel();
        }
        await fleet("up");
        held = heldDevices(deployment);
        assert.deepEqual(
            (await onHub()).map(({ deviceId }) => deviceId).sort(),
            [...held.keys()].sort(),
        );
        assert.equal(held.size, 243);
        await connects(credentials("device-0239"));
    });

    it("is destroyed with its hub and stacks", async () => {
        const text = await fleet("destroy", "--yes");
        assert.match(text, /total +\d+ deleted$/m);
        assert.deepEqual(stackNames(deployment), ["fleet"]);
        const hubs = await manage<{ hub: string }[]>("GET", "/hubs");
        assert.ok(!hubs.some(({ hub }) => hub === hubName));
    });
});
