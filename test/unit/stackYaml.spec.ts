import { strict as assert } from "assert";
import { dump } from "js-yaml";
import { readYaml } from "../../scripts/lib/stackYaml";

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

    it("numbers, dates and truths have its values", () => {
        for (const [text, value] of values) {
            assert.deepEqual(readYaml(`a: [${text}]`), { a: [value] }, text);
        }
    });

    it("what is empty is null, and mappings are merged", () => {
        const text = "base: &base {a: 014, b: 2}\nc:\nd:\n  <<: *base\n  b: 3\n";
        const base = { a: 12, b: 2 };
        assert.deepEqual(readYaml(text), { base, c: null, d: { a: 12, b: 3 } });
    });

    it("written again, for a fleet stack, they keep them", () => {
        for (const [text, value] of values) {
            assert.deepEqual(readYaml(dump(readYaml(`a: ${text}`))), { a: value }, text);
        }
    });
});
