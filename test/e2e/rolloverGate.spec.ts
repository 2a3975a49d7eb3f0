import * as assert from "assert";
import { execFile } from "child_process";
import * as path from "path";
import { Client } from "azure-iot-device";
import type { GroupRollover } from "../../cli/rollover/groupRollover";
import { reportCertificate } from "../../sample-device/reportCertificate";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";
import { connectDevice, refusal } from "../support/liveDevice";

const repository = path.resolve(__dirname, "../..");
const devices = 200;
const ids = Array.from({ length: devices }, (_, index) => `press-${index}`);

interface Outcome {
    readonly status: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** A whole rollover, as npm run rollover guides through it, while each device is connected. */
describe("the gate before a CA goes, and npm run rollover", function () {
    this.timeout(900_000);
    const { manage } = shared();
    let deployment: Deployment;
    let hub: StackOutputs["hub"];
    let outputs: StackOutputs;
    const clients = new Map<string, Client>();
    let refusals: number;

    before(async function () {
        const settings = {
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: {
                presses: { keyAlgorithm: "ECDSA-P256" },
                meters: { keyAlgorithm: "ECDSA-P256" },
            },
            devices: [
                ...ids.map((id) => ({ id, group: "presses" })),
                { id: "meter-1", group: "meters" },
            ],
            outputDevices: [...ids, "meter-1"],
            rollover: {},
        };
        // As docs/large-fleets.md advises: the state is written once, not after each of 800 steps.
        const variables = { PULUMI_SKIP_CHECKPOINTS: "true" };
        deployment = await Deployment.make(this, "gate", settings, variables);
        await deployment.up();
        outputs = await deployment.outputs();
        hub = outputs.hub;
        refusals = (await manage<unknown[]>("GET", "/refusals")).length;
        await connectAll(ids);
    });

    after(async () => {
        await Promise.all([...clients.values()].map((client) => client.close()));
        await deployment?.remove();
    });

    /** Each leaves and comes back with the certificate of the last run, which it reports. */
    async function connectAll(wanted: readonly string[]): Promise<void> {
        for (const id of wanted) {
            await clients.get(id)?.close();
            const client = await connectDevice(outputs.devices[id]);
            clients.set(id, client);
            await reportCertificate(client, outputs.devices[id].chain);
        }
    }

    async function connected(): Promise<number> {
        const all = await manage<{ hub: string; deviceId: string }[]>("GET", "/connections");
        return all.filter((one) => one.hub === hub.name && one.deviceId.startsWith("press-"))
            .length;
    }

    const settings = (intermediate: object): void =>
        deployment.change(({ groups }) => {
            groups.presses.intermediate = intermediate;
        });

    function rollover(...args: string[]): Promise<Outcome> {
        const { project, name, variables } = deployment;
        return new Promise((resolve) => {
            execFile(
                "bash",
                [path.join(repository, "scripts/rollover.sh"), "--stack", name, ...args],
                { cwd: project.folder, env: variables, maxBuffer: 64 * 1024 * 1024 },
                (error, stdout, stderr) =>
                    resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
            );
        });
    }

    /** Counts of the earlier generation, and what to do next. */
    async function stands(): Promise<{ counts: Record<string, number>; next: string }> {
        const { status, stdout, stderr } = await rollover("--group", "presses", "--json");
        const { groups } = JSON.parse(stdout || `{"groups":[]}`) as { groups: GroupRollover[] };
        assert.equal(groups.length, 1, stderr);
        const [{ earlier, next }] = groups;
        const counts: Record<string, number> = { status };
        for (const { state } of earlier.flatMap((one) => one.devices)) {
            counts[state] = (counts[state] ?? 0) + 1;
        }
        return { counts, next: next.join("\n") };
    }

    async function isRefused(run: () => Promise<unknown>, why: RegExp): Promise<void> {
        await assert.rejects(run(), ({ message }: Error) => {
            assert.match(message, why);
            assert.doesNotMatch(message, /PRIVATE KEY|^ +at /m);
            return true;
        });
    }

    it("refuses a rotation without retain in preview and up, and names the devices", async () => {
        settings({ generation: 2 });
        const why =
            /remove CAs that 200 devices still depend on.*Nothing was changed.*group presses, generation 1: 200 devices.*press-0: not moved, it reported an earlier certificate.*and 100 more.*groups\.presses\.intermediate\.retain.*rollover\.accept 200/s;
        await isRefused(() => deployment.stack.preview(), why);
        await isRefused(() => deployment.up(), why);
        assert.equal((await deployment.authorities()).length, 2);
        assert.equal(await connected(), devices);
    });

    it("guides: begins with both generations, and all devices have yet to move", async () => {
        settings({});
        const { counts, next } = await stands();
        assert.deepEqual(counts, { status: 0 });
        assert.match(next, /intermediate\.generation 2\n.*'?iot-x509:.*retain\[0\]'? 1\n/);
        settings({ generation: 2, retain: [1] });
        await deployment.up();
        outputs = await deployment.outputs();
        const now = await stands();
        assert.deepEqual(now.counts, { status: 3, "not moved": devices });
        assert.match(now.next, /fleet -- certificates --changed/);
    });

    it("names those that have not moved, while half have, and keeps the CA", async () => {
        await connectAll(ids.slice(0, devices / 2));
        const { counts } = await stands();
        assert.deepEqual(counts, { status: 3, "not moved": devices / 2, moved: devices / 2 });
        settings({ generation: 2 });
        const { next } = await stands();
        assert.match(next, /no longer retain generation 1.*refused.*retain\[0\]'? 1$/s);
        await isRefused(
            () => deployment.up(),
            /100 devices still depend on.*press-100: not moved.*press-199: not moved/s,
        );
        assert.equal(await connected(), devices);
    });

    it("lets the CA go when all have moved; none of 200 live devices was refused", async () => {
        await connectAll(ids.slice(devices / 2));
        settings({ generation: 2, retain: [1] });
        const { counts, next } = await stands();
        assert.deepEqual(counts, { status: 0, moved: devices });
        assert.match(
            next,
            /config rm --path '?iot-x509:groups\.presses\.intermediate\.retain\[0\]/,
        );
        settings({ generation: 2 });
        await deployment.up();
        assert.equal((await deployment.authorities()).length, 2);
        assert.equal(await connected(), devices);
        assert.equal((await manage<unknown[]>("GET", "/refusals")).length, refusals);
    });

    it("lets a CA go whose devices are accepted, and with the group blocked at once", async () => {
        deployment.change((all) => {
            all.groups.meters.intermediate = { generation: 2 };
            all.rollover = { accept: ["meter-2"] };
        });
        await isRefused(
            () => deployment.stack.preview(),
            /1 devices? still depend.*meter-1: unknown, nothing shows which certificate it has.*rollover\.accept also has what does not depend on them: meter-2$/ms,
        );
        deployment.change((all) => {
            all.rollover = { accept: ["meter-1"] };
            all.groups.presses.blocked = true;
        });
        const meter = outputs.devices["meter-1"];
        await deployment.up();
        assert.equal(await refusal(meter), "issuerNotUploaded");
        assert.equal(await connected(), 0);
        await deployment.pulumi("preview", "--refresh", "--expect-no-changes");
    });

    it("an unknown group is refused with the groups that there are", async () => {
        const { status, stderr } = await rollover("--group", "pressse");
        assert.equal(status, 1);
        assert.match(
            stderr,
            /--group "pressse": must be a group of the stack gate: presses, meters/,
        );
    });
});
