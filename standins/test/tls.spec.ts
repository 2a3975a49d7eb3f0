import { strict as assert } from "assert";
import { Props } from "./providerClient";
import { comparable, Recorded, recordedPreviews, recordedState } from "./recordings";
import { isSecret, plain, Stack } from "./stack";
import { changeOf, newStack, Plugins, program, startPlugins } from "./tlsProgram";

const stateFile = "tls-random-state.json";
const early = "tls-random-state-early-renewal.json";
const previews = recordedPreviews("tls-random-previews.jsonl");

/** Values that every run makes anew, as forms: what stands in them, not which. */
function form(value: unknown): unknown {
    if (typeof value !== "string") {
        return value;
    }
    const label =
        /^(?:\(PEM block "(.*)", line feed after it\)|-----BEGIN (.*)-----\n[^]*\n-----END \2-----\n)$/.exec(
            value,
        );
    if (label !== null) {
        return `PEM ${label[1] ?? label[2]}`;
    }
    return value
        .replace(/^\d{30,39}$/, "serial of 128 bits")
        .replace(/^[0-9a-f]{40}$/, "SHA-1")
        .replace(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/, "MD5")
        .replace(/^SHA256:[A-Za-z0-9+/]{43}$/, "SHA-256")
        .replace(/^((ssh-rsa|ecdsa-sha2-\S+) AAAA[A-Za-z0-9+/]{8,12}).*=*\n$/, "$1")
        .replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, "RFC 3339")
        .replace(/^[a-z0-9]{6}$/, "random string");
}

const forms = (values: Props): Props =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, form(value)]));

describe("stand-ins of tls and random beside the official plug-ins' recordings", () => {
    let plugins: Plugins;
    let stack: Stack;
    before(async function () {
        this.timeout(120_000);
        plugins = await startPlugins();
        stack = newStack(plugins);
        await stack.up(program());
    });
    after(() => plugins.stop());

    for (const recorded of recordedState(stateFile)) {
        it(`${recorded.name}: inputs, outputs, id and secrets are the recorded ones`, () => {
            const made = stack.state.get(recorded.name);
            assert.ok(made !== undefined);
            assert.equal(form(made.id), form(recorded.id));
            assert.equal(made.id, made.outputs.id);
            assert.deepEqual(forms(made.inputs), forms(recorded.inputs));
            assert.deepEqual(forms(plain(made.outputs)), forms(recorded.outputs));
            const secrets = Object.keys(made.outputs).filter((name) =>
                isSecret(made.outputs[name]),
            );
            assert.deepEqual(secrets.sort(), [...recorded.secrets].sort());
        });
    }

    for (const { change, steps } of previews.slice(0, -2)) {
        it(`${change}: the recorded steps, from its own state and from the official one`, async () => {
            const changed = program(changeOf(change));
            assert.deepEqual((await stack.preview(changed)).map(comparable), steps);
            const official = stackOf(recordedState(stateFile));
            assert.deepEqual(await official.preview(program()), []);
            assert.deepEqual((await official.preview(changed)).map(comparable), steps);
        });
    }

    const [renewal, renewalAfterRefresh] = previews.slice(-2);
    const renewing = program({ early: 90_000 });

    it("a certificate within its early renewal is ready for it from the start and replaced at every preview, with and without a refresh", async () => {
        const own = newStack(plugins);
        await own.up(renewing);
        for (const { name, outputs } of recordedState(early)) {
            assert.deepEqual(forms(plain(own.state.get(name)?.outputs ?? {})), forms(outputs));
        }
        const others = recordedState(stateFile).filter(({ name }) => name !== "root");
        for (const renewable of [own, stackOf([...others, ...recordedState(early)])]) {
            assert.deepEqual((await renewable.preview(renewing)).map(comparable), renewal.steps);
            await renewable.refresh();
            const { steps } = renewalAfterRefresh;
            assert.deepEqual((await renewable.preview(renewing)).map(comparable), steps);
        }
    });

    it("a refresh finds everything as it was, and that a certificate's time has come", async () => {
        const own = newStack(plugins);
        stack.state.forEach((kept, name) => own.state.set(name, kept));
        await own.refresh();
        assert.deepEqual([...own.state], [...stack.state]);
        const root = own.state.get("root");
        assert.ok(root !== undefined);
        const outputs = { ...root.outputs, validityEndTime: new Date().toISOString() };
        own.state.set("root", { ...root, outputs });
        await own.refresh();
        assert.equal(own.state.get("root")?.outputs.readyForRenewal, true);
        const [step] = await own.preview(program());
        assert.deepEqual([step.op, step.replaceReasons], ["replace", ["readyForRenewal"]]);
    });

    it("an update of the early renewal keeps the certificate", async () => {
        const own = newStack(plugins);
        stack.state.forEach((kept, name) => own.state.set(name, kept));
        const steps = await own.up(program({ early: 24 }));
        assert.deepEqual(
            steps.map(({ op }) => op),
            ["update", "update"],
        );
        const before = stack.state.get("root")?.outputs;
        assert.deepEqual(own.state.get("root")?.outputs, { ...before, earlyRenewalHours: 24 });
        assert.deepEqual(await own.preview(program({ early: 24 })), []);
    });

    /** A state that official plug-ins wrote, as of today: a recorded certificate is for one day. */
    function stackOf(recorded: readonly Recorded[]): Stack {
        const official = newStack(plugins);
        for (const resource of recorded) {
            official.state.set(resource.name, {
                ...resource,
                outputs: asOfToday(resource.outputs),
            });
        }
        return official;
    }
});

function asOfToday(outputs: Props): Props {
    const { validityStartTime: start, validityEndTime: end } = outputs;
    if (typeof start !== "string" || typeof end !== "string") {
        return outputs;
    }
    const now = Date.now();
    const validityEndTime = new Date(now + Date.parse(end) - Date.parse(start)).toISOString();
    return { ...outputs, validityStartTime: new Date(now).toISOString(), validityEndTime };
}
