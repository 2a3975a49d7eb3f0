import { strict as assert } from "assert";
import { routeCondition } from "../hub/routeCondition";
import { Telemetry } from "../hub/model";

const message: Telemetry = {
    hub: "h",
    deviceId: "d1",
    enqueuedTime: "2026-01-01T00:00:00Z",
    body: "{}",
    bodyEncoding: "utf8",
    properties: { level: "high", reading: "4", note: "a AND b" },
    systemProperties: { "iothub-connection-device-id": "d1" },
};

describe("a route's condition on the emulator", () => {
    const cases: readonly (readonly [string, boolean | undefined])[] = [
        ["true", true],
        ["FALSE", false],
        ["level = 'high'", true],
        ["level = 'low'", false],
        ["level <> 'low' AND $connectionDeviceId = 'd1'", true],
        ["level = 'high' AND $connectionDeviceId != 'd1'", false],
        ["note = 'a AND b'", true],
        ["reading > 3", true],
        ["reading < 3 AND level = 'high'", false],
        ["level > 3", false],
        ["absent != 'x'", false],
        ["$body.reading > 3", undefined],
        ["level = 'a' OR level = 'b'", undefined],
        ["NOT level = 'a'", undefined],
        ["", undefined],
    ];
    for (const [text, expected] of cases) {
        it(`${JSON.stringify(text)} ${expected === undefined ? "is not evaluated" : `is ${expected}`}`, () => {
            assert.equal(routeCondition(text)?.(message), expected);
        });
    }
});
