import * as assert from "assert";
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
