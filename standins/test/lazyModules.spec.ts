import { strict as assert } from "assert";
import { execFile } from "child_process";
import { createServer } from "http";
import { AddressInfo } from "net";
import * as path from "path";
import { text } from "stream/consumers";
import { promisify } from "util";

const repository = path.resolve(__dirname, "..", "..");
const lazyModules = path.join(repository, "standins", "node-host", "lazyModules.js");

/** Runs a script below the repository, as the host runs a program. @returns what it printed */
async function run(script: string): Promise<string> {
    const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--require", lazyModules, "--eval", script],
        { cwd: repository },
    );
    return stdout.trim();
}

describe("the SDK, with what it seldom needs deferred", function () {
    this.timeout(60_000);

    it("loads neither the compiler, nor the npm client, nor exporters of traces", async () => {
        const loaded = await run(`
            require("@pulumi/pulumi");
            require("@pulumi/pulumi/cmd/run/tracing");
            console.log(Object.keys(require.cache).join("\\n"));`);
        assert.match(loaded, /@opentelemetry\/api/);
        assert.doesNotMatch(loaded, /\/typescript\/|arborist|@opentelemetry\/(?!api)/);
    });

    it("gives a program the packages that it requires itself as they are", async () => {
        const kinds = await run(`
            const names = ["execa", "normalize-package-data", "typescript"];
            console.log(names.map((name) => typeof require(name)).join());`);
        assert.equal(kinds, "function,function,object");
    });

    it("turns V8's debugger on when it is asked, and knows what was loaded before", async () => {
        const place = await run(`
            const { parse } = require("semver");
            const closures = require("@pulumi/pulumi/runtime/closure/v8");
            closures.getFunctionLocationAsync(parse).then(({ file }) => {
                console.log(file);
                process.exit();
            });`);
        assert.match(place, /^file:.*\/semver\/functions\/parse\.js$/);
    });

    it("traces when it is told to", async () => {
        const spans: { name: string; localEndpoint: { serviceName: string } }[] = [];
        const collector = createServer((request, response) => {
            void text(request).then((body) => {
                spans.push(...(JSON.parse(body) as typeof spans));
                response.writeHead(202).end();
            });
        });
        await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
        const { port } = collector.address() as AddressInfo;
        await run(`
            const tracing = require("@pulumi/pulumi/cmd/run/tracing");
            tracing.start("http://127.0.0.1:${port}/api/v2/spans");
            tracing.newSpan("a step").end();`);
        collector.close();
        assert.deepEqual(
            spans.map(({ name, localEndpoint }) => [name, localEndpoint.serviceName]),
            [["a step", "nodejs-runtime"]],
        );
    });
});
