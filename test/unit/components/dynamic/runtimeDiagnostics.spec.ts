import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import * as path from "path";

const repository = path.resolve(__dirname, "../../../..");

/** In a process of its own, since it changes what all of a process share. */
const program = `
require("ts-node/register/transpile-only");
require("./components/dynamic/runtimeDiagnostics").turnOffRuntimeDiagnostics();
const pulumi = require("@pulumi/pulumi");
const { debuggablePromise } = require("@pulumi/pulumi/runtime/debuggable");
function namedHere() { return new Error("an error").stack; }
const promise = Promise.resolve(1);
debuggablePromise(promise, "a context");
console.log(JSON.stringify({
    stack: namedHere(),
    trace: promise._debugStackTrace,
    logs: Object.keys(pulumi.log).sort(),
    debug: pulumi.log.debug("never sent") instanceof Promise,
}));
`;

describe("the runtime of a large fleet", () => {
    it("records no stack traces for Pulumi's promises, and errors keep theirs", () => {
        const output = execFileSync(process.execPath, ["-e", program], { cwd: repository });
        const { stack, trace, logs, debug } = JSON.parse(output.toString()) as {
            stack: string;
            trace: string;
            logs: string[];
            debug: boolean;
        };
        assert.match(stack, /^Error: an error\n +at namedHere \(/);
        assert.equal(trace, "");
        assert.deepEqual(logs, ["debug", "error", "hasErrors", "info", "warn"]);
        assert.equal(debug, true);
    });
});
