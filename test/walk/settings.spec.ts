import * as assert from "assert";
import { readFileSync } from "fs";
import * as path from "path";
import { load } from "js-yaml";
import { settings } from "./model/settings";
import { verbs } from "./steps/verbs";

const repository = path.resolve(__dirname, "../..");

/** Prefix of the settings in each table of the configuration reference, by its heading. */
const tables: Readonly<Record<string, string>> = {
    "The stack": "",
    "`hub`": "hub.",
    "`dps`": "dps.",
    "`pki`": "pki.",
    "`groups.<name>`": "groups.<group>.",
    Devices: "devices.<device>.",
    "`est`": "est.",
    "`ci`": "ci.",
    "`alerts`": "alerts.",
};

/** What the walk changes only together with the setting that contains it. */
const isInside =
    /^(?:dps\.linkedHubs\[\]|est\.bootstrap\[\]|shard|groups\.<group>\.enrollment\.initialTwin)\./;

/** What the configuration reference lists, table by table. */
function documented(): string[] {
    const reference = readFileSync(path.join(repository, "docs", "configuration.md"), "utf8");
    const chapters = reference.slice(0, reference.indexOf("\n## Files\n"));
    return chapters
        .split(/^## /m)
        .slice(1)
        .flatMap((section) => {
            const heading = section.slice(0, section.indexOf("\n"));
            const keys = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((row) => row[1]);
            assert.ok(keys.length > 0, `no settings below "${heading}"`);
            assert.ok(heading in tables, `the walk does not know the table "${heading}"`);
            return keys.map((key) => tables[heading] + key);
        })
        .filter((one) => !isInside.test(one));
}

describe("the settings that the walk changes", () => {
    const known = settings.map((setting) => setting.path);

    it("are exactly those of the configuration reference", () => {
        const listed = documented();
        const unknown = listed.filter((one) => !known.includes(one));
        assert.deepEqual(unknown, [], "add them to test/walk/model/settings.ts");
        const isDocumented = (one: string): boolean =>
            listed.includes(one) || /^deviceDefaults\./.test(one);
        assert.deepEqual(
            known.filter((one) => !isDocumented(one)),
            [],
        );
    });

    it("contain all that Pulumi.yaml declares", () => {
        const project = load(readFileSync(path.join(repository, "Pulumi.yaml"), "utf8")) as {
            config: Record<string, unknown>;
        };
        const declared = Object.keys(project.config);
        assert.deepEqual(
            declared.filter((one) => !known.includes(one)),
            [],
        );
    });

    it("each have values, or a step that creates them", () => {
        for (const { path: name, values, by = [] } of settings) {
            assert.ok(values !== undefined || by.length > 0, name);
            for (const verb of by.filter((one) => !one.includes("."))) {
                assert.ok(verb in verbs, `${name}: no step "${verb}"`);
            }
        }
    });
});
