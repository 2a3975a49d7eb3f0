import * as assert from "assert";
import { spawn } from "child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { EnvironmentCredential } from "@azure/identity";
import { differences, fieldsOf, Recording } from "../../cli/live/recording";
import { bodyForm, headerForms, hostForm, pathForm } from "../../cli/live/redact";
import { readRecording, runLive } from "../../cli/live/run";
import { shared } from "../support/emulator";
import { processTree, survivors } from "../support/processes";
import { SpecMappers } from "../support/specMappers";
import { requirePulumi } from "../support/tools";
import { runTypescript } from "../../scripts/lib/runTypescript";

/** What the trial must have seen, and the type of the answer in the specification. */
const answers: readonly (readonly [sdk: string, method: string, path: RegExp, type: string])[] = [
    ["@azure/arm-iothub", "PUT", /\/IotHubs\/\{hub\}$/i, "IotHubDescription"],
    ["@azure/arm-iothub", "GET", /\/IotHubs\/\{hub\}$/i, "IotHubDescription"],
    [
        "@azure/arm-iothub",
        "PUT",
        /\/IotHubs\/\{hub\}\/certificates\/[^/]+$/i,
        "CertificateDescription",
    ],
    [
        "@azure/arm-iothub",
        "POST",
        /\/IotHubs\/\{hub\}\/certificates\/[^/]+\/generateVerificationCode$/i,
        "CertificateWithNonceDescription",
    ],
    [
        "@azure/arm-iothub",
        "POST",
        /\/IotHubs\/\{hub\}\/certificates\/[^/]+\/verify$/i,
        "CertificateDescription",
    ],
    [
        "@azure/arm-deviceprovisioningservices",
        "PUT",
        /\/provisioningServices\/\{service\}$/i,
        "ProvisioningServiceDescription",
    ],
    [
        "@azure/arm-deviceprovisioningservices",
        "PUT",
        /\/provisioningServices\/\{service\}\/certificates\/[^/]+$/i,
        "CertificateResponse",
    ],
];

/** Fields that Azure sends beside the specification's (azure-cli's `test_certificate_lifecycle.yaml` and `test_dps_lifecycle.yaml`). */
const unspecified =
    /^(IotHub|ProvisioningService)Description\.(resourcegroup|subscriptionid) is unknown$/;

describe("npm run live, on the emulator in Azure's place", function () {
    this.timeout(900_000);
    const { manage, subscriptionId } = shared();
    const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-live-spec-"));
    const file = path.join(folder, "recording.json");
    const said: string[] = [];
    let recording: Recording;

    before(async function () {
        const { pulumiHome } = requirePulumi(this);
        recording = await runLive({
            against: "emulator",
            subscriptionId,
            location: "westeurope",
            file,
            pulumiHome,
            environment: process.env,
            say: (text) => said.push(text),
        });
    });

    after(() => rmSync(folder, { recursive: true, force: true }));

    it("completes the whole path and leaves nothing behind", async () => {
        const failed = recording.steps.filter(({ outcome }) => outcome !== "as expected");
        assert.deepStrictEqual([recording.steps.length, failed], [12, []]);
        const dump = JSON.stringify(await manage("GET", "/dump"));
        assert.ok(!dump.includes("iot-x509-live-trial"));
        assert.strictEqual(said.at(-1), "everything is deleted");
    });

    it("records no name, ID, token, key or certificate", async () => {
        const text = readFileSync(file, "utf8");
        const credential = new EnvironmentCredential();
        const token = await credential.getToken("https://management.azure.com/.default");
        const { ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID } = process.env;
        for (const secret of [
            ...[subscriptionId, ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID],
            ...[token.token.slice(0, 20), "pump-1", "meter-1", "live-trial", "MyOrg", "westeurope"],
        ]) {
            assert.ok(secret !== undefined && secret !== "" && !text.includes(secret), secret);
        }
        assert.doesNotMatch(text, /BEGIN|eyJ|Shared|Bearer|[0-9a-f]{8}-[0-9a-f]{4}-/);
        // Base64 of a key or certificate, a thumbprint: nothing so long has digits in it.
        const long = text.match(/[A-Za-z0-9+/=]{24,}/g) ?? [];
        assert.deepStrictEqual(
            long.filter((word) => /\d/.test(word)),
            [],
        );
    });

    for (const [sdk, method, where, type] of answers) {
        it(`${method} ${where.source}: the answer is a ${type} of the specification`, () => {
            const seen = recording.exchanges.filter(
                (one) => one.method === method && where.test(one.path) && one.status < 300,
            );
            assert.ok(seen.length > 0, "not recorded");
            const mappers = new SpecMappers(sdk);
            const problems = seen
                .flatMap(({ response }) => mappers.problems(type, response))
                .filter((problem) => !unspecified.test(problem));
            assert.deepStrictEqual(problems, []);
        });
    }

    it("has the registry's and the provisioning service's own calls, too", () => {
        const hosts = new Set(recording.exchanges.map(({ host }) => host));
        assert.ok(hosts.has("{hub}.azure-devices.net"));
        assert.ok(hosts.has("{service}.azure-devices-provisioning.net"));
    });

    it("can be read back, and differences are reported field by field", () => {
        const read = readRecording(file);
        const index = read.exchanges.findIndex(
            ({ method, path: where, status }) =>
                method === "GET" && status === 200 && /\/IotHubs\/\{hub\}$/i.test(where),
        );
        const hub = read.exchanges[index];
        const [field] = [...fieldsOf(hub).keys()].filter((name) => name.endsWith(".hostName"));
        assert.ok(field !== undefined, "the hub's PUT answers with its host name");
        const changed = JSON.parse(
            JSON.stringify(read).replaceAll('"hostName":"string"', '"hostName":"number"'),
        ) as Recording;
        const without = {
            ...changed,
            against: "azure" as const,
            exchanges: changed.exchanges.slice(1),
        };
        const found = differences(read, without);
        assert.ok(
            found.some((line) => /hostName: string in emulator, number in azure$/.test(line)),
        );
        assert.ok(found.some((line) => line.endsWith(": only in emulator")));
    });
});

describe("npm run live that is interrupted", function () {
    this.timeout(300_000);
    const { manage } = shared();

    it("deletes what it has made in the middle of an update, and ends with the signal's status", async function () {
        requirePulumi(this);
        const folder = mkdtempSync(path.join(tmpdir(), "iot-x509-live-signals-"));
        try {
            const live = spawn(
                process.execPath,
                [
                    ...[...runTypescript, "cli/live/main.ts", "--emulator"],
                    ...["--record", path.join(folder, "recording.json")],
                ],
                {
                    cwd: path.resolve(__dirname, "../.."),
                    env: { ...process.env, IOT_X509_LIVE_EMULATED: "1", TMPDIR: folder },
                },
            );
            let output = "";
            live.stdout.on("data", (data: Buffer) => (output += data.toString()));
            live.stderr.on("data", (data: Buffer) => (output += data.toString()));
            const ended = new Promise((resolve) => live.once("exit", resolve));
            const isThere = async () =>
                /iot-x509-live-trial[^"]*\/IotHubs\//i.test(
                    JSON.stringify(await manage("GET", "/dump")),
                );
            while (!(await isThere())) {
                assert.equal(live.exitCode, null, output);
                await sleep(200);
            }
            const tree = processTree(live.pid as number);
            live.kill("SIGINT");
            assert.equal(await ended, 130, output);
            assert.match(output, /^Interrupted: what was made is being deleted/m);
            assert.match(output, /^everything is deleted$/m);
            assert.doesNotMatch(output, /^live: /m);
            assert.deepStrictEqual(await survivors(tree, 8_000), []);
            const dump = JSON.stringify(await manage("GET", "/dump"));
            assert.deepStrictEqual(dump.match(/.{0,80}iot-x509-live-trial.{0,30}/g), null);
            const left = readdirSync(folder).filter((name) => name.startsWith("iot-x509-"));
            assert.deepStrictEqual(left, []);
        } finally {
            rmSync(folder, { recursive: true, force: true });
        }
    });
});

describe("what a recording keeps", () => {
    it("placeholders of names in paths, whatever they are", () => {
        const guid = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
        const path = `/subscriptions/${guid}/resourceGroups/secret/providers/Microsoft.Devices/IotHubs/mine/certificates/x`;
        assert.strictEqual(
            pathForm(path),
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Devices/IotHubs/{hub}/certificates/{certificate}",
        );
        assert.strictEqual(pathForm(`/${guid}/oauth2/v2.0/token`), "/{value}/oauth2/v2.0/token");
        assert.strictEqual(pathForm("/devices/query"), "/devices/query");
        assert.strictEqual(hostForm("My-Hub.azure-devices.net"), "{hub}.azure-devices.net");
        assert.strictEqual(hostForm("contoso.blob.core.windows.net"), "{host}");
    });

    it("types of values, and the values that show how a service behaves", () => {
        const body = {
            code: 412001,
            state: "Active",
            status: "sig=abc123",
            tags: { "owner of it": "Jane" },
            list: [{ a: 1 }, { a: "x", b: null }],
            "6f9619ff-8b86-d011-b42d-00c04fc964ff": true,
        };
        assert.deepStrictEqual(bodyForm(body), {
            code: "=412001",
            state: "=Active",
            status: "string",
            tags: { "*": "string" },
            list: { "[]": { a: "number|string", b: "null" } },
            "*": "boolean",
        });
        const headers = { etag: '"AAAA="', "retry-after": "15", location: "https://secret" };
        assert.deepStrictEqual(headerForms(headers, Object.keys(headers)), {
            etag: "quoted",
            "retry-after": "15",
            location: "present",
        });
    });
});
