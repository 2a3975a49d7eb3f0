import { writeFileSync } from "fs";
import { MochaOptions, reporters, Runner } from "mocha";
import { skipReason } from "../support/skip";

/** What test/runner/test.mjs reads from the file named by MOCHA_RESULTS. */
interface Results {
    passed: number;
    readonly failed: string[];
    readonly skipped: { title: string; reason: string; excused: boolean }[];
}

/** Mocha's spec reporter, which also writes down what is needed for one account of several processes. */
class ResultsReporter extends reporters.Spec {
    constructor(runner: Runner, options?: MochaOptions) {
        super(runner, options);
        const results: Results = { passed: 0, failed: [], skipped: [] };
        runner.on("pass", () => {
            results.passed += 1;
        });
        runner.on("fail", (test) => {
            results.failed.push(test.fullTitle());
        });
        runner.on("pending", (test) => {
            const reason = skipReason(test) ?? "no reason given";
            const excused = typeof reason !== "string";
            results.skipped.push({
                title: test.fullTitle(),
                reason: excused ? `this machine has no ${reason.lacks}: ${reason.why}` : reason,
                excused,
            });
        });
        runner.on("end", () => {
            const file = process.env.MOCHA_RESULTS;
            if (file !== undefined) {
                writeFileSync(file, JSON.stringify(results));
            }
        });
    }
}

export = ResultsReporter;
