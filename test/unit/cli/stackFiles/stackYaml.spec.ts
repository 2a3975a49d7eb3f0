import { strict as assert } from "assert";
import { dump } from "js-yaml";
import { PlatformFile } from "../../../../cli/stackFiles/stackFiles";
import { readStack, StackFileError } from "../../../../cli/stackFiles/planConfig";
import { readYaml, YamlError } from "../../../../cli/stackFiles/stackYaml";
import { ProjectFolder } from "../../stacks/config/configSupport";

describe("settings files: YAML as the Pulumi CLI reads it", () => {
    // As `pulumi config --json` of the CLI 3.260 shows them.
    const values: readonly (readonly [text: string, value: unknown])[] = [
        ["2027-01-01", "2027-01-01 00:00:00 +0000 UTC"],
        ["2027-01-01T12:00:00Z", "2027-01-01 12:00:00 +0000 UTC"],
        ["2027-1-1 1:2:3", "2027-01-01 01:02:03 +0000 UTC"],
        ["2027-02-30", "2027-02-30"],
        ["'2027-01-01'", "2027-01-01"],
        ["12:30:45", "12:30:45"],
        ["014", 12],
        ["-014", -12],
        ["0o17", 15],
        ["0b11", 3],
        ["0x1F", 31],
        ["08", 8],
        ["'014'", "014"],
        ["1_000", 1000],
        ["+12", 12],
        ["1.50", 1.5],
        [".5", 0.5],
        ["1.", 1],
        ["1e3", 1000],
        ["yes", "yes"],
        ["True", true],
        ["~", null],
        ["d-014", "d-014"],
    ];

    it("numbers, dates and booleans have the CLI's values", () => {
        for (const [text, value] of values) {
            assert.deepEqual(readYaml(`a: [${text}]`), { a: [value] }, text);
        }
    });

    it("empty values are null, and merge keys are applied", () => {
        const text = "base: &base {a: 014, b: 2}\nc:\nd:\n  <<: *base\n  b: 3\n";
        const base = { a: 12, b: 2 };
        assert.deepEqual(readYaml(text), { base, c: null, d: { a: 12, b: 3 } });
    });

    it("values survive writing them for a fleet stack", () => {
        for (const [text, value] of values) {
            assert.deepEqual(readYaml(dump(readYaml(`a: ${text}`))), { a: value }, text);
        }
    });

    const refused = (text: string): YamlError => {
        try {
            readYaml(text);
        } catch (error) {
            assert(error instanceof YamlError, String(error));
            return error;
        }
        return assert.fail("it was read");
    };

    it("a duplicate key is refused, with its line", () => {
        for (const text of [
            "a: 1\nb: 2\na: 3\n",
            "x: {a: 1,\n\n 'a': 2}\n",
            'x:\n  - a: 1\n    "\\x61": 2\n',
        ]) {
            const { reason, line } = refused(text);
            assert.match(reason, /duplicated mapping key/);
            assert.equal(line, 3);
        }
    });

    it("aliases that make a small file huge are refused immediately", () => {
        const laughs = Array.from(
            { length: 40 },
            (_, level) => `a${level + 1}: &a${level + 1} [*a${level}, *a${level}]`,
        );
        assert.match(refused(`a0: &a0 lol\n${laughs.join("\n")}\n`).reason, /aliases/);
        const text = `a: &a ${"x".repeat(100_000)}\nb: [${"*a, ".repeat(1000)}]\n`;
        assert.match(refused(text).reason, /16 MiB/);
        assert.match(refused("a: &a [*a]\n").reason, /inside the node that it refers to/);
    });

    it("ordinary aliases are read", () => {
        const devices = Array.from({ length: 5000 }, (_, n) => `  - {id: d-${n}, tags: *tags}`);
        const text = `tags: &tags {site: lab, constructor: x}\ndevices:\n${devices.join("\n")}\n`;
        const { devices: read } = readYaml(text) as { devices: readonly unknown[] };
        assert.deepEqual(read[4999], { id: "d-4999", tags: { site: "lab", constructor: "x" } });
    });

    it("excessive nesting is refused", () => {
        assert.match(refused(`a: ${"[".repeat(10_000)}`).reason, /nesting/);
    });

    it("plan and fleet name the file, the fault and the remedy", () => {
        const folder = new ProjectFolder();
        try {
            folder.write("Pulumi.yaml", "name: iot-x509\n");
            for (const [text, told] of [
                ["config:\n  a:b: 1\n  a:b: 2\n", /Pulumi\.dev\.yaml:3: duplicated .* correct it/],
                ["config: &a {x:y: *a}\n", /Pulumi\.dev\.yaml: an alias .* write the values out/],
            ] as const) {
                folder.write("Pulumi.dev.yaml", text);
                assert.throws(() => readStack(folder.path, "dev"), told);
                assert.throws(() => PlatformFile.read(folder.path, "dev"), told);
                assert.throws(() => PlatformFile.read(folder.path, "dev"), StackFileError);
            }
        } finally {
            folder.remove();
        }
    });
});
