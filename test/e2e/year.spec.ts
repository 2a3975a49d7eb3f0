import { strict as assert } from "assert";
import { execFile } from "child_process";
import * as path from "path";
import { promisify } from "util";
import { requirePulumi } from "../support/tools";

const repository = path.resolve(__dirname, "../..");

/** In a process of its own, because it moves its clock. */
describe("a year of renewals by EST", function () {
    this.timeout(600_000);

    before(function () {
        requirePulumi(this);
    });

    it("passes without a refusal that should not be: a service that is down for a week, a new CA, four kinds of devices", async () => {
        const { stdout } = await promisify(execFile)(
            process.execPath,
            [
                ...["-r", "ts-node/register/transpile-only", "bench/load/main.ts", "year"],
                ...["--devices", "5", "--days", "7"],
            ],
            { cwd: repository, env: process.env },
        );
        const figures = Object.fromEntries(
            stdout
                .trim()
                .split("\n")
                .map((line) => line.split(": "))
                .map(([name, value]) => [name, Number(value)]),
        );
        const { connections, renewals, leastDaysLeft, failedRenewals, ...counts } = figures;
        // 53 days on which each connects; of 90 days, 63 to 67.5 pass before a renewal, and up to 7 until the next connection.
        assert.equal(connections, 5 * 53 + renewals);
        assert.ok(renewals >= 5 * 4 && renewals <= 5 * 5, stdout);
        assert.ok(leastDaysLeft > 10, stdout);
        assert.ok(failedRenewals >= 1, "the service was down when nobody asked");
        assert.deepEqual(counts, {
            devices: 5,
            movedBeforeCaWent: 5,
            refusedByHub: 0,
            // Once before its first registration, for each renewal, and when the old CA goes (docs/renewal.md).
            refusedUntilRegistered: counts.refusedUntilRegistered,
            refusedRegistrations: 0,
            refusedByEst: 0,
        });
        assert.ok(counts.refusedUntilRegistered <= 1 + renewals / 5 + 1, stdout);
    });
});
