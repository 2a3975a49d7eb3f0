import { Demo, Engine, Stage } from "./demoSteps";
import { InProcessStack } from "../fallback/inProcess";
import { Progress } from "../lib/progress";
import { readToolchain } from "../lib/toolchain";

const why = "this machine has no Pulumi CLI";

/**
 * The demo as far as it goes without the Pulumi CLI: the same program on Pulumi's in-process test monitor, its resources
 * made for real on the emulator, and the same devices. What only the engine can do is told and counted as skipped.
 *
 * @throws Error when a step fails
 */
export async function demoWithoutCli(): Promise<void> {
    const progress = new Progress(10);
    process.stdout.write(
        "\nNO PULUMI CLI: none is available on this machine; `npm run setup` explains why. The same program runs on Pulumi's\n" +
            "in-process test monitor instead, and creates every resource for real on the emulator. The demo skips what only the\n" +
            "engine does: state, previews, changes of a stack. Stand-ins of this project replace the plugins.\n",
    );
    const stage = await Stage.open(progress, readToolchain().pulumiHome);
    try {
        await run(progress, stage);
    } finally {
        await stage.close();
    }
    progress.summary();
}

async function run(progress: Progress, stage: Stage): Promise<void> {
    const { project, emulator } = stage;
    project.changeSettings("dev", () => undefined);
    const stack = new InProcessStack(project.folder, "dev", emulator.environment());
    const demo = new Demo(progress, stage, engine(stack));
    try {
        await progress.step("Devices create their own keys", () => demo.makeDeviceKeys());
        await progress.step(
            "The program, without the engine: CAs, hub, proofs of possession, five devices",
            () => demo.up(),
        );
        await progress.step(
            "The devices connect with their certificate chains and send telemetry",
            () => demo.connect(["pump-01", "pump-02", "sensor-01", "gateway-01"]),
        );
        await progress.step("An intruder and a disabled device are refused", () =>
            demo.rejectIntruder(),
        );
        progress.skip("The fleet grows by one device: pulumi preview, pulumi up", why);
        progress.skip("A device finds its hub through the provisioning service", why);
        progress.skip("A device renews its certificate by itself (EST)", why);
        progress.skip("Another preview shows no changes", why);
        await progress.step("Everything is deleted, in reverse order", () => demo.destroy());
    } finally {
        stack.stop();
    }
}

function engine(stack: InProcessStack): Engine {
    let outputs: Record<string, unknown> = {};
    return {
        async up() {
            const made = await stack.up();
            outputs = made.outputs;
            return `without the engine: ${made.count} resources created`;
        },
        outputs: async () => outputs,
        async destroy() {
            const { count } = await stack.destroy();
            return `without the engine: ${count} resources deleted`;
        },
    };
}
