import { strict as assert } from "assert";
import { execFile } from "child_process";
import * as fs from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";

const frameFolder = path.resolve(__dirname, "..", "frame");

describe("where packages' modules are, as the last process found them", function () {
    this.timeout(60_000);
    let repository: string;
    const kept = (): string => path.join(repository, ".local", "standins", "paths");

    function write(files: Readonly<Record<string, string>>): void {
        for (const [name, text] of Object.entries(files)) {
            const file = path.join(repository, name);
            fs.mkdirSync(path.dirname(file), { recursive: true });
            fs.writeFileSync(file, text);
        }
    }

    beforeEach(() => {
        repository = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), "resolutions-")));
        for (const name of ["keptFiles.js", "resolutions.js"]) {
            const text = fs.readFileSync(path.join(frameFolder, name), "utf8");
            write({ [`standins/frame/${name}`]: text });
        }
        write({
            "first.js": `const keep = require("./standins/frame/resolutions").useResolutions("test");
                process.on("exit", keep);`,
            "main.js": `console.log(require("one"));`,
            "node_modules/.package-lock.json": "{}",
            "node_modules/one/index.js": `module.exports = "one, " + require("./part") + ", " + require("two");`,
            "node_modules/one/part.js": `module.exports = "part";`,
            "node_modules/two/index.js": `module.exports = "two";`,
        });
    });
    afterEach(() => fs.rmSync(repository, { recursive: true }));

    async function run(): Promise<string> {
        const { stdout } = await promisify(execFile)(
            process.execPath,
            ["--require", path.join(repository, "first.js"), path.join(repository, "main.js")],
            { cwd: repository },
        );
        return stdout.trim();
    }

    it("are used until npm changes a package", async () => {
        assert.equal(await run(), "one, part, two");
        const [file] = fs.readdirSync(kept()).map((name) => path.join(kept(), name));
        const text = fs.readFileSync(file, "utf8");
        // A place that only the file knows shows that it is used.
        write({ "node_modules/two/other.js": `module.exports = "other";` });
        fs.writeFileSync(file, text.replaceAll("two/index.js", "two/other.js"));
        assert.equal(await run(), "one, part, other");
        write({
            "node_modules/.package-lock.json": `{ "packages": {} }`,
            "node_modules/one/node_modules/two/index.js": `module.exports = "nested";`,
        });
        assert.equal(await run(), "one, part, nested");
        assert.equal(await run(), "one, part, nested");
    });

    it("are looked for again when a package was deleted by hand", async () => {
        assert.equal(await run(), "one, part, two");
        fs.rmSync(path.join(repository, "node_modules/two"), { recursive: true });
        await assert.rejects(run(), /Cannot find module 'two'/);
    });

    it("are not kept where npm did not install them", async () => {
        fs.rmSync(path.join(repository, "node_modules/.package-lock.json"));
        assert.equal(await run(), "one, part, two");
        assert.ok(!fs.existsSync(kept()));
    });

    it("are those of this repository's packages alone: its own files are looked for", async () => {
        write({
            "main.js": `console.log(require("./own"));`,
            "own/index.js": "module.exports = 1;",
        });
        assert.equal(await run(), "1");
        write({ "own.js": "module.exports = 2;" });
        assert.equal(await run(), "2");
    });

    it("are looked for when the file was cut off or cannot be written", async () => {
        await run();
        const [file] = fs.readdirSync(kept()).map((name) => path.join(kept(), name));
        fs.truncateSync(file, 20);
        assert.equal(await run(), "one, part, two");
        fs.rmSync(kept(), { recursive: true });
        fs.writeFileSync(kept(), "");
        assert.equal(await run(), "one, part, two");
    });
});
