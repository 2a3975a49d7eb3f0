import { strict as assert } from "assert";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { FleetProgress } from "../../../../cli/fleet/fleetProgress";
import { outcomeLines } from "../../../../cli/fleet/report";
import { Outcome, Seen } from "../../../../cli/fleet/stackRun";

function outcome(stack: string, changes: Outcome["changes"], more: Partial<Outcome> = {}): Outcome {
    return { stack, result: "done", changes, details: [], seconds: 1, ...more };
}

describe("npm run fleet: its summary", () => {
    it("of an up: what was done in each stack, and in total", () => {
        const stacks = [
            outcome("dev", { same: 30, update: 1 }),
            outcome("dev-shard-1", { create: 1200, same: 2 }),
            outcome("dev-shard-2", { create: 1300, delete: 4, replace: 1 }),
        ];
        assert.deepEqual(outcomeLines("up", { stacks }, 83.26), [
            "Summary (83.3 s)",
            "  dev          30 unchanged, 1 updated",
            "  dev-shard-1  1,200 created, 2 unchanged",
            "  dev-shard-2  1,300 created, 4 deleted, 1 replaced",
            "  total        32 unchanged, 1 updated, 2,500 created, 4 deleted, 1 replaced",
        ]);
    });

    it("of a preview: what there is to do, with the changes below their stack", () => {
        const stacks = [
            outcome("dev", { same: 30 }),
            outcome(
                "dev-shard-1",
                { create: 1, update: 2, delete: 3, replace: 4, same: 5 },
                { details: ["create DeviceIdentity pump-01", "and 9 more changes"] },
            ),
        ];
        assert.deepEqual(outcomeLines("preview", { stacks }, 0), [
            "Summary (0.0 s)",
            "  dev          30 unchanged",
            "  dev-shard-1  1 to create, 2 to update, 3 to delete, 4 to replace, 5 unchanged",
            "      create DeviceIdentity pump-01",
            "      and 9 more changes",
            "  total        35 unchanged, 1 to create, 2 to update, 3 to delete, 4 to replace",
        ]);
    });

    it("of a destroy", () => {
        const stacks = [outcome("dev", { delete: 1040 }), outcome("dev-groupless", {})];
        assert.deepEqual(outcomeLines("destroy", { stacks }, 5), [
            "Summary (5.0 s)",
            "  dev            1,040 deleted",
            "  dev-groupless  nothing",
            "  total          1,040 deleted",
        ]);
    });

    it("leaves out what did not happen, and what the engine only reads, refreshes or discards", () => {
        const stacks = [outcome("dev", { create: 0, same: 0, discard: 1, read: 1, refresh: 3 })];
        assert.deepEqual(outcomeLines("up", { stacks }, 1).slice(1), [
            "  dev    nothing",
            "  total  nothing",
        ]);
    });

    it("names another operation as the engine does", () => {
        const stacks = [outcome("dev", { import: 3 })];
        assert.equal(outcomeLines("up", { stacks }, 1)[1], "  dev    3 import");
    });

    it("of stacks that failed, were stopped or did not start: the errors, indented, and what to do", () => {
        const stacks = [
            outcome("dev", { same: 30 }),
            outcome(
                "dev-shard-1",
                { create: 7 },
                { result: "failed", details: ["device: no\nsecond line", "another"] },
            ),
            outcome("dev-shard-2", {}, { result: "stopped" }),
            outcome("dev-shard-3", {}, { result: "not started" }),
        ];
        const text = outcomeLines("up", { stacks }, 60).join("\n");
        assert.deepEqual(text.split("\n"), [
            "Summary (60.0 s)",
            "  dev          30 unchanged",
            "  dev-shard-1  failed",
            "      device: no",
            "      second line",
            "      another",
            "  dev-shard-2  stopped",
            "  dev-shard-3  not started",
            "  total        30 unchanged, 7 created",
            "3 of 4 stacks are not done. The same command continues with what is left.",
        ]);
    });

    it("of a preview that awaits moves: only these, and that nothing is lost", () => {
        const part = (stack: string, name: string) => ({
            stack,
            urn: `urn:pulumi:${stack}::iot-x509::a:b:C::${name}`,
            deviceId: name,
        });
        const awaited = {
            moves: [
                { from: "dev", to: "dev-shard-1", parts: [part("dev", "a"), part("dev", "b")] },
                { from: "dev", to: "dev-shard-2", parts: [part("dev", "c")] },
            ],
            leftovers: [{ stack: "dev-shard-1", parts: [part("dev-shard-1", "d")] }],
            differing: [],
        };
        assert.deepEqual(outcomeLines("preview", { stacks: [], awaited }, 5), [
            "Devices must move between states first; npm run fleet -- up does that without creating or deleting anything:",
            "  2 resources to move from dev to dev-shard-1",
            "  1 resource to move from dev to dev-shard-2",
            "  1 resource of an interrupted move to remove from dev-shard-1",
            "Other changes of the settings cannot be previewed until then.",
        ]);
    });
});

describe("npm run fleet: what a preview shows of a stack", () => {
    const step = (op: string, name: string, type = "pulumi-nodejs:dynamic/iothub:DeviceIdentity") =>
        ({
            resourcePreEvent: {
                metadata: { op, type, urn: `urn:pulumi:dev::iot-x509::${type}::${name}` },
            },
        }) as unknown as EngineEvent;

    it("in the order of what may be lost, each replacement once, without refreshes", () => {
        const seen = new Seen(true);
        const creates = Array.from({ length: 30 }, (_, index) => step("create", `new-${index}`));
        const others = [
            ...["refresh", "same", "read"].map((op) => step(op, "pump-00")),
            step("update", "pump-01"),
            ...["create-replacement", "replace", "delete-replaced"].map((op) =>
                step(op, "pump-02"),
            ),
            step("delete", "pump-03"),
            step("create", "default", "pulumi:providers:pulumi-nodejs"),
        ];
        [...creates, ...others].forEach((event) => seen.take(event));
        assert.deepEqual(seen.details().slice(0, 4), [
            "replace DeviceIdentity pump-02",
            "delete DeviceIdentity pump-03",
            "update DeviceIdentity pump-01",
            "create DeviceIdentity new-0",
        ]);
        assert.deepEqual(seen.details().slice(20), ["and 13 more changes"]);
    });

    it("a passphrase that decrypts only some stacks: the command that changes it for all", () => {
        const seen = new Seen(false);
        seen.failed("dev-shard-1", { stdout: "", stderr: "error: incorrect passphrase" });
        assert.match(seen.details().join("\n"), /incorrect passphrase\n.*change-secrets-provider/);
    });
});

describe("npm run fleet: progress", () => {
    const outputs = (op: string, type = "pulumi-nodejs:dynamic/pki:DeviceCertificate") =>
        ({ resOutputsEvent: { metadata: { op, type } } }) as unknown as EngineEvent;

    it("counts updates and deletes, too, with the time left at the current rate", () => {
        const progress = new FleetProgress(400, 0);
        assert.equal(progress.line(60_000), undefined);
        for (const [op, count] of [
            ["same", 100],
            ["update", 40],
            ["delete", 10],
            ["refresh", 9],
        ] as const) {
            Array.from({ length: count }, () => progress.take(outputs(op)));
        }
        progress.take(outputs("update", "azure-native:iothub:IotHubResource"));
        assert.equal(progress.due(9_000), undefined);
        assert.equal(
            progress.due(60_000),
            "150 of 400 device resources (40 updated, 10 deleted, 100 unchanged), about 5 min left",
        );
        assert.equal(progress.due(70_000), undefined);
        Array.from({ length: 250 }, () => progress.take(outputs("same")));
        assert.equal(progress.due(90_000), undefined);
    });
});
