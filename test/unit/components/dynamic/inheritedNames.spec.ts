import { strict as assert } from "assert";
import { azureCloud } from "../../../../components/azure/cloud";
import { own, stableJson } from "../../../../components/dynamic/values";
import { tagPatch } from "../../../../components/registry/tagPatch";
import { readStack } from "../../../../cli/stackFiles/planConfig";
import { readSettings } from "../../../../stacks/config";
import { good, problemsOf, ProjectFolder, Raw } from "../../stacks/config/configSupport";

const names = ["constructor", "toString", "hasOwnProperty", "valueOf", "isPrototypeOf"];
const parse = (json: string): Record<string, unknown> =>
    JSON.parse(json) as Record<string, unknown>;

describe("names that every JavaScript object inherits are names like others", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());

    const tags = (): Raw => Object.fromEntries(names.map((name) => [name, `of ${name}`]));
    const read = (raw: Raw) => readSettings(good(raw), folder.path);

    it("as tags, in each way that they can be given", () => {
        const nested = { ...tags(), site: tags() };
        const device = { id: "a", group: "pumps" };
        const ways: readonly Raw[] = [
            { devices: [{ ...device, tags: nested }] },
            { devices: [device], deviceDefaults: { tags: nested } },
            { devices: JSON.stringify([{ ...device, tags: nested }]) },
            { devicesFile: "list.json" },
            { devicesFile: "list.csv" },
        ];
        folder.write("list.json", JSON.stringify([{ ...device, tags: nested }]));
        const cell = JSON.stringify({ site: tags() }).replace(/"/g, '""');
        const [columns, cells] = [names.map((name) => `tags.${name}`), Object.values(tags())];
        folder.write(
            "list.csv",
            `id,group,tags,${columns.join()}\na,pumps,"${cell}",${cells.join()}\n`,
        );
        for (const raw of ways) {
            const [{ tags: given }] = read(raw).devices;
            assert.equal(stableJson(given), stableJson(nested), JSON.stringify(raw));
        }
    });

    it("as tags and desired properties of an enrollment", () => {
        const initialTwin = { tags: tags(), desired: { deep: tags() } };
        const pumps = { provisioning: "dps", enrollment: { initialTwin } };
        const [group] = read({ dps: {}, groups: { pumps } }).groups;
        assert.equal(
            stableJson(group.enrollment.initialTwin),
            stableJson({ tags: tags(), desired: { deep: tags() } }),
        );
    });

    it("as groups and device IDs", () => {
        const devices = names.map((id) => ({ id, group: "constructor" }));
        const settings = read({ groups: { constructor: {} }, devices });
        assert.deepEqual(
            settings.devices.map(({ id, group }) => [id, group]),
            names.map((id) => [id, "constructor"]),
        );
        const device = { id: "a", group: "constructor" };
        assert.match(
            problemsOf(good({ devices: [device] }), folder.path)[0].rule,
            /name of a group/,
        );
    });

    it("as settings and columns, they are unknown", () => {
        for (const name of [...names, "__proto__"]) {
            const [top] = problemsOf(good(parse(`{"${name}":1}`)), folder.path);
            assert.match(top.rule, /is not a setting of the stack/);
            folder.write("odd.csv", `id,group,${name}\na,pumps,x\n`);
            const [column] = problemsOf(good({ devicesFile: "odd.csv" }), folder.path);
            assert.match(column.rule, /is not a device setting/);
        }
    });

    it("__proto__ is refused as a tag at any depth, and as a device ID", () => {
        const device = (given: string) =>
            problemsOf(
                good({ devices: `[{"id":"a","group":"pumps","tags":${given}}]` }),
                folder.path,
            );
        for (const given of ['{"__proto__":"x"}', '{"a":[{"__proto__":{"b":1}}]}']) {
            const [problem, ...others] = device(given);
            assert.deepEqual(others, []);
            assert.match(problem.rule, /a tag must not be named __proto__/);
            assert.match(problem.path, /tags.*\.__proto__$/);
        }
        const [id] = problemsOf(
            good({ devices: [{ id: "__proto__", group: "pumps" }] }),
            folder.path,
        );
        assert.match(id.rule, /a device must not be named __proto__/);
    });

    it("the plan does not silently drop a setting of such a name", () => {
        folder.write("Pulumi.yaml", "name: iot-x509\n");
        folder.write("Pulumi.dev.yaml", "config:\n  iot-x509:__proto__: {organization: Evil}\n");
        assert.throws(() => readStack(folder.path, "dev"), /"__proto__" — is not a setting/);
        folder.write("Pulumi.dev.yaml", "config:\n  iot-x509:constructor:\n");
        assert.throws(() => readStack(folder.path, "dev"), /organization/);
        assert.throws(
            () => readStack(folder.path, "dev"),
            (error: Error) => !error.message.includes("constructor"),
        );
    });

    it("a patch of tags adds, changes and takes them away", () => {
        for (const name of [...names, "__proto__"]) {
            const one = parse(`{"${name}":"x"}`);
            const gone = parse(`{"${name}":null}`);
            assert.equal(stableJson(tagPatch({}, one)), stableJson(one), name);
            assert.equal(stableJson(tagPatch(one, {})), stableJson(gone), name);
            assert.equal(stableJson(tagPatch(one, one)), "{}", name);
            assert.equal(
                stableJson(tagPatch({ a: one }, { a: {} })),
                stableJson({ a: gone }),
                name,
            );
            assert.equal(
                stableJson(tagPatch({ a: {} }, { a: parse(`{"${name}":{"b":1}}`) })),
                `{"a":{"${name}":{"b":1}}}`,
            );
        }
    });

    it("only an object's own names count", () => {
        for (const name of [...names, "__proto__"]) {
            assert.equal(own({}, name), undefined);
            assert.equal(own(parse(`{"${name}":"x"}`), name), "x");
        }
        assert.throws(() => azureCloud("constructor"), /must be one of public/);
    });
});
