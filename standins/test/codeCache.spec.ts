import { strict as assert } from "assert";
import { execFile } from "child_process";
import * as fs from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { promisify } from "util";

const frameFolder = path.resolve(__dirname, "..", "frame");

describe("the cache of compiled code", function () {
    this.timeout(60_000);
    let repository: string;
    const kept = (): string => path.join(repository, ".local", "standins", "code");
    const write = (name: string, text: string): void =>
        fs.writeFileSync(path.join(repository, name), text);
    /** The files of the cache with their times, which differ once they were written again. */
    const written = (): string[] =>
        fs
            .readdirSync(kept(), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map(({ parentPath, name }) => path.join(parentPath, name))
            .map((file) => `${file} ${fs.statSync(file).mtimeMs}`);

    beforeEach(() => {
        repository = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), "code-cache-")));
        const frame = path.join(repository, "standins", "frame");
        fs.mkdirSync(frame, { recursive: true });
        for (const name of ["codeCache.js", "keptFiles.js", "resolutions.js"]) {
            fs.copyFileSync(path.join(frameFolder, name), path.join(frame, name));
        }
        write("first.js", `require("./standins/frame/codeCache").useCodeCache("test");`);
    });
    afterEach(() => fs.rmSync(repository, { recursive: true }));

    async function run(entry = "main.js"): Promise<string> {
        const first = path.join(repository, "first.js");
        const { stdout } = await promisify(execFile)(
            process.execPath,
            ["--require", first, path.join(repository, entry)],
            { cwd: repository },
        );
        return stdout.trim();
    }

    it("is written once, and again for a source that changed, whose new text runs", async () => {
        write("main.js", `console.log(require("./part"));`);
        write("part.js", `module.exports = "one";`);
        assert.equal(await run(), "one");
        const once = written();
        assert.ok(once.length > 0);
        assert.equal(await run(), "one");
        assert.deepEqual(written(), once);
        write("part.js", `module.exports = "two";`);
        assert.equal(await run(), "two");
        assert.notDeepEqual(written(), once);
    });

    it("that was cut off or filled with something else is not used", async () => {
        write("main.js", `console.log("ran");`);
        assert.equal(await run(), "ran");
        for (const spoil of [
            (file: string) => fs.truncateSync(file, fs.statSync(file).size - 10),
            (file: string) => fs.truncateSync(file, 0),
            (file: string) => fs.writeFileSync(file, Buffer.alloc(5000, 0xff)),
        ]) {
            written().forEach((entry) => spoil(entry.slice(0, entry.lastIndexOf(" "))));
            assert.equal(await run(), "ran");
        }
    });

    it("that cannot be written changes nothing", async () => {
        fs.mkdirSync(path.dirname(kept()), { recursive: true });
        fs.writeFileSync(kept(), "");
        write("main.js", `console.log("ran");`);
        assert.equal(await run(), "ran");
    });

    it("leaves ES modules that are required to Node.js, as well as what is no JavaScript", async () => {
        fs.mkdirSync(path.join(repository, "package"));
        write("package/package.json", `{ "type": "module" }`);
        write("package/index.js", `export const two = 2;`);
        write("module.mjs", `export const one = 1;`);
        write("wrong.js", `const;`);
        write(
            "main.js",
            `const tried = () => { try { require("./wrong"); } catch ({ name, stack }) { return name + stack.split("\\n")[0]; } };
            console.log(require("./module.mjs").one, require("./package/index.js").two, tried());`,
        );
        const cached = [await run(), await run()];
        write("first.js", "");
        const plain = await run();
        assert.deepEqual(cached, [plain, plain]);
        assert.match(plain, /^1 2 SyntaxError.*wrong\.js:1$/);
    });

    it("changes nothing that a module can see", async () => {
        write(
            "main.js",
            `#!/usr/bin/env node
            const seen = { ...require, keys: Object.keys(require).sort() };
            const paths = require.resolve.paths("nothing");
            const { filename, parent, loaded } = module;
            const { line, column } = require("./position");
            import("./module.mjs").then(({ default: imported }) => console.log(JSON.stringify({
                keys: seen.keys, main: require.main === module, filename, parent, loaded, paths,
                here: [__filename, __dirname], self: this === module.exports, line, column, imported,
            })));`,
        );
        write(
            "position.js",
            `const [, line, column] = /js:(\\d+):(\\d+)/.exec(new Error().stack); module.exports = { line, column };`,
        );
        write("module.mjs", `export default "imported";`);
        const cached = [await run(), await run()];
        write("first.js", "");
        const plain = await run();
        assert.deepEqual(cached, [plain, plain]);
        assert.match(plain, /"imported":"imported"/);
    });
});
