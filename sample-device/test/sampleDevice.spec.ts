import { strict as assert } from "assert";
import { spawnSync } from "child_process";
import { mkdtempSync, rmSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { IotHubClient } from "@azure/arm-iothub";
import { EnvironmentCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { hubSideReasons, visibleProblems } from "../diagnosis";
import { DeviceRun, runDevice } from "../../scripts/demo/demoDevices";
import { dropGroup, iotHubClient, makeHub } from "../../test/support/iotHubClient";
import { chain, issue, Issued, makeCa, selfSigned } from "../../test/support/pki";

const group = "rg-sample-device";
const hub = "iot-sample-device";
const hostName = `${hub}.azure-devices.net`;
const day = 24 * 3600 * 1000;
const deviceId = "sample-01";

describe("the sample device", function () {
    this.timeout(60_000);
    let root: Issued;
    let ca: Issued;
    let leaf: Issued;

    before(async () => {
        root = await makeCa({ commonName: "Root" });
        ca = await issue(root, { commonName: "CA", ca: true });
        leaf = await issue(ca, { commonName: deviceId });
    });

    describe("its diagnosis of its own certificate", () => {
        const problems = (chainPem: string, keyPem: string, now?: Date): string[] =>
            visibleProblems({ deviceId, chainPem, keyPem }, now);

        it("finds nothing if everything is correct", () => {
            assert.deepEqual(problems(chain(leaf, ca), leaf.key), []);
            assert.deepEqual(problems(chain(leaf), leaf.key), []);
        });

        it("finds that the file contains no certificate", () => {
            assert.deepEqual(problems(leaf.key, leaf.key), [
                "The certificate file contains no PEM certificate.",
            ]);
        });

        it("finds another device's certificate", async () => {
            const other = await issue(ca, { commonName: "sample-02" });
            assert.deepEqual(problems(chain(other, ca), other.key), [
                'The first certificate is for "sample-02", not for device "sample-01". ' +
                    "The device's certificate must come first, followed by its issuers.",
            ]);
        });

        it("finds a chain in the wrong order", () => {
            const found = problems(chain(ca, leaf), leaf.key);
            assert.match(found[0], /first certificate is for "CA", not for device "sample-01"/);
            assert.equal(found[1], "The private key does not belong to the first certificate.");
            assert.equal(found[2], "Certificate 2 of the file did not sign the one before it.");
            assert.equal(found.length, 3);
        });

        it("finds a key that does not match", () => {
            assert.deepEqual(problems(chain(leaf, ca), ca.key), [
                "The private key does not belong to the first certificate.",
            ]);
        });

        it("names each certificate outside its validity", () => {
            const later = new Date(Date.now() + 60 * day);
            const after = problems(chain(leaf, ca), leaf.key, later);
            assert.equal(after.length, 2);
            assert.match(after[0], /^The certificate of "CN=sample-01" expired on /);
            assert.match(after[1], /^The certificate of "CN=CA" expired on /);
            const earlier = new Date(Date.now() - 60 * day);
            const before = problems(chain(leaf, ca), leaf.key, earlier);
            assert.equal(before.length, 2);
            assert.match(
                before[0],
                /"CN=sample-01" is valid from .*: check this device's clock\.$/,
            );
        });

        it("finds an issuer of the same name with another key", async () => {
            const lookAlike = await issue(root, { commonName: "CA", ca: true });
            assert.deepEqual(problems(chain(leaf, lookAlike), leaf.key), [
                "Certificate 2 of the file did not sign the one before it.",
            ]);
        });
    });

    describe("its arguments", () => {
        const device = (...args: string[]) =>
            spawnSync(
                process.execPath,
                ["-r", "ts-node/register/transpile-only", "sample-device/device.ts", ...args],
                { cwd: path.resolve(__dirname, "../.."), encoding: "utf8" },
            );
        const files = ["--certificate", "c.pem", "--key", "k.pem"];

        it("--help prints the usage and exits with status 0", () => {
            const { status, stdout } = device("--help");
            assert.equal(status, 0);
            assert.match(stdout, /^Usage: device\.ts --certificate/);
        });

        const wrong: readonly [string, readonly string[], RegExp][] = [
            ["a count that is no number", ["--count", "abc"], /--count "abc" is not a number/],
            [
                "an interval that is no number",
                ["--interval", "-"],
                /--interval "-" is not a number/,
            ],
            ["a file that is not there", [], /--certificate c\.pem: the file does not exist/],
            ["an unknown option", ["--cont", "1"], /Unknown option '--cont'/],
            [
                "a connection string with a key, which is not shown",
                ["--connection-string", "HostName=h;DeviceId=d;SharedAccessKey=c2VjcmV0"],
                /--connection-string is not for an X\.509 device/,
            ],
        ];
        for (const [what, args, message] of wrong) {
            it(`refuses ${what} with status 2`, () => {
                const { status, stderr } = device(...files, "--id-scope", "0ne1", ...args);
                assert.equal(status, 2);
                assert.match(stderr, message);
                assert.doesNotMatch(stderr, /^ +at |c2VjcmV0/m);
            });
        }
    });

    describe("its output when it connects", () => {
        let folder: string;
        let arm: IotHubClient;
        let registry: Registry;

        before(async () => {
            folder = mkdtempSync(path.join(tmpdir(), "iot-x509-sample-device-"));
            arm = iotHubClient();
            await makeHub(arm, group, hub);
            await arm.certificates.createOrUpdate(group, hub, "ca", {
                properties: {
                    certificate: Buffer.from(ca.certificate).toString("base64"),
                    isVerified: true,
                },
            });
            registry = Registry.fromTokenCredential(hostName, new EnvironmentCredential());
            const authentication = { type: "certificateAuthority" };
            await registry.addDevices([{ deviceId, status: "enabled", authentication } as never]);
        });

        after(async () => {
            rmSync(folder, { recursive: true });
            await dropGroup(arm, group);
        });

        function run(id: string, chainPem: string, keyPem: string): Promise<DeviceRun> {
            const connectionString = `HostName=${hostName};DeviceId=${id};x509=true`;
            const files = { deviceId: id, target: { connectionString }, chainPem, keyPem };
            return runDevice(files, folder, process.env, 2);
        }

        it("accepted: connects, sends, exits with 0", async () => {
            const { status, lines } = await run(deviceId, chain(leaf, ca), leaf.key);
            assert.equal(status, 0, lines.join("\n"));
            const said = lines.filter((line) => line.startsWith(deviceId));
            assert.deepEqual(said.slice(0, 3), [
                `${deviceId}: connected with its certificate`,
                `${deviceId}: sent message 1`,
                `${deviceId}: sent message 2`,
            ]);
        });

        it("refused without a visible cause: says what to check on the hub", async () => {
            const stranger = await issue(ca, { commonName: "sample-unknown" });
            const { status, lines } = await run(
                "sample-unknown",
                chain(stranger, ca),
                stranger.key,
            );
            assert.equal(status, 1, lines.join("\n"));
            const text = lines.join("\n");
            assert.match(text, /sample-unknown: refused: the hub does not accept this device\./);
            assert.match(text, /The device's files look correct/);
            hubSideReasons.forEach((reason) => assert.ok(text.includes(reason), reason));
            assert.doesNotMatch(text, /PRIVATE KEY|at .*\.ts:\d+/);
        });

        it("refused with a visible cause: warns first, and names it again", async () => {
            const expired = await issue(ca, {
                commonName: deviceId,
                notBefore: new Date(Date.now() - 2 * day),
                notAfter: new Date(Date.now() - day),
            });
            const { status, lines } = await run(deviceId, chain(expired, ca), expired.key);
            assert.equal(status, 1, lines.join("\n"));
            const ended = lines.filter((line) => /"CN=sample-01" expired on /.test(line));
            assert.equal(ended.length, 2, lines.join("\n"));
            assert.match(ended[0], /warning: /);
            assert.ok(!lines.some((line) => hubSideReasons.some((one) => line.includes(one))));
        });

        const failures: readonly [string, string, RegExp][] = [
            [
                "a name that DNS does not know",
                "no-such-host.invalid",
                /no-such-host\.invalid, port 8883: DNS does not know its name/,
            ],
            ["a port where nothing listens", "localhost:1", /localhost, port 1: nothing listens/],
        ];
        for (const [what, host, message] of failures) {
            it(`cannot connect because of ${what}: says so, and does not mention a refusal`, async () => {
                const connectionString = `HostName=${host};DeviceId=${deviceId};x509=true`;
                const target = { connectionString };
                const files = { deviceId, target, chainPem: chain(leaf, ca), keyPem: leaf.key };
                const { status, lines } = await runDevice(files, folder, process.env, 1);
                assert.equal(status, 1);
                assert.match(lines.join("\n"), message);
                assert.doesNotMatch(lines.join("\n"), /refused|^ +at /m);
            });
        }

        it("cannot connect because it does not trust the host: says so", async () => {
            const environment = {
                ...process.env,
                NODE_EXTRA_CA_CERTS: undefined,
                SSL_CERT_FILE: undefined,
            };
            const connectionString = `HostName=${hostName};DeviceId=${deviceId};x509=true`;
            const target = { connectionString };
            const files = { deviceId, target, chainPem: chain(leaf, ca), keyPem: leaf.key };
            const { status, lines } = await runDevice(files, folder, environment, 1);
            assert.equal(status, 1);
            assert.match(lines.join("\n"), /could not connect: .*does not trust its certificate/);
        });

        it("cannot connect because the key does not match: says so", async () => {
            const { status, lines } = await run(deviceId, chain(leaf, ca), ca.key);
            assert.equal(status, 1);
            assert.match(lines.join("\n"), /could not connect: the private key does not belong/);
        });

        it("a self-signed certificate of the same name is refused", async () => {
            const own = await selfSigned({ commonName: deviceId });
            const { status, lines } = await run(deviceId, own.certificate, own.key);
            assert.equal(status, 1, lines.join("\n"));
            assert.match(lines.join("\n"), /refused: the hub does not accept this device/);
        });
    });
});
