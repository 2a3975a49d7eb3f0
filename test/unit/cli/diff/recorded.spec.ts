import { strict as assert } from "assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import * as Ajv from "ajv";
import { buildDiff } from "../../../../cli/diff/buildDiff";
import { FleetDiff } from "../../../../cli/diff/fleetDiff";
import { closedGates, readGates } from "../../../../cli/diff/gates";
import { markdown } from "../../../../cli/diff/markdown";
import { readSavedPreview } from "../../../../cli/diff/savedPreview";
import { terminalLines } from "../../../../cli/diff/terminal";

const project = path.resolve(__dirname, "../../../..");
const fixture = (name: string): string => path.join(project, "test/fixtures/fleetDiff", name);

/**
 * Recorded from the engine on the emulator: in three groups 2 devices were added, 2 left (pruneDevices: false), 1 was disabled,
 * 1 got a tag, and the CA of presses was rotated with its former generation retained.
 */
describe("the diff of a recorded preview", () => {
    let diff: FleetDiff;

    before(() => {
        diff = buildDiff(readSavedPreview(fixture("change.json"), project));
    });

    const devices = (kind: string): string[] =>
        diff.devices.changes.filter((one) => one.kind === kind).map(({ device }) => device);

    it("names who loses access, how and why", () => {
        const why = "leaves the configuration (pruneDevices: false)";
        const left = { refused: "connect", after: "disabled, kept", why, today: null };
        assert.deepEqual(diff.access.lost, [
            { device: "meter-2", group: "meters", ...left },
            {
                device: "press-4",
                group: "presses",
                refused: "connect",
                after: "disabled",
                why: "is disabled",
                today: null,
            },
            { device: "tap-2", group: "taps", ...left },
        ]);
    });

    it("names who keeps access although the CA is rotated", () => {
        assert.deepEqual(diff.access.kept, [
            {
                group: "presses",
                devices: ["press-1", "press-2", "press-3"],
                why: "G1 stays trusted (retain)",
            },
        ]);
    });

    it("sorts the devices by what becomes of them", () => {
        assert.deepEqual(devices("added"), ["press-5", "tap-3"]);
        assert.deepEqual(devices("kept, disabled"), ["meter-2", "tap-2"]);
        assert.deepEqual(devices("disabled"), ["press-4"]);
        assert.deepEqual(devices("certificate"), ["press-1", "press-2", "press-3", "press-4"]);
        assert.deepEqual(devices("tags"), ["press-1"]);
        assert.deepEqual(devices("renewal"), []);
        assert.deepEqual(diff.devices.before, { devices: 9, enabled: 9 });
        assert.deepEqual(diff.devices.after, { devices: 9, enabled: 8 });
        assert.deepEqual(diff.devices.byGroup, [
            { group: "meters", counts: { "kept, disabled": 1 } },
            { group: "presses", counts: { added: 1, disabled: 1, certificate: 4, tags: 1 } },
            { group: "taps", counts: { added: 1, "kept, disabled": 1 } },
        ]);
    });

    it("tells the rotation with both CAs", () => {
        const lines = diff.trust.map(({ name, at, what }) => `${name} ${what} ${at}`);
        assert.deepEqual(lines, [
            "presses rotated state",
            "presses-g1 retained state",
            "presses-g2 made state",
            "presses-g2 uploaded and proven hub",
        ]);
    });

    it("has the form of its schema", () => {
        const schema = JSON.parse(
            readFileSync(path.join(project, "docs/fleet-diff.schema.json"), "utf8"),
        ) as object;
        const validate = new Ajv({ allErrors: true }).compile(schema);
        const plain: unknown = JSON.parse(JSON.stringify(diff));
        assert.ok(validate(plain), JSON.stringify(validate.errors));
        assert.equal(validate({ ...(plain as object), more: 1 }), false);
    });

    it("has no secret and no certificate in any form", () => {
        const source = readFileSync(fixture("change.json"), "utf8");
        const lines = source.match(/[A-Za-z0-9+/]{60,}/g) ?? [];
        assert.ok(lines.length > 20, "the preview itself has certificates");
        for (const text of [JSON.stringify(diff), markdown(diff), terminalLines(diff).join("\n")]) {
            assert.doesNotMatch(text, /BEGIN |PRIVATE|MII[A-Za-z0-9+/]{20}|\[secret\]|ciphertext/);
            assert.ok(lines.every((line) => !text.includes(line)));
        }
    });

    it("is held back by the gates that it does not pass", () => {
        const closed = (text: string): number => closedGates(diff, readGates(text)).length;
        assert.equal(closed(""), 0);
        assert.equal(closed("access-lost"), 1);
        assert.equal(closed("delete=0,replace,ca-removed"), 0);
        assert.equal(closed("access-lost,delete=0"), 1);
    });

    it("of no change is one line in each form for people", () => {
        const empty = buildDiff(readSavedPreview(fixture("same.json"), project));
        const line = "No changes: the fleet of differ stays as it is.";
        assert.deepEqual(terminalLines(empty), [line]);
        assert.equal(markdown(empty), line);
    });
});

describe("a saved preview that cannot be told from", () => {
    let folder: string;

    before(() => {
        folder = mkdtempSync(path.join(tmpdir(), "iot-x509-diff-"));
    });

    after(() => rmSync(folder, { recursive: true }));

    function refused(content: string, why: RegExp): void {
        const file = path.join(folder, "preview.json");
        writeFileSync(file, content);
        assert.throws(
            () => readSavedPreview(file, project),
            ({ message }: Error) =>
                why.test(message) && message.includes("pulumi preview --json --show-sames"),
        );
    }

    it("is refused when it leaves out what stays the same", () => {
        const { steps, ...rest } = JSON.parse(readFileSync(fixture("change.json"), "utf8")) as {
            steps: { op: string }[];
        };
        const changing = steps.filter(({ op }) => op !== "same");
        refused(JSON.stringify({ ...rest, steps: changing }), /leaves out what stays the same/);
    });

    it("is refused when it is none, or none of this program", () => {
        refused("Previewing update", /it is no JSON object/);
        refused("{}", /it has no steps/);
        const urn = "urn:pulumi:dev::other::pulumi:pulumi:Stack::other-dev";
        refused(JSON.stringify({ steps: [{ op: "same", urn }] }), /of another project/);
    });
});

/** The recorded state, with other settings than those that were previewed: access follows from both. */
describe("access, by what the settings leave", () => {
    const previewed = readSavedPreview(fixture("change.json"), project);
    const { settings } = previewed;

    function lost(changes: Partial<typeof settings>): string[] {
        const diff = buildDiff({ ...previewed, settings: { ...settings, ...changes } });
        return diff.access.lost.map(
            ({ device, refused, after }) => `${device} ${refused} ${after}`,
        );
    }

    const groups = (name: string, changes: object): typeof settings.groups =>
        settings.groups.map((one) => (one.name === name ? { ...one, ...changes } : one));

    it("a group that leaves the provisioning service loses its next registration alone", () => {
        const found = lost({ groups: groups("meters", { provisioning: "listed" }) });
        assert.deepEqual(
            found.filter((one) => one.startsWith("meter-")),
            [
                "meter-1 registration enabled",
                "meter-2 connect disabled, kept",
                "meter-3 registration enabled",
            ],
        );
    });

    it("a listed group that is left to the provisioning service is out until it registers", () => {
        const found = lost({ groups: groups("meters", { provisioning: "dps" }) });
        assert.deepEqual(
            found.filter((one) => /meter-[13]/.test(one)),
            ["meter-1 reconnect enabled", "meter-3 reconnect enabled"],
        );
    });

    it("a blocked group is out, whoever is in it", () => {
        const found = lost({ groups: groups("taps", { blocked: true }) });
        assert.deepEqual(
            found.filter((one) => /tap-1/.test(one)),
            ["tap-1 connect disabled"],
        );
    });

    it("a rotation without retain cuts all enabled devices of the group", () => {
        const [presses] = settings.groups.filter(({ name }) => name === "presses");
        const intermediate = { ...presses.intermediate, retain: [] };
        const found = lost({ groups: groups("presses", { intermediate }) });
        assert.equal(found.filter((one) => /press-\d connect enabled/.test(one)).length, 3);
    });

    it("the brake is told before everything else", () => {
        const diff = buildDiff({ ...previewed, settings: { ...settings, maxCutOff: 1 } });
        assert.match(diff.refusal ?? "", /would cut off 3 devices/);
        assert.match(terminalLines(diff)[3], /up refuses this change/);
    });
});
