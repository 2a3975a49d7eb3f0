import { EmulatorProcess } from "../../../scripts/lib/emulatorProcess";
import { EngineResult } from "./engine";

/** A run of the engine or of `npm run fleet`. */
export interface Run {
    readonly ended: Promise<EngineResult>;
    kill(): void;
    interrupt(): void;
}

/** A fifth of all requests, in equal parts: stale, throttled, broken, slow, lost before and after the effect. */
const faults = [
    { method: "PUT|POST|PATCH|DELETE", status: 412 },
    { status: 429, retryAfter: 1 },
    { status: 503 },
    { delayMilliseconds: 300 },
    { drop: true },
    { drop: true, when: "after" },
];
const faultRate = 0.2;

/** Lets a fifth of all requests fail, until the faults are taken back. */
export async function failFifth(emulator: EmulatorProcess): Promise<void> {
    const rate = 1 - Math.pow(1 - faultRate, 1 / faults.length);
    for (const fault of faults) {
        await emulator.manage("POST", "/faults", { rate, ...fault });
    }
}

/** Stops a run while it waits for the answer to its n-th request to Azure. */
export async function atCall(
    emulator: EmulatorProcess,
    call: number,
    {
        how,
        when,
        run,
    }: {
        readonly how: "kill" | "interrupt";
        readonly when: "before" | "after";
        readonly run: Run;
    },
): Promise<void> {
    const delayMilliseconds = how === "kill" ? 600_000 : 3000;
    const rule = { host: "management|azure-devices", skip: call, count: 1, when };
    await emulator.manage("POST", "/faults", { ...rule, delayMilliseconds });
    let isOver = false;
    void run.ended.finally(() => (isOver = true));
    while (!isOver) {
        const [fault] = await emulator.manage<{ hits: number }[]>("GET", "/faults");
        if (fault.hits > 0) {
            run[how]();
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
