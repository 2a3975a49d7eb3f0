import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { tagPatch } from "../../components/iothub/identityRecord";
import { shellWord } from "../../components/text/shell";
import { inspectCsr } from "../../components/pki/csr";
import { readYaml } from "../../scripts/lib/stackYaml";
import { readSettings } from "../../stacks/config";
import { good, problemsOf, ProjectFolder } from "./configSupport";

describe("configuration: files that it names", () => {
    const folder = new ProjectFolder();
    const outside = mkdtempSync(path.join(tmpdir(), "iot-x509-outside-"));
    const secret = "root:x:0:0:top-secret";
    before(() => writeFileSync(path.join(outside, "passwd.csv"), `${secret}\n`));
    after(() => {
        folder.remove();
        rmSync(outside, { recursive: true });
    });

    const problem = (devicesFile: string) => {
        const [found, ...more] = problemsOf({ ...good(), devices: [], devicesFile }, folder.path);
        assert.deepEqual(more, []);
        assert.doesNotMatch(JSON.stringify(found), /top-secret/);
        return found;
    };

    it("refuses a link that leads out of the project, and shows nothing of its content", () => {
        symlinkSync(path.join(outside, "passwd.csv"), path.join(folder.path, "link.csv"));
        assert.match(problem("link.csv").rule, /in the project's folder/);
    });

    it("refuses a file below a linked folder, and one that is named by a path that leads out", () => {
        symlinkSync(outside, path.join(folder.path, "lists"));
        assert.match(problem("lists/passwd.csv").rule, /in the project's folder/);
        const up = path.relative(folder.path, path.join(outside, "passwd.csv"));
        assert.match(problem(up).rule, /in the project's folder/);
        assert.match(problem(path.join(outside, "passwd.csv")).rule, /in the project's folder/);
    });

    it("takes a link that stays in the project, and an absolute name", () => {
        folder.write("lists2/all.csv", "id,group\npump-1,pumps\n");
        symlinkSync("lists2/all.csv", path.join(folder.path, "here.csv"));
        for (const devicesFile of ["here.csv", path.join(folder.path, "lists2/all.csv")]) {
            const groups = { pumps: {} };
            const { devices } = readSettings(
                { ...good(), groups, devices: [], devicesFile },
                folder.path,
            );
            assert.deepEqual(
                devices.map(({ id }) => id),
                ["pump-1"],
            );
        }
    });

    it("does not wait for a pipe, and reads no device", () => {
        execFileSync("mkfifo", [path.join(folder.path, "pipe.csv")]);
        assert.match(problem("pipe.csv").rule, /regular file/);
    });

    it("refuses a list of more than 64 MiB", () => {
        folder.write("large.csv", Buffer.alloc(64 * 1024 * 1024 + 1, "x"));
        assert.match(problem("large.csv").rule, /at most 64 MiB/);
    });

    it("refuses JSON with a key twice, and says where", () => {
        folder.write("twice.json", '[{"id":"a","status":"disabled",\n  "status":"enabled"}]');
        const { path: at, value, rule } = problem("twice.json");
        assert.deepEqual([at, value], ["twice.json:2:3", '"status"']);
        assert.match(rule, /stands once/);
    });

    it("takes JSON with a key in two objects", () => {
        folder.write(
            "fine.json",
            '[{"id":"a","group":"pumps","tags":{"id":1}},{"id":"b","group":"pumps"}]',
        );
        const settings = {
            ...good(),
            groups: { pumps: {} },
            devices: [],
            devicesFile: "fine.json",
        };
        assert.equal(readSettings(settings, folder.path).devices.length, 2);
    });

    it("refuses tags in a table with a key twice", () => {
        folder.write("tags.csv", 'id,group,tags\npump-1,pumps,"{""a"":1,""a"":2}"\n');
        const [{ rule }] = problemsOf(
            { ...good(), groups: { pumps: {} }, devices: [], devicesFile: "tags.csv" },
            folder.path,
        );
        assert.match(rule, /"a" stands twice/);
    });
});

describe("configuration: names that JavaScript gives another meaning to", () => {
    const folder = new ProjectFolder();
    after(() => folder.remove());
    const device = (tags: unknown) => ({
        ...good(),
        groups: { pumps: {} },
        devices: [{ id: "constructor", group: "pumps", tags }],
    });

    it("are tags like any other", () => {
        const tags = { constructor: "x", toString: "y", hasOwnProperty: { valueOf: 1 } };
        const [{ tags: read }] = readSettings(device(tags), folder.path).devices;
        assert.deepEqual(JSON.parse(JSON.stringify(read)), tags);
    });

    it("are groups and devices like any other", () => {
        const settings = { ...device({}), groups: { constructor: {} } };
        settings.devices[0].group = "constructor";
        const { devices, groups } = readSettings(settings, folder.path);
        assert.deepEqual(
            [devices[0].id, devices[0].group, groups[0].name],
            Array(3).fill("constructor"),
        );
    });

    it("are changed and removed like any other tag", () => {
        const before = { constructor: "x", toString: "y" };
        assert.deepEqual(tagPatch({}, before), before);
        assert.deepEqual(tagPatch(before, { toString: "z" }), { constructor: null, toString: "z" });
        assert.deepEqual(tagPatch(before, before), {});
    });

    it("__proto__ is refused, at any depth", () => {
        const tags: unknown = JSON.parse('{"site":{"__proto__":{"a":1}}}');
        const [{ path: at, rule }] = problemsOf(device(tags), folder.path);
        assert.equal(at, "devices[0].tags.site.__proto__");
        assert.match(rule, /JavaScript/);
    });
});

describe("commands that people paste", () => {
    const words = ["a b", "$(touch x)", "it's", ";rm -rf x", "`id`", "*", "", "plain-1.0_@%+=:,/x"];

    it("hand a value to a shell as it is", () => {
        for (const word of words) {
            const line = `printf '%s' ${shellWord(word)}`;
            assert.equal(execFileSync("sh", ["-c", line]).toString(), word);
        }
        assert.equal(shellWord("plain-1.0_@%+=:,/x"), "plain-1.0_@%+=:,/x");
    });

    it("quote a device's ID in the command that makes a request", () => {
        const folder = new ProjectFolder();
        folder.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out d.key");
        folder.openssl("req -new -key d.key -subj /CN=other -out d.csr");
        const { findings } = inspectCsr(Buffer.from(folder.read("d.csr")), "$(touch)");
        folder.remove();
        assert.match(findings[0].remedy, /-subj '\/CN=\$\(touch\)' /);
    });
});

describe("YAML", () => {
    it("whose aliases multiply each other is refused", () => {
        const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
        for (let level = 1; level < 9; level++) {
            const items = Array(10)
                .fill(`*a${level - 1}`)
                .join(", ");
            lines.push(`a${level}: &a${level} [${items}]`);
        }
        assert.throws(() => readYaml(lines.join("\n")), /aliases make more than/);
    });

    it("with a key twice is refused", () => {
        assert.throws(
            () => readYaml("status: disabled\nstatus: enabled\n"),
            /duplicated mapping key/,
        );
    });
});
