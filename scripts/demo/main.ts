/*
 * The main job on the emulator, for real: the Pulumi CLI brings up the dev stack, devices connect with their
 * certificates, an intruder is refused, the fleet grows by one line, and everything is taken down again.
 * Its options: see scripts/lib/commands.mjs.
 */
import * as path from "path";
import { Stack } from "@pulumi/pulumi/automation";
import { shellWord } from "../../components/text/shellWords";
import { readArguments } from "../lib/commands.mjs";
import { endOnSignals, isEnding } from "../lib/descendants.mjs";
import { demoWithoutCli } from "./demoFallback";
import { Demo, Engine, expect, removeStages, Stage } from "./demoSteps";
import { EmulatorProcess } from "../lib/emulatorProcess";
import { outputValues } from "../lib/outputValues";
import { Progress } from "../lib/progress";
import { ProjectCopy } from "../lib/projectCopy";
import { readToolchain } from "../lib/toolchain";

const progress = new Progress(10);

/** The engine's own lines, without those that only tell that something has begun. */
const quietly = {
    suppressOutputs: true,
    suppressProgress: true,
    onOutput: (output: string): void => {
        const lines = output.split("\n").filter((line) => !/^\s*$|^[@.]|ing \(\d+s\)/.test(line));
        lines.forEach((line) => progress.say(line));
    },
};

/** The real engine. A run of `up` tells the outputs: the CLI needs two more runs to tell them again. */
class CliEngine implements Engine {
    private present: Record<string, unknown> = {};

    constructor(readonly stack: Stack) {}

    async up(): Promise<string> {
        const { summary, outputs } = await this.stack.up(quietly);
        this.present = outputValues(outputs);
        const changes = Object.entries(summary.resourceChanges ?? {});
        return `pulumi up: ${changes.map(([op, n]) => `${n} ${op}`).join(", ")}`;
    }

    outputs(): Promise<Record<string, unknown>> {
        return Promise.resolve(this.present);
    }

    async destroy(): Promise<string> {
        await this.stack.destroy(quietly);
        return "pulumi destroy";
    }
}

async function addDevice(demo: Demo, project: ProjectCopy, engine: CliEngine): Promise<void> {
    project.changeSettings("dev", (config) => {
        (config["iot-x509:devices"] as unknown[]).push({ id: "sensor-03", group: "sensors" });
    });
    progress.say("+ - id: sensor-03");
    progress.say("+   group: sensors");
    const { changeSummary } = await engine.stack.preview(quietly);
    const { create, same, ...others } = changeSummary;
    expect(
        create === 2 && Object.keys(others).length === 0,
        `the preview shows ${JSON.stringify(changeSummary)}, not 2 to create and nothing else`,
    );
    progress.fact(`pulumi preview: 2 to create (certificate, identity), ${same} unchanged`);
    await engine.up();
    await demo.connect(["sensor-03"]);
}

async function addProvisioning(demo: Demo, project: ProjectCopy, engine: CliEngine): Promise<void> {
    project.changeSettings("dev", (config) => {
        config["iot-x509:dps"] = {};
        const groups = config["iot-x509:groups"] as Record<string, unknown>;
        groups.meters = { keyAlgorithm: "ECDSA-P256", validityDays: 90, provisioning: "dps" };
        (config["iot-x509:devices"] as unknown[]).push({ id: "meter-01", group: "meters" });
    });
    progress.say("+ dps: {}");
    progress.say("+ groups: meters: { …, provisioning: dps }");
    progress.say("+ - id: meter-01");
    await engine.up();
    await demo.register("meter-01");
}

async function main(): Promise<void> {
    const { values: flags } = readArguments("demo");
    endOnSignals(removeStages);
    const { cli, description, pulumiHome } = readToolchain();
    if (cli === null) {
        expect(!flags.keep && !flags.official, "--keep and --official require the Pulumi CLI");
        return demoWithoutCli();
    }
    process.stdout.write(
        `\nEngine: ${flags.official ? `${description}, but only official plugins` : description}\n` +
            `Node.js ${process.version}\n`,
    );
    const stage = await Stage.open(
        progress,
        flags.official ? `${pulumiHome}-official` : pulumiHome,
    );
    try {
        await run(stage, flags.keep);
    } catch (error) {
        await stage.close();
        throw error;
    }
    progress.summary();
    if (flags.keep) {
        sayHowToUse(stage.emulator, stage.project);
    } else {
        await stage.close();
    }
}

async function run(stage: Stage, keep: boolean): Promise<void> {
    const engine = new CliEngine(await stage.project.stack("dev"));
    const demo = new Demo(progress, stage, engine);
    await progress.step("Devices create their own keys", () => demo.makeDeviceKeys());
    await progress.step("pulumi up: CAs, hub, proofs of possession, five devices", () => demo.up());
    await progress.step(
        "The devices connect with their certificate chains and send telemetry",
        () => demo.connect(["pump-01", "pump-02", "sensor-01", "gateway-01"]),
    );
    await progress.step("An intruder and a disabled device are refused", () =>
        demo.rejectIntruder(),
    );
    await progress.step("The fleet grows by one device", () =>
        addDevice(demo, stage.project, engine),
    );
    await progress.step("A device finds its hub with its certificate and the ID scope alone", () =>
        addProvisioning(demo, stage.project, engine),
    );
    await progress.step("A device renews its certificate by itself (EST)", () =>
        demo.renew("sensor-01", "sensors", 70),
    );
    await progress.step("Another preview shows no changes", async () => {
        const { changeSummary } = await engine.stack.preview();
        const changes = Object.keys(changeSummary).filter((op) => op !== "same");
        expect(changes.length === 0, `the preview shows ${JSON.stringify(changeSummary)}`);
        progress.fact(`pulumi preview: ${changeSummary.same} unchanged, nothing to do`);
    });
    if (keep) {
        return;
    }
    await progress.step("pulumi destroy", () => demo.destroy());
}

function sayHowToUse(emulator: EmulatorProcess, project: ProjectCopy): void {
    emulator.detach();
    const { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE } = project.environment;
    process.stdout.write(`
The emulator and the stack keep running. In bash, for az, pulumi and the SDKs:
  source ${shellWord(path.join(__dirname, "../../.local/env"))}
  source ${shellWord(emulator.ready.envFile)}
  export PULUMI_BACKEND_URL=${shellWord(PULUMI_BACKEND_URL)} PULUMI_CONFIG_PASSPHRASE=${shellWord(PULUMI_CONFIG_PASSPHRASE)}
  cd ${shellWord(project.folder)} && pulumi stack output --stack dev
Who holds which certificate, in the same shell:  bash ${shellWord(path.join(__dirname, "../inventory.sh"))} --stack dev
Received messages and refused devices:  curl ${emulator.ready.management}/messages  (/refusals, /connections)
To stop everything:  kill ${emulator.pid}; rm -r ${shellWord(project.folder)}
`);
}

main().catch((error: Error) => {
    if (!isEnding()) {
        process.stderr.write(`\nThe demo failed: ${error.message}\n`);
        process.exit(1);
    }
});
