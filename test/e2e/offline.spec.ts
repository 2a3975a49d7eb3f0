import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { X509Certificate } from "crypto";
import { copyFileSync, readFileSync, writeFileSync } from "fs";
import { runDevice } from "../../scripts/demo/demoDevices";
import { shared } from "../support/emulator";
import { Deployment } from "../support/deployment";
import { certificatesOf, verifyClientChain } from "../support/deviceFiles";
import { carry, OfflineMachine, printedCommands, runAtProject } from "../support/offlineMachine";

const groups = { pumps: { keyAlgorithm: "ECDSA-P256" } };
const devices = [{ id: "offline-01", group: "pumps" }];

describe("an offline root, its intermediates on the hub", function () {
    this.timeout(300_000);
    let machine: OfflineMachine;
    let deployment: Deployment;
    let commands: string[];

    before(async function () {
        // Fewer days than an intermediate has by default, so the command must not ask for too many.
        machine = new OfflineMachine(1000);
        deployment = await Deployment.make(this, "offline", {
            pki: {
                keyAlgorithm: "ECDSA-P256",
                root: { keys: "offline", certificate: "pki/root.pem" },
            },
            groups,
            devices,
        });
        carry(deployment, machine, "root.pem");
    });

    after(async () => {
        await deployment?.remove();
        machine?.remove();
    });

    it("the first up creates what it can and says what to do", async () => {
        const output = await deployment.up();
        assert.match(
            output,
            /warning: The intermediate CA "pumps-g1" needs the offline root's signature/,
        );
        commands = printedCommands(output);
        assert.equal(commands.length, 3, output);
        const registry = await deployment.registry();
        const { responseBody: device } = await registry.get("offline-01");
        assert.equal(device.status, "enabled");
        assert.deepEqual(await deployment.authorities(), []);
        const { devices: outputs } = await deployment.outputs();
        assert.equal(outputs["offline-01"].chain, undefined);
    });

    it("the printed commands sign, and the next up completes", async () => {
        const [fetchRequest, sign, name] = commands;
        runAtProject(deployment, fetchRequest);
        copyFileSync(deployment.project.file("pumps-g1.csr"), machine.file("pumps-g1.csr"));
        machine.run(sign);
        copyFileSync(machine.file("pumps-g1.pem"), deployment.project.file("pumps-g1.pem"));
        runAtProject(deployment, name);
        const output = await deployment.up();
        assert.doesNotMatch(output, /needs the offline root's signature/);
        const [authority, ...others] = await deployment.authorities();
        assert.deepEqual(others, []);
        assert.equal(authority.isVerified, true);
    });

    it("the device's chain leads to the root within its validity, and the device connects", async () => {
        const { devices: outputs } = await deployment.outputs();
        const { chain, privateKey, connectionString } = outputs["offline-01"];
        const root = readFileSync(machine.file("root.pem"), "utf8");
        verifyClientChain(root, chain);
        const ends = [...certificatesOf(chain), root].map((pem) =>
            Date.parse(new X509Certificate(pem).validTo),
        );
        assert.ok(ends[0] <= ends[1] && ends[1] <= ends[2], String(ends));
        const device = { deviceId: "offline-01", target: { connectionString } };
        const run = await runDevice(
            { ...device, chainPem: chain, keyPem: privateKey },
            machine.file("device"),
            process.env,
            1,
        );
        assert.equal(run.status, 0, run.lines.join("\n"));
    });

    it("the root's key and certificate signing left no trace in the project", () => {
        const key = readFileSync(machine.file("root.key"), "utf8").split("\n")[1];
        const found = execFileSync("bash", ["-c", 'grep -rlF -- "$0" . || true', key], {
            cwd: deployment.project.folder,
            encoding: "utf8",
        });
        assert.equal(found, "");
    });
});

describe("an offline root that is itself on the hub", function () {
    this.timeout(300_000);
    const { manage } = shared();
    let machine: OfflineMachine;
    let deployment: Deployment;
    let commands: string[];

    before(async function () {
        machine = new OfflineMachine(1000);
        deployment = await Deployment.make(this, "offlineroot", {
            pki: {
                trust: "root",
                keyAlgorithm: "ECDSA-P256",
                root: { keys: "offline", certificate: "pki/root.pem" },
            },
            groups,
            devices,
        });
        carry(deployment, machine, "root.pem");
    });

    after(async () => {
        await deployment?.remove();
        machine?.remove();
    });

    function setProof(file: string | undefined): void {
        deployment.change((settings) => {
            const { root } = settings.pki as { root: Record<string, unknown> };
            root.proof = file;
        });
    }

    async function code(): Promise<string | undefined> {
        const { trusted } = await deployment.outputs();
        return (trusted.root as { verificationCode?: string }).verificationCode;
    }

    it("the first up uploads it and prints the code with the commands to sign it", async () => {
        const output = await deployment.up();
        const [authority] = await deployment.authorities();
        assert.equal(authority.isVerified, false);
        assert.match((await code()) ?? "", /^[0-9A-F]{48}$/);
        commands = printedCommands(output).filter((line) => /^openssl.*proof/.test(line));
        assert.equal(commands.length, 2, output);
        assert.ok(output.includes(`proof of possession for code ${await code()}`), output);
    });

    it("a proof by another key is refused before anything is declared", async () => {
        machine.makeRoot("stranger", 1000);
        machine.run(commands[0]);
        machine.run(
            "openssl x509 -req -in proof.csr -CA stranger.pem -CAkey stranger.key -CAcreateserial -days 1 -out proof.pem",
        );
        setProof(carry(deployment, machine, "proof.pem"));
        await assert.rejects(
            deployment.stack.preview(),
            /pki\.root\.proof[^]*signed with the key of the root/,
        );
    });

    it("a proof for another code is refused before anything is sent", async () => {
        const wrong = "0".repeat(48);
        for (const line of commands) {
            machine.run(line.split((await code()) ?? "").join(wrong));
        }
        setProof(carry(deployment, machine, "proof.pem"));
        await manage("DELETE", "/requests");
        await assert.rejects(deployment.up(), (error: Error) => {
            const said = `has CN "${wrong}"; the service's current code is`;
            assert.ok(error.message.includes(said), error.message);
            return true;
        });
        const { requests } = await manage<{ requests: { method: string; path: string }[] }>(
            "GET",
            "/requests",
        );
        assert.deepEqual(
            requests.filter(({ path }) => path.includes("/verify")),
            [],
        );
    });

    it("a superseded code is replaced by a new one", async () => {
        const old = (await code()) ?? "";
        commands.forEach((line) => machine.run(line));
        setProof(carry(deployment, machine, "proof.pem"));
        const [{ name, etag }] = await deployment.authorities();
        const { resourceGroupName, hub } = await deployment.outputs();
        const { certificates } = deployment.arm;
        await certificates.generateVerificationCode(resourceGroupName, hub.name, name, etag);
        const output = await deployment.up();
        assert.match(output, /the verification code of this proof has been replaced/);
        assert.notEqual(await code(), old);
        commands = printedCommands(output).filter((line) => /^openssl.*proof/.test(line));
        assert.ok(commands[0].includes((await code()) ?? "no code"), output);
    });

    it("the run completes once both are signed by the printed commands", async () => {
        commands.forEach((line) => machine.run(line));
        setProof(carry(deployment, machine, "proof.pem"));
        const { signingRequests } = (await deployment.outputs()) as unknown as {
            signingRequests: Record<string, string>;
        };
        writeFileSync(machine.file("pumps-g1.csr"), signingRequests["pumps-g1"]);
        const preview = await deployment.stack.preview({ color: "never" });
        const [sign] = printedCommands(preview.stdout).filter((line) => /pumps-g1\.pem/.test(line));
        machine.run(sign);
        const certificate = carry(deployment, machine, "pumps-g1.pem");
        deployment.change((settings) => {
            settings.groups.pumps.intermediate = { certificates: { "1": certificate } };
        });
        const output = await deployment.up();
        assert.doesNotMatch(output, /needs the offline root's signature/);
        assert.equal(await code(), undefined);
        const [authority, ...others] = await deployment.authorities();
        assert.deepEqual(others, []);
        assert.equal(authority.isVerified, true);
        const { devices: outputs } = await deployment.outputs();
        const { chain, privateKey, connectionString } = outputs["offline-01"];
        verifyClientChain(readFileSync(machine.file("root.pem"), "utf8"), chain);
        const device = { deviceId: "offline-01", target: { connectionString } };
        const run = await runDevice(
            { ...device, chainPem: chain, keyPem: privateKey },
            machine.file("device"),
            process.env,
            1,
        );
        assert.equal(run.status, 0, run.lines.join("\n"));
    });
});
