import * as assert from "assert";
import { runEnrolments } from "../../bench/load/enrolments";
import { runLoad } from "../../bench/load/fleet";

describe("1,000 devices at once", function () {
    this.timeout(300_000);

    it("connect by mTLS, and each of their 10,000 messages arrives once, in under 300 MB", async () => {
        const figures = await runLoad({ devices: 1000, messagesPerDevice: 10, concurrency: 50 });
        assert.strictEqual(figures.connected, 1000);
        assert.strictEqual(figures.received, 10_000);
        assert.strictEqual(figures.distinct, 10_000);
        assert.ok(
            figures.emulatorMegabytes < 300,
            `the emulator took ${figures.emulatorMegabytes.toFixed(0)} MB`,
        );
    });
});

describe("100 devices that renew at the EST service", function () {
    this.timeout(300_000);

    it("all get a certificate, although it is killed in the middle, and its audit log has each one", async () => {
        const figures = await runEnrolments(100, 20);
        for (const name of ["P-256", "RSA"]) {
            assert.strictEqual(figures[`${name}: enrolments`], 100);
            assert.strictEqual(figures[`${name}: certificates given and not in the log`], 0);
            assert.ok(figures[`${name}: requests cut off by the kill`] > 0);
        }
    });
});
