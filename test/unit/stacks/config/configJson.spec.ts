import { strict as assert } from "assert";
import * as pulumi from "@pulumi/pulumi";
import { loadSettings, readSettings } from "../../../../stacks/config";
import { Problem } from "../../../../stacks/config/report";
import { good, problemsOf, ProjectFolder, Raw } from "./configSupport";

describe("configuration: JSON is read without loss", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    const only = (raw: Raw): Problem => {
        const problems = problemsOf(good(raw), folder.path);
        assert.equal(problems.length, 1, JSON.stringify(problems, undefined, 2));
        return problems[0];
    };
    const file = (text: string): Raw => {
        folder.write("list.json", text);
        return { devicesFile: "list.json" };
    };
    const cell = (tags: string): Raw => {
        folder.write("list.csv", `id,group,tags\na,pumps,"${tags.replace(/"/g, '""')}"\n`);
        return { devicesFile: "list.csv" };
    };
    const twice = /keys in a mapping must be unique/;

    it("a duplicate key of a device is refused, with its path", () => {
        const { path, value, rule, remedy } = only(
            file(
                '[\n  {"id": "a", "group": "pumps",\n   "status": "disabled", "status": "enabled"}\n]',
            ),
        );
        assert.deepEqual([path, value], ["list.json:3", '"status"']);
        assert.match(rule, twice);
        assert.match(rule, /line 3, column 26/);
        assert.match(remedy, /delete one/);
    });

    it("so is one with escapes, and one inside a tag", () => {
        const escaped = '[{"id":"a","group":"pumps","status":"disabled","st\\u0061tus":"enabled"}]';
        assert.match(only(file(escaped)).rule, twice);
        const inner = '[{"id":"a","group":"pumps","tags":{"one":[{"b":1,"c":2,"b":3}]}}]';
        assert.match(only(file(inner)).rule, twice);
    });

    it("equal keys in different mappings, and keys within texts, are not duplicates", () => {
        const text =
            '[{"id":"a","group":"pumps","tags":{"id":{"id":"\\"id\\": {","list":["id","id"]}}},' +
            ' {"id":"b","group":"pumps","tags":{"e":"","back":"\\\\","id":-1.5e3}}]';
        const { devices } = readSettings(good(file(text)), folder.path);
        assert.deepEqual(devices[0].tags, { id: { id: '"id": {', list: ["id", "id"] } });
        assert.deepEqual(devices[1].tags, { e: "", back: "\\", id: -1500 });
    });

    it("a duplicate tag in a table's cell is refused", () => {
        const { path, value, rule } = only(cell('{"site":"a","site":"b"}'));
        assert.deepEqual([path, value], ["list.csv:2: tags", '"site"']);
        assert.match(rule, twice);
    });

    it("a duplicate key in a setting given as one text is refused by plan and up", () => {
        const devices = '[{"id":"a","group":"pumps","status":"disabled","status":"enabled"}]';
        const { path, value, rule } = only({ devices });
        assert.deepEqual([path, value], ["devices", '"status"']);
        assert.match(rule, /line 1, column 48/);

        const before = pulumi.runtime.allConfig();
        try {
            pulumi.runtime.setAllConfig({
                "iot-x509:organization": "Contoso",
                "iot-x509:location": "westeurope",
                "iot-x509:hub": '{"units":1,"units":2}',
            });
            assert.throws(loadSettings, /hub: "units" — keys in a mapping must be unique/);
        } finally {
            pulumi.runtime.setAllConfig(before);
        }
    });

    it("a secret setting's key is not shown", () => {
        const [problem] = problemsOf(good({ hub: '{"hush":1,"hush":2}' }), folder.path, {
            secretKeys: ["hub"],
        });
        assert.equal(problem.value, "(secret, not shown)");
    });

    it("settings given as one text are read like others", () => {
        const devices = '[{"id":"a","group":"pumps"}]';
        assert.equal(readSettings(good({ devices }), folder.path).devices[0].id, "a");
    });

    it("numbers that would be rounded are refused", () => {
        const raw = file('[{"id":12345678901234567890,"group":"pumps"}]');
        const [asWritten, asRead] = problemsOf(good(raw), folder.path);
        assert.equal(asWritten.value, '"12345678901234567890"');
        assert(!/\d/.test(asRead.remedy), asRead.remedy);
        const rows = [
            ["9007199254740993", /must be a number of at most 15 digits/],
            ["1e400", /must be a number of at most 15 digits/],
        ] as const;
        for (const [number, rule] of rows) {
            const device = `[{"id":"a","group":"pumps","tags":{"n":${number}}}]`;
            const told = problemsOf(good(file(device)), folder.path)[0];
            assert.match(told.rule, rule);
            assert.equal(told.value, JSON.stringify(number));
            assert.match(told.remedy, /in quotes/);
        }
        const [ofCell] = problemsOf(good(cell('{"n":-1e999}')), folder.path);
        assert.match(ofCell.rule, /at most 15 digits/);
    });

    it("a lone surrogate is refused, and a complete pair is kept", () => {
        const device = (tag: string): Raw =>
            file(`[{"id":"a","group":"pumps","tags":{"t":"${tag}"}}]`);
        assert.match(only(device("\\ud83d")).rule, /half a character/);
        const { devices } = readSettings(good(device("\\ud83d\\ude00")), folder.path);
        assert.deepEqual(devices[0].tags, { t: "\u{1f600}" });
    });

    it("excessive nesting is refused", () => {
        const deep = "[".repeat(100000) + "]".repeat(100000);
        const device = `[{"id":"a","group":"pumps","tags":{"t":${deep}}}]`;
        assert.match(only(file(device)).rule, /at most 64 levels/);
        assert.match(only(cell(`{"t":${deep}}`)).rule, /at most 64 levels/);
        assert.match(only({ devices: device }).rule, /at most 64 levels/);
    });

    it("null is neither a list of devices nor tags", () => {
        assert.match(only(file("null")).rule, /must be a list of devices/);
        assert.match(only(cell("null")).rule, /must be a JSON object/);
    });
});
