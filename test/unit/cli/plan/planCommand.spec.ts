import { strict as assert } from "assert";
import { execFileSync, spawnSync } from "child_process";
import { cpSync, existsSync, realpathSync } from "fs";
import * as paths from "path";
import { FleetPlan } from "../../../../cli/plan/fleetPlan";
import { skip } from "../../../support/skip";
import { ProjectFolder } from "../../stacks/config/configSupport";
import { runTypescript } from "../../../../scripts/lib/runTypescript";

const repository = paths.resolve(__dirname, "../../../..");
const pulumi = paths.join(repository, ".local/bin/pulumi");

interface Outcome {
    readonly status: number | null;
    readonly out: string;
    readonly errors: string;
}

type PlanJson = FleetPlan & { readonly stack: string; readonly unread: readonly string[] };

/** `npm run plan` in a folder with project files of its own, without any Pulumi in reach. */
class PlannedProject extends ProjectFolder {
    readonly environment: NodeJS.ProcessEnv = {
        PATH: paths.dirname(process.execPath) + ":/usr/bin:/bin",
        HOME: this.path,
        TS_NODE_PROJECT: paths.join(repository, "tsconfig.json"),
    };

    constructor() {
        super();
        for (const name of ["Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "devices"]) {
            cpSync(paths.join(repository, name), paths.join(this.path, name), { recursive: true });
        }
    }

    plan(...args: string[]): Outcome {
        return run(
            process.execPath,
            [...runTypescript, paths.join(repository, "cli/plan/main.ts"), ...args],
            { cwd: this.path, env: this.environment },
        );
    }

    json(...args: string[]): PlanJson {
        const { out, errors } = this.plan("--json", ...args);
        assert.equal(errors, "");
        return JSON.parse(out) as PlanJson;
    }

    stack(name: string, ...lines: string[]): void {
        const settings = ["azure-native:location: westeurope", "iot-x509:organization: Contoso"];
        const config = [...settings, ...lines].map((line) => `  ${line}\n`);
        this.write(`Pulumi.${name}.yaml`, `config:\n${config.join("")}`);
    }
}

function run(
    command: string,
    args: string[],
    options: { cwd: string; env: NodeJS.ProcessEnv },
): Outcome {
    const { status, stdout, stderr } = spawnSync(command, args, { ...options, encoding: "utf8" });
    return { status, out: stdout, errors: stderr };
}

describe("npm run plan", function () {
    this.timeout(60_000);
    let project: PlannedProject;
    beforeEach(() => (project = new PlannedProject()));
    afterEach(() => project.remove());

    it("reports on the dev stack, as npm starts it", () => {
        const args = ["run", "--silent", "plan", "--", "--stack", "dev"];
        const { status, out } = run("npm", args, { cwd: repository, env: process.env });
        assert.equal(status, 0);
        assert.match(out, /^Plan of stack dev \(as requested\)\nDevices: 5\n/);
        assert.match(out, /devices listed on the hub +5 of 1,000,000\n/);
        assert.match(out, /CA certificates on the hub +2 of 25; 2 of 2 groups can roll over/);
        assert.doesNotMatch(out, /Advice|undefined|NaN/);
    });

    it("plans a stack per group, and one for devices without a group", () => {
        const { shards, largestShard } = project.json("--stack", "dev", "--shards", "group");
        assert.equal(shards, 3);
        assert.equal(largestShard?.devices, 2);
        assert.equal(project.json("--stack", "dev").shards, undefined);
    });

    it("reports the problems of prod as the program does, and its figures with a root", () => {
        const { status, out, errors } = project.plan("--stack", "prod");
        assert.deepEqual([status, out], [1, ""]);
        assert.match(
            errors,
            /^error: The configuration has 1 problem; nothing was changed:\n {2}pki\.root\.certificate: "pki\/root\.pem"/,
        );

        project.write("pki/.keep", "");
        project.openssl(
            "req -x509 -newkey rsa:2048 -noenc -keyout root.key -days 3650 -out pki/root.pem " +
                "-addext basicConstraints=critical,CA:TRUE,pathlen:1 -addext keyUsage=critical,keyCertSign",
            "-subj",
            "/O=MyOrg/CN=IoT Root CA",
        );
        const plan = project.json("--stack", "organization/iot-x509/prod");
        assert.deepEqual([plan.stack, plan.hub.sku, plan.hub.units], ["prod", "S1", 4]);
        // The table's rows.
        const rows = project.read("devices/prod/fleet.csv").trim().split("\n").length - 1;
        assert.equal(plan.devices.total, rows);
    });

    it("prints the program's warnings beside the report", () => {
        project.write("pki/.keep", "");
        project.openssl(
            "req -x509 -newkey rsa:2048 -noenc -keyout root.key -days 3650 -out pki/root.pem " +
                "-addext basicConstraints=critical,CA:TRUE",
            "-subj",
            "/O=MyOrg/CN=IoT Root CA",
        );
        const { status, out, errors } = project.plan("--stack", "prod");
        assert.equal(status, 0);
        assert.match(out, /^Plan of stack prod/);
        assert.match(errors, /^warning: pki\.root\.certificate: .*no keyUsage/);
    });

    it("names the stacks that have files when one is unknown, and an unknown option", () => {
        const unknown = project.plan("--stack", "production");
        assert.equal(unknown.status, 1);
        assert.match(
            unknown.errors,
            /^error: the stack "production" has no settings file Pulumi\.production\.yaml; stacks with one: dev, prod /,
        );
        const option = project.plan("--stak", "dev");
        assert.equal(option.status, 2);
        assert.match(option.errors, /^plan: Unknown option '--stak'\n\nUsage: npm run plan/);
    });

    it("says where a file is not YAML, and shows none of its content", () => {
        project.write("Pulumi.bad.yaml", "config:\n  iot-x509:hub: {sku: S1\n  other: hunter2\n");
        const { status, errors } = project.plan("--stack", "bad");
        assert.equal(status, 1);
        assert.match(errors, /^error: Pulumi\.bad\.yaml:\d+: .* — correct it/);
        assert.doesNotMatch(errors, /hunter2/);
    });

    it("treats encrypted values as not set, and names the relevant ones", () => {
        project.stack(
            "secret",
            "iot-x509:hub: { secure: v1:AAAA }",
            "iot-x509:ci: { secure: v1:BBBB }",
            "iot-x509:groups: { pumps: {} }",
            "iot-x509:devices: [{ id: a, group: pumps, tags: { site: { secure: v1:CCCC } } }]",
        );
        const { unread, hub, devices } = project.json("--stack", "secret");
        assert.deepEqual(unread, ["hub", "devices[0].tags.site"]);
        assert.deepEqual([hub.sku, hub.units, devices.total], ["S1", 1, 1]);
        const { out } = project.plan("--stack", "secret");
        assert.match(out, /\nEncrypted, so treated as not set: hub, devices\[0\]/);
    });

    it("does not need an encrypted organization or location", () => {
        project.write(
            "Pulumi.closed.yaml",
            "config:\n  iot-x509:organization: { secure: v1:AAAA }\n  iot-x509:location: { secure: v1:BBBB }\n",
        );
        assert.deepEqual(project.json("--stack", "closed").unread, []);
    });

    it("plans 10,000 rows of a table in seconds", () => {
        const rows = Array.from({ length: 10_000 }, (_, index) => `d-${index},pumps\n`);
        project.write("fleet.csv", `id,group\n${rows.join("")}`);
        project.stack(
            "large",
            "iot-x509:groups: { pumps: { keyAlgorithm: ECDSA-P256 } }",
            "iot-x509:devicesFile: fleet.csv",
        );
        const start = Date.now();
        const { devices, firstUp, advice } = project.json("--stack", "large");
        const seconds = (Date.now() - start) / 1000;
        assert.equal(devices.total, 10_000);
        assert.equal(firstUp.hubMinutes, 99);
        assert(!advice.some(({ topic }) => topic === "configuration"));
        assert(seconds < 10, `${seconds} s`);
    });

    it("warns of 3,000 devices in the stack file itself", () => {
        const devices = Array.from({ length: 3000 }, (_, i) => `{ id: d-${i}, group: pumps }`);
        project.stack(
            "inline",
            "iot-x509:groups: { pumps: {} }",
            `iot-x509:devices: [${devices.join(", ")}]`,
        );
        const found = project.json("--stack", "inline").advice.map(({ topic }) => topic);
        assert(found.includes("configuration"), String(found));
    });

    it("uses the stack that the Pulumi CLI selected", function () {
        if (!existsSync(pulumi)) {
            skip(this, { lacks: "Pulumi CLI", why: "it is not set up" });
        }
        project.stack("chosen", "iot-x509:groups: {}");
        const folder = realpathSync(project.path);
        const environment = {
            ...project.environment,
            PULUMI_HOME: paths.join(folder, "home"),
            PULUMI_BACKEND_URL: `file://${folder}`,
            PULUMI_CONFIG_PASSPHRASE: "of a test",
            PULUMI_SKIP_UPDATE_CHECK: "true",
        };
        execFileSync(pulumi, ["stack", "init", "chosen"], {
            cwd: folder,
            env: environment,
            stdio: "pipe",
        });
        assert.match(project.plan().out, /^Plan of stack dev \(the default, because no selected/);
        project.environment.PULUMI_HOME = environment.PULUMI_HOME;
        assert.match(project.plan().out, /^Plan of stack chosen \(the selected one\)/);
    });
});
