import { strict as assert } from "assert";
import { execFile } from "child_process";
import * as path from "path";
import { promisify } from "util";
import { requirePulumi } from "../support/tools";
import { runTypescript } from "../../scripts/lib/runTypescript";

const repository = path.resolve(__dirname, "../..");

/** In a process of its own, because it moves its clock. */
describe("a year of renewals by EST", function () {
    this.timeout(600_000);

    before(function () {
        requirePulumi(this);
    });

    it("passes without a refusal or an alert that should not be: a service that is down for a week, a new CA, four kinds of devices", async () => {
        const { stdout } = await promisify(execFile)(
            process.execPath,
            [
                ...runTypescript,
                "bench/load/main.ts",
                ...["year"],
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
        const { connections, renewals, leastDaysLeft, failedRenewals, ...others } = figures;
        const { refusedUntilRegistered, ...counts } = others;
        // 53 days on which each connects; of 90 days, 63 to 67.5 pass before a renewal, and up to 7 until the next connection.
        assert.equal(connections, 5 * 53 + renewals);
        assert.ok(renewals >= 5 * 4 && renewals <= 5 * 5, stdout);
        assert.ok(leastDaysLeft > 10, stdout);
        assert.ok(failedRenewals >= 1, "the service was down when nobody asked");
        assert.deepEqual(counts, {
            devices: 5,
            movedBeforeCaWent: 5,
            refusedByHub: 0,
            refusedRegistrations: 0,
            refusedByEst: 0,
            falseAlerts: 0,
            // Of one device of each kind: 14 days, 7 days, ended; with the audit log of the EST service, and without.
            alertsOfStopped: 4 * 3 * 2,
        });
        // One device: once before its first registration, and after each of its 4 or 5 renewals (docs/renewal.md).
        assert.ok([1 + 4, 1 + 5].includes(refusedUntilRegistered), stdout);
    });
});
