import * as assert from "assert";
import { spawn } from "child_process";
import { promises as fs } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { RefusedConnection } from "../../emulator/hub/connections";
import { addDevice } from "../support/hubs";
import { userName } from "../support/mqttClient";
import { chain, issue, Issued } from "../support/pki";
import { Sessions } from "../support/sessions";

/** A CONNECT packet written byte by byte after MQTT 3.1.1, section 3.1: clean session, user name, no password. */
function connectPacket(clientId: string, user: string): Buffer {
    const text = (value: string): Buffer => {
        const bytes = Buffer.from(value);
        return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
    };
    const header = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0x82, 0, 60]);
    const rest = Buffer.concat([header, text(clientId), text(user)]);
    assert.ok(rest.length < 16_384);
    const length =
        rest.length < 128 ? [rest.length] : [(rest.length & 0x7f) | 0x80, rest.length >> 7];
    return Buffer.concat([Buffer.from([0x10, ...length]), rest]);
}

interface Outcome {
    readonly answer: string;
    /** What s_client says of the handshake. */
    readonly report: string;
}

describe("openssl s_client", () => {
    const sessions = Sessions.hook("openssl");
    let folder: string;
    let intermediate: Issued;

    before(async () => {
        folder = await fs.mkdtemp(path.join(tmpdir(), "iot-x509-sclient-"));
        intermediate = await issue(sessions.root, { commonName: "OpenSSL Intermediate", ca: true });
    });

    after(() => fs.rm(folder, { recursive: true, force: true }));

    async function file(name: string, text: string): Promise<string> {
        const full = path.join(folder, name);
        await fs.writeFile(full, text, { mode: 0o600 });
        return full;
    }

    /** Shakes hands, sends CONNECT and collects what comes until the server has answered or closed. */
    async function talk(
        deviceId: string,
        version: string,
        certificates?: { readonly leaf: Issued; readonly sent?: string },
    ): Promise<Outcome> {
        const { hostName } = sessions.hub;
        const args = ["s_client", "-connect", `127.0.0.1:${sessions.emulator.mqttPort}`, version];
        args.push("-servername", hostName, "-verify_hostname", hostName, "-verify_return_error");
        args.push("-CAfile", await file("ca.pem", sessions.emulator.caPem), "-brief", "-ign_eof");
        if (certificates !== undefined) {
            const { leaf, sent } = certificates;
            args.push("-cert", await file("leaf.pem", leaf.certificate));
            args.push("-key", await file("leaf.key", leaf.key));
            if (sent !== undefined) {
                args.push("-cert_chain", await file("chain.pem", sent));
            }
        }
        const client = spawn("openssl", args);
        let report = "";
        client.stderr.on("data", (chunk: Buffer) => (report += chunk.toString()));
        const answer = await new Promise<string>((resolve) => {
            let got = Buffer.alloc(0);
            client.stdout.on("data", (chunk: Buffer) => {
                got = Buffer.concat([got, chunk]);
                if (got.length >= 4) {
                    resolve(got.toString("hex"));
                }
            });
            client.once("close", () => resolve(got.toString("hex")));
            client.stdin.write(connectPacket(deviceId, userName(hostName, deviceId)));
        });
        client.kill();
        return { answer, report };
    }

    const versions: [string, string][] = [
        ["-tls1_2", "TLSv1.2"],
        ["-tls1_3", "TLSv1.3"],
    ];
    for (const [flag, version] of versions) {
        it(`${version}: leaf and chain are accepted with CONNACK 0`, async () => {
            const deviceId = sessions.register();
            const leaf = await issue(intermediate, { commonName: deviceId });
            const certificates = { leaf, sent: chain(intermediate) };
            const { answer, report } = await talk(deviceId, flag, certificates);
            assert.strictEqual(answer, "20020000");
            assert.match(report, new RegExp(`Protocol version: ${version}`));
            assert.match(report, /Verification: OK/);
            assert.match(report, /Verified peername: openssl\.azure-devices\.net/);
        });

        it(`${version}: without the chain TLS succeeds, and CONNACK is 5`, async () => {
            const deviceId = sessions.register();
            const leaf = await issue(intermediate, { commonName: deviceId });
            await sessions.emulator.manage("DELETE", "/refusals");
            const { answer, report } = await talk(deviceId, flag, { leaf });
            assert.strictEqual(answer, "20020005");
            assert.match(report, /Verification: OK/);
            const [refusal] = await sessions.emulator.manage<RefusedConnection[]>(
                "GET",
                "/refusals",
            );
            assert.strictEqual(refusal.reason, "issuerNotSent");
        });

        it(`${version}: without a certificate TLS succeeds, and CONNACK is 5`, async () => {
            addDevice(sessions.hub, `bare-${version}`, "certificateAuthority");
            const { answer, report } = await talk(`bare-${version}`, flag);
            assert.strictEqual(answer, "20020005");
            assert.match(report, new RegExp(`Protocol version: ${version}`));
        });
    }

    it("the request for a client certificate names no CA, on every listener", async () => {
        const { httpsPort, mqttPort, caPem } = sessions.emulator;
        const ca = await file("ca.pem", caPem);
        const targets: [port: number, name: string[]][] = [
            [mqttPort, ["-servername", sessions.hub.hostName]],
            [mqttPort, ["-servername", "global.azure-devices-provisioning.net"]],
            [mqttPort, ["-noservername"]],
            [httpsPort, ["-servername", sessions.hub.hostName]],
            [httpsPort, ["-servername", "global.azure-devices-provisioning.net"]],
        ];
        for (const [flag] of versions) {
            for (const [port, name] of targets) {
                const args = ["s_client", "-connect", `127.0.0.1:${port}`, flag, ...name];
                const client = spawn("openssl", [...args, "-CAfile", ca]);
                let report = "";
                client.stdout.on("data", (chunk: Buffer) => (report += chunk.toString()));
                const closed = new Promise((resolve) => client.once("close", resolve));
                client.stdin.end("Q\n");
                await closed;
                assert.match(report, /No client certificate CA names sent/, args.join(" "));
                assert.match(report, /Client Certificate Types|Requested Signature Algorithms/);
            }
        }
    });

    it("older TLS versions are refused", async () => {
        const { answer, report } = await talk(sessions.register(), "-tls1_1");
        assert.strictEqual(answer, "");
        assert.match(report, /alert protocol version|no protocols available/);
    });
});
