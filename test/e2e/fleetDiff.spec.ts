import * as assert from "assert";
import { execFile } from "child_process";
import { writeFileSync } from "fs";
import * as path from "path";
import { FleetDiff } from "../../cli/diff/fleetDiff";
import { markdown } from "../../cli/diff/markdown";
import { terminalLines } from "../../cli/diff/terminal";
import { Deployment } from "../support/deployment";
import { FleetCommand } from "../support/fleetCommand";
import { HeldDevice, heldDevices } from "../support/fleetStates";
import { connects } from "../support/liveDevice";

const script = path.resolve(__dirname, "../../scripts/diff.sh");
const pack = path.resolve(__dirname, "../../policy");
const hubName = "iot-fleet-diff";

interface Outcome {
    readonly status: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** What `npm run diff` says of a change, against whom the hub refuses after it. */
describe("npm run diff tells what up does to the fleet", function () {
    this.timeout(600_000);
    let deployment: Deployment;

    before(async function () {
        deployment = await Deployment.make(this, "differ", {
            hub: { name: hubName },
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: {
                presses: { keyAlgorithm: "ECDSA-P256" },
                meters: { keyAlgorithm: "ECDSA-P256" },
            },
            devices: [
                ...["press-1", "press-2", "press-3"].map((id) => ({ id, group: "presses" })),
                ...["meter-1", "meter-2", "meter-3", "meter-4"].map((id) => ({
                    id,
                    group: "meters",
                })),
            ],
            outputDevices: [],
        });
        await FleetCommand.run(deployment, "up", "--shards", "2");
    });

    after(() => deployment?.remove());

    function run(...args: string[]): Promise<Outcome> {
        const { project, name, variables } = deployment;
        const stack = args.includes("--from") ? [] : ["--stack", name];
        return new Promise((resolve) => {
            execFile(
                "bash",
                [script, ...args, ...stack],
                { cwd: project.folder, env: variables, maxBuffer: 64 * 1024 * 1024 },
                (error, stdout, stderr) =>
                    resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
            );
        });
    }

    async function refusedBy(devices: ReadonlyMap<string, HeldDevice>): Promise<string[]> {
        const refused: string[] = [];
        for (const [id, { chain, privateKey }] of devices) {
            const connectionString = `HostName=${hubName}.azure-devices.net;DeviceId=${id};x509=true`;
            try {
                await connects({ connectionString, chain, privateKey });
            } catch (error) {
                assert.equal((error as Error).name, "UnauthorizedError");
                refused.push(id);
            }
        }
        return refused.sort();
    }

    const devicesOf = (diff: FleetDiff, kind: string): string[] =>
        diff.devices.changes.filter((one) => one.kind === kind).map(({ device }) => device);

    it("says that nothing changes in one line", async () => {
        const { status, stdout, stderr } = await run();
        assert.equal(status, 0, stderr);
        assert.equal(stdout, "No changes: the fleet of differ stays as it is.\n");
    });

    it("names those whom the hub refuses after the change, and no others", async () => {
        const former = heldDevices(deployment);
        const began = Date.now();
        assert.deepEqual(await refusedBy(former), []);
        deployment.change(({ groups, devices }) => {
            groups.presses.intermediate = { generation: 2, retain: [1] };
            const kept = devices.filter(({ id }) => id !== "meter-2" && id !== "meter-3");
            const added = ["meter-5", "meter-6", "press-4"].map((id) => ({
                id,
                group: id.startsWith("meter") ? "meters" : "presses",
            }));
            devices.splice(0, devices.length, ...kept, ...added);
            Object.assign(devices.find(({ id }) => id === "press-3") ?? {}, { status: "disabled" });
        });
        const rules = deployment.project.file("rules.json");
        writeFileSync(rules, JSON.stringify({ names: { device: "^(press|meter-[1-5]$)" } }));
        const held = await run(
            ...["--json", "--fail-on", "access-lost,delete=2,ca-removed,replace"],
            ...["--policy-pack", pack, "--policy-pack-config", rules],
        );
        assert.equal(held.status, 3, held.stderr);
        assert.match(
            held.stderr,
            /^held back by the policy pack: names \(differ-shard-\d\): .*meter-6/m,
        );
        assert.match(held.stderr, /^held back by --fail-on: access-lost: 3 of the devices$/m);
        assert.doesNotMatch(held.stderr, /held back by --fail-on: (?!access-lost)/);
        const diff = JSON.parse(held.stdout) as FleetDiff;
        for (const text of [held.stdout, terminalLines(diff).join("\n"), markdown(diff)]) {
            assert.doesNotMatch(text, /-----|MII[A-Za-z0-9+/]{20}|ciphertext|\[secret\]/);
        }

        assert.deepEqual(
            diff.violations.map(({ policy, isMandatory }) => [policy, isMandatory]),
            [["names", true]],
        );
        // They connected a moment ago, and the hub noted it.
        for (const { today } of diff.access.lost) {
            assert.equal(today?.status, "enabled");
            assert.ok(Date.parse(today?.lastActivity ?? "") >= began);
        }

        await FleetCommand.run(deployment, "up");
        const refused = await refusedBy(former);
        assert.deepEqual(refused, ["meter-2", "meter-3", "press-3"]);
        assert.deepEqual(
            diff.access.lost.map(({ device, refused: how }) => `${device} ${how}`),
            refused.map((id) => `${id} connect`),
        );

        const present = heldDevices(deployment);
        const reissued = [...former].filter(([id, { chain }]) => {
            const now = present.get(id);
            return now !== undefined && now.chain !== chain;
        });
        assert.deepEqual(devicesOf(diff, "certificate"), reissued.map(([id]) => id).sort());
        assert.deepEqual(
            devicesOf(diff, "added"),
            [...present.keys()].filter((id) => !former.has(id)).sort(),
        );
        assert.deepEqual(devicesOf(diff, "deleted"), ["meter-2", "meter-3"]);
        assert.deepEqual(devicesOf(diff, "disabled"), ["press-3"]);
        assert.deepEqual(diff.devices.before, { devices: 7, enabled: 7 });
        assert.deepEqual(diff.devices.after, { devices: 8, enabled: 7 });
        assert.deepEqual(
            diff.access.kept.map(({ group, devices }) => [group, devices]),
            [["presses", ["press-1", "press-2"]]],
        );
        const cas = await deployment.authorities();
        const [limit] = diff.limits;
        assert.deepEqual([limit.what, limit.count], ["CAs on the hub", cas.length]);
    });

    it("tells of a rotation without a rollover, and of the CA that goes", async () => {
        const former = heldDevices(deployment);
        const enabled = new Map([...former].filter(([id]) => id !== "press-3"));
        deployment.change(({ groups }) => (groups.meters.intermediate = { generation: 2 }));
        const { status, stdout, stderr } = await run("--json", "--fail-on", "ca-removed");
        assert.equal(status, 3, stderr);
        const diff = JSON.parse(stdout) as FleetDiff;
        assert.match(diff.warnings.join("\n"), /Group meters is rotated without a rollover/);
        await FleetCommand.run(deployment, "up");
        assert.deepEqual(
            diff.access.lost.map(({ device }) => device),
            await refusedBy(enabled),
        );
    });
});
