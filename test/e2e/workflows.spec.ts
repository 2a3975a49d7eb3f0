import { strict as assert } from "assert";
import { execFile } from "child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "fs";
import { createServer } from "http";
import { load } from "js-yaml";
import { AddressInfo } from "net";
import * as path from "path";
import { json } from "stream/consumers";
import { Deployment, StackOutputs } from "../support/deployment";
import { shared } from "../support/emulator";
import { FleetCommand } from "../support/fleetCommand";

const repository = path.resolve(__dirname, "../..");
const golden = path.join(repository, "test/fixtures/fleetComment.md");

type Outputs = StackOutputs & { readonly ciPreviewClientId: string };

interface Step {
    readonly name?: string;
    readonly run?: string;
    readonly env?: Readonly<Record<string, string>>;
}

interface Workflow {
    readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

interface Ran {
    readonly name: string;
    readonly status: number;
    readonly text: string;
}

/** Answers as `gh api` does, from comments and issues in a file; `--jq` is done by hand, for each filter that the steps have. */
const gh = `#!/usr/bin/env node
const fs = require("fs");
const file = process.env.GH_RECORD;
const record = JSON.parse(fs.readFileSync(file, "utf8"));
const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const method = args.includes("--method") ? option("--method") : "GET";
const url = args.find((one) => one.startsWith("repos/"));
const field = (name) => {
    const given = args.find((one) => one.startsWith(name + "="));
    const value = given && given.slice(name.length + 1);
    return value && value.startsWith("@") ? fs.readFileSync(value.slice(1), "utf8") : value;
};
record.calls.push(method + " " + url);
const kind = url.includes("/comments") ? "comments" : "issues";
if (method === "POST") {
    record[kind].push({ id: 100 + record[kind].length, title: field("title"), body: field("body") });
} else if (method === "PATCH") {
    record[kind].find(({ id }) => String(id) === url.split("/").pop()).body = field("body");
} else if (url.includes("/pulls")) {
    console.log(7);
} else {
    const jq = option("--jq");
    const wanted = /(?:startswith\\(|title == )"([^"]*)"/.exec(jq)[1];
    const found = record[kind].filter(({ title, body }) => (title ?? body).startsWith(wanted));
    found.forEach(({ id, body }) => console.log(jq.endsWith(".body") ? body : id));
}
fs.writeFileSync(file, JSON.stringify(record));
`;

/** The steps of the workflows as they stand, with a GitHub-like token, and a stand-in for gh that records. */
describe("the workflows' run steps", function () {
    this.timeout(1_800_000);
    const { managementUrl, tenantId, manage } = shared();
    let deployment: Deployment;
    let outputs: Outputs;
    let folder: string;
    let webhook = "";

    before(async function () {
        const numbered = (name: string, count: number) =>
            Array.from({ length: count }, (_, index) => ({
                id: `${name}-${String(index + 1).padStart(2, "0")}`,
                group: name === "press" ? "presses" : `${name}s`,
            }));
        deployment = await Deployment.make(this, "prod", {
            hub: { name: "iot-workflows" },
            pki: { keyAlgorithm: "ECDSA-P256" },
            groups: {
                presses: { keyAlgorithm: "ECDSA-P256" },
                meters: { keyAlgorithm: "ECDSA-P256" },
            },
            devices: [...numbered("press", 40), ...numbered("meter", 6)],
            pruneDevices: false,
            outputDevices: [],
            ci: {
                repository: "acme/fleet",
                subjects: ["environment:prod"],
                previewSubjects: ["pull_request"],
            },
        });
        await FleetCommand.run(deployment, "up");
        outputs = (await deployment.outputs()) as Outputs;
        folder = deployment.project.file("runner");
        symlinkSync(path.join(repository, "policy"), deployment.project.file("policy"));
        mkdirSync(path.join(folder, "bin"), { recursive: true });
        writeFileSync(path.join(folder, "bin/gh"), gh);
        chmodSync(path.join(folder, "bin/gh"), 0o755);
        writeFileSync(
            path.join(folder, "record.json"),
            JSON.stringify({ calls: [], comments: [], issues: [] }),
        );
        // The commands of the repository, on the copy's settings and state.
        const own = deployment.project.file("package.json");
        const manifest = JSON.parse(readFileSync(own, "utf8")) as { scripts: object };
        manifest.scripts = Object.fromEntries(
            ["diff", "expiry", "fleet"].map((name) => [
                name,
                `exec bash ${path.join(repository, "scripts", name)}.sh`,
            ]),
        );
        rmSync(own);
        writeFileSync(own, JSON.stringify(manifest));
    });

    after(async () => {
        await manage("PUT", "/clock", { offsetSeconds: 0 });
        await deployment?.remove();
    });

    interface Record {
        readonly calls: string[];
        readonly comments: { readonly id: number; readonly body: string }[];
        readonly issues: { readonly id: number; readonly title: string; readonly body: string }[];
    }

    const record = (): Record =>
        JSON.parse(readFileSync(path.join(folder, "record.json"), "utf8")) as Record;

    /** Runs a job's steps in order until one fails, as GitHub runs them: bash, -e, pipefail. */
    async function runJob(
        file: string,
        job: string,
        login: { readonly clientId: string; readonly subject: string },
    ): Promise<Ran[]> {
        const text = readFileSync(path.join(repository, ".github/workflows", file), "utf8");
        const { steps } = (load(text) as Workflow).jobs[job];
        const ran: Ran[] = [];
        const output = path.join(folder, "output");
        writeFileSync(output, "");
        for (const { name = "", run, env = {} } of steps) {
            // The runner of the tests is installed already.
            if (run === undefined || name === "Install") {
                continue;
            }
            const status = /status=(\d+)/.exec(readFileSync(output, "utf8"))?.[1] ?? "";
            const values: { [expression: string]: string } = {
                "github.token": "token",
                "github.event.pull_request.number": "7",
                "vars.FLEET_FAIL_ON": "access-lost",
                "steps.diff.outputs.status": status,
                "secrets.FLEET_EXPIRY_WEBHOOK": webhook,
            };
            const own = Object.entries(env).map(([key, value]) => [
                key,
                value.replace(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => {
                    assert.ok(expression in values, expression);
                    return values[expression];
                }),
            ]);
            const { variables } = deployment;
            const subject = encodeURIComponent(`repo:acme/fleet:${login.subject}`);
            const result = await new Promise<Ran>((resolve) => {
                execFile(
                    "bash",
                    ["--noprofile", "--norc", "-eo", "pipefail", "-c", run],
                    {
                        cwd: deployment.project.folder,
                        maxBuffer: 64 * 1024 * 1024,
                        env: {
                            ...variables,
                            PATH: `${path.join(folder, "bin")}:${variables.PATH}`,
                            STACK: deployment.name,
                            ARM_CLIENT_ID: login.clientId,
                            ARM_CLIENT_SECRET: "",
                            ARM_TENANT_ID: tenantId,
                            ARM_USE_OIDC: "true",
                            ACTIONS_ID_TOKEN_REQUEST_URL: `${managementUrl}/actions-token?subject=${subject}`,
                            ACTIONS_ID_TOKEN_REQUEST_TOKEN: "job",
                            RUNNER_TEMP: folder,
                            GITHUB_OUTPUT: output,
                            GITHUB_STEP_SUMMARY: path.join(folder, "summary.md"),
                            GITHUB_REPOSITORY: "acme/fleet",
                            GITHUB_SHA: "4f1c2ab",
                            GH_RECORD: path.join(folder, "record.json"),
                            ...(Object.fromEntries(own) as { [key: string]: string }),
                        },
                    },
                    (error, stdout, stderr) =>
                        resolve({
                            name,
                            status: error === null ? 0 : Number(error.code),
                            text: `${stdout}\n${stderr}`,
                        }),
                );
            });
            ran.push(result);
            if (result.status !== 0) {
                break;
            }
        }
        return ran;
    }

    const previewer = () => ({ clientId: outputs.ciPreviewClientId, subject: "pull_request" });
    const deployer = () => ({ clientId: outputs.ciClientId, subject: "environment:prod" });

    it("comment once on a pull request, as a person can read it, and hold back who loses access", async () => {
        deployment.change(({ groups, devices }) => {
            groups.presses.intermediate = { generation: 2, retain: [1] };
            const kept = devices.filter(({ id }) => id !== "meter-05" && id !== "meter-06");
            const added = ["meter-07", "meter-08", "meter-09"].map((id) => ({
                id,
                group: "meters",
            }));
            devices.splice(0, devices.length, ...kept, ...added);
            Object.assign(devices.find(({ id }) => id === "meter-04") ?? {}, {
                status: "disabled",
            });
        });
        const first = await runJob("fleet-preview.yml", "preview", previewer());
        assert.deepEqual(
            first.map(({ name, status }) => `${name}: ${status}`),
            ["Tell what changes: 0", "Comment: 0", "Hold back what a gate holds back: 3"],
            first.map(({ text }) => text).join("\n"),
        );
        const [{ body }] = record().comments;
        if (process.env.UPDATE_GOLDEN === "true") {
            writeFileSync(golden, body);
        }
        assert.equal(body, readFileSync(golden, "utf8"));

        await runJob("fleet-preview.yml", "preview", previewer());
        const { comments, calls } = record();
        assert.equal(comments.length, 1);
        assert.ok(calls.includes("PATCH repos/acme/fleet/issues/comments/100"), calls.join("\n"));
    });

    it("deploy nothing that is not what was reviewed, and then what was", async () => {
        // That a device was active since is no other change; the comment is of a device that never was.
        const { comments, ...rest } = record();
        const [comment] = comments;
        const body = comment.body.replaceAll("never connected", "active 2026-11-28 14:02 UTC");
        assert.notEqual(body, comment.body);
        writeFileSync(
            path.join(folder, "record.json"),
            JSON.stringify({ ...rest, comments: [{ ...comment, body }] }),
        );
        const reviewed = await runJob("fleet-deploy.yml", "review", previewer());
        assert.deepEqual(
            reviewed.map(({ status }) => status),
            [0, 0],
            reviewed.map(({ text }) => text).join("\n"),
        );
        deployment.changeDevice("meter-01", { status: "disabled" });
        const [, compared] = await runJob("fleet-deploy.yml", "review", previewer());
        assert.equal(compared.status, 1);
        assert.match(compared.text, /what prod would become is not what #7 showed/);
        deployment.changeDevice("meter-01", { status: "enabled" });

        const deployed = await runJob("fleet-deploy.yml", "deploy", deployer());
        assert.deepEqual(
            deployed.map(({ status }) => status),
            [0, 0],
            deployed.map(({ text }) => text).join("\n"),
        );
        const twin = await deployment.twin("meter-04");
        assert.equal((twin as unknown as { status: string }).status, "disabled");
    });

    it("find no drift in renewals that are due, then one that opens one issue and updates it", async () => {
        // Of 365 days, 25 are left, and the last 30 are for renewing.
        const clock = path.resolve(__dirname, "../../scripts/lib/laterClock.js");
        const offsetSeconds = 340 * 24 * 3600;
        deployment.variables.NODE_OPTIONS = `${process.env.NODE_OPTIONS} --require "${clock}"`;
        deployment.variables.LATER_CLOCK_SECONDS = String(offsetSeconds);
        await manage("PUT", "/clock", { offsetSeconds });
        const due = await runJob("fleet-drift.yml", "drift", previewer());
        assert.match(
            readFileSync(path.join(folder, "fleet.md"), "utf8"),
            /4[0-9] renewed because due \(nobody changed them\)/,
            due.map(({ text }) => text).join("\n"),
        );
        assert.equal(
            /status=(\d)/.exec(readFileSync(path.join(folder, "output"), "utf8"))?.[1],
            "0",
        );
        const registry = await deployment.registry();
        await registry.updateTwin("meter-02", { tags: { iotX509: null } }, "*");
        for (const times of [1, 2]) {
            const ran = await runJob("fleet-drift.yml", "drift", previewer());
            assert.equal(
                record().issues.length,
                1,
                `${times}\n${ran.map(({ text }) => text).join("\n")}`,
            );
        }
        const [{ title, body }] = record().issues;
        assert.equal(title, "Drift: prod is not as configured");
        assert.match(body, /meter-02/);
    });

    it("renew nothing while anything else would change", async () => {
        deployment.changeDevice("meter-01", { status: "disabled" });
        const [shown, ...more] = await runJob("fleet-renewal.yml", "renew", deployer());
        assert.equal(shown.status, 3);
        assert.deepEqual(more, []);
    });

    it("tell a webhook once what expires, and fail where there is none", async () => {
        const taken: number[] = [];
        const receiver = createServer((request, response) => {
            void json(request).then((body) => {
                const { data } = body as { data: { alertContext: { count: number } } };
                taken.push(data.alertContext.count);
                response.end();
            });
        });
        await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
        const { variables } = deployment;
        const clock = path.resolve(__dirname, "../../scripts/lib/laterClock.js");
        try {
            // Nobody renews, and 20 days are left.
            const seconds = 345 * 24 * 3600;
            variables.NODE_OPTIONS = `${process.env.NODE_OPTIONS} --require "${clock}"`;
            variables.LATER_CLOCK_SECONDS = String(seconds);
            await shared().manage("PUT", "/clock", { offsetSeconds: seconds });
            const [unheard] = await runJob("fleet-expiry.yml", "expiry", previewer());
            assert.equal(unheard.status, 3, unheard.text);
            webhook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
            for (const times of [1, 2]) {
                const [told] = await runJob("fleet-expiry.yml", "expiry", previewer());
                assert.equal(told.status, 0, told.text);
                assert.equal(taken.length, 1, `${times}: ${taken.join(", ")}`);
            }
            assert.ok(taken[0] >= 40, String(taken[0]));
        } finally {
            await shared().manage("PUT", "/clock", { offsetSeconds: 0 });
            delete variables.NODE_OPTIONS;
            delete variables.LATER_CLOCK_SECONDS;
            receiver.close();
        }
    });
});
