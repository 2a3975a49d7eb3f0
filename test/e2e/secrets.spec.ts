import { strict as assert } from "assert";
import { execFileSync } from "child_process";
import { createPublicKey, KeyObject, X509Certificate } from "crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import * as path from "path";
import { shared } from "../support/emulator";
import { Deployment, StackOutputs } from "../support/deployment";
import { certificatesOf, deviceRequest, verifyClientChain } from "../support/deviceFiles";
import {
    assertHoldsNone,
    decrypted,
    isPkcs8,
    privateKeyMarker,
    privateKeysOf,
    StateResource as Resource,
} from "../support/keySearch";
import { clientHandshake } from "../support/tlsServer";

const longName = "d".repeat(64);
const organization = "Müller & Söhne, 測試";
/** With an ID of 64 characters, and an issuer's signature by RSA or P-384. */
const largestDevice = 4.5 * 1024;
/** An RSA key and its certificate take 2.4 KiB more than elliptic ones, the key being encrypted and in base64. */
const largestRsaDevice = 7 * 1024;

/** Issuers and leaves, each RSA and elliptic: `issuer-leaf`. */
const groups = Object.fromEntries(
    [
        ["RSA-2048", "RSA-2048"],
        ["RSA-2048", "ECDSA-P256"],
        ["ECDSA-P384", "RSA-2048"],
        ["ECDSA-P384", "ECDSA-P256"],
    ].map(([issuer, keyAlgorithm]) => [
        `${issuer}-${keyAlgorithm}`.toLowerCase(),
        { keyAlgorithm, intermediate: { keyAlgorithm: issuer } },
    ]),
);
const groupNames = Object.keys(groups);

describe("secrets and certificates of a stack (real CLI)", function () {
    this.timeout(300_000);
    let temporary: string;
    const request = deviceRequest("secret-csr");
    /** What the CLI printed, by command. */
    const printed = new Map<string, string>();
    let deployment: Deployment;
    let outputs: StackOutputs;
    let root: string;
    /** Resources with their secrets decrypted. */
    let resources: readonly Resource[];
    /** Every private key of the decrypted state. */
    let keys: readonly string[];

    before(async function () {
        temporary = mkdtempSync(path.join(tmpdir(), "iot-x509-temporary-"));
        deployment = await Deployment.make(
            this,
            "secrets",
            {
                organization,
                pki: { keyAlgorithm: "RSA-2048" },
                groups,
                devices: [
                    ...groupNames.map((group) => ({ id: `secret-${group}`, group })),
                    { id: longName, group: groupNames[3] },
                    { id: "secret-csr", group: groupNames[3], csr: "devices/secret.csr" },
                ],
            },
            { TMPDIR: temporary },
        );
        writeFileSync(deployment.project.file("devices/secret.csr"), request.csrPem);
        const { stack } = deployment;
        const options = { diff: true, color: "never" } as const;
        const shown = (one: { stdout: string; stderr: string }) => one.stdout + one.stderr;
        printed.set("preview --diff", shown(await stack.preview(options)));
        printed.set("up --diff", shown(await stack.up(options)));
        deployment.change((settings) => {
            for (const group of Object.values(settings.groups)) {
                group.validityDays = 100;
            }
        });
        printed.set("preview --diff of a change", shown(await stack.preview(options)));
        printed.set("up of a change", shown(await stack.up({ color: "never" })));
        printed.set("stack export", pulumi("stack", "export"));
        printed.set("stack output", pulumi("stack", "output", "--json"));
        outputs = await deployment.outputs();
        root = await deployment.rootCertificate();
        const { deployment: state } = await stack.exportStack();
        resources = decrypted(state as { resources: Resource[] }).resources;
        keys = privateKeysOf(resources);
    });

    after(async () => {
        await deployment?.remove();
        rmSync(temporary, { recursive: true, force: true });
    });

    function pulumi(...args: string[]): string {
        const cli = path.resolve(__dirname, "../../.local/bin/pulumi");
        return execFileSync(cli, args, {
            cwd: deployment.project.folder,
            env: deployment.variables,
            encoding: "utf8",
            maxBuffer: 64 * 1024 * 1024,
        });
    }

    function assertNoKey(text: string, where: string): void {
        assert.doesNotMatch(text, privateKeyMarker, where);
        assertHoldsNone(text, keys, where);
    }

    it("the search finds the keys where they are: of the root, the intermediates and five devices", () => {
        const distinct = new Set(keys.filter(isPkcs8).map((key) => spkiOf(createPublicKey(key))));
        assert.equal(distinct.size, 1 + groupNames.length + 5);
        for (const key of keys.filter(isPkcs8)) {
            const decryptedState = JSON.stringify(resources);
            assert.throws(() => assertHoldsNone(decryptedState, [key], "the decrypted state"));
        }
    });

    it("what the CLI printed holds none of them", () => {
        for (const [command, text] of printed) {
            assert.ok(text.length > 100, `${command} printed nothing`);
            assertNoKey(text, command);
        }
    });

    it("the files of the state, its history and its backups hold none of them", () => {
        const files = filesBelow(deployment.project.file(".pulumi"));
        assert.ok(files.some((file) => /stacks\/iot-x509\/secrets\.json$/.test(file)));
        files.forEach((file) => assertNoKey(readFileSync(file, "utf8"), file));
    });

    it("the rest of the project's folder and the CLI's temporary folder hold none of them", () => {
        const links = ["node_modules", "components", "stacks"];
        const own = readdirSync(deployment.project.folder, { withFileTypes: true }).filter(
            (entry) => !entry.isSymbolicLink() && !links.includes(entry.name),
        );
        for (const entry of own) {
            const name = deployment.project.file(entry.name);
            const files = entry.isDirectory() ? filesBelow(name) : [name];
            files.forEach((file) => assertNoKey(readFileSync(file, "utf8"), file));
        }
        const left = filesBelow(temporary);
        left.forEach((file) => assertNoKey(readFileSync(file, "latin1"), file));
        const ours = left.filter((file) => /\.(pem|key|csr|crt)$/.test(file));
        assert.deepEqual(ours, []);
    });

    it("the emulator's log and what it tells of itself hold none of them", async () => {
        const { caFile, manage } = shared();
        const log = path.join(path.dirname(caFile), "emulator.log");
        assertNoKey(readFileSync(log, "utf8"), log);
        for (const route of ["/requests", "/hubs", "/refusals"]) {
            assertNoKey(JSON.stringify(await manage("GET", route)), route);
        }
    });

    it("decrypted, a dynamic resource has no CA key, and a device only its own key", () => {
        const caKeys = privateKeysOf(resources.filter(({ type }) => type.startsWith("tls:")));
        assert.ok(caKeys.filter(isPkcs8).length >= 1 + groupNames.length);
        const dynamic = resources.filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/"));
        // An issuer and a trusted CA each, and the hub's audit.
        const ofGroups = 2 * groupNames.length + 1;
        assert.equal(dynamic.length, ofGroups + 2 * (groupNames.length + 2));
        for (const { urn, inputs, outputs: state = {} } of dynamic) {
            const text = JSON.stringify([inputs, state]);
            assertHoldsNone(text, caKeys, urn);
            const { privateKey, certificate, ...others } = state;
            assert.deepEqual(privateKeysOf([{ urn, type: "", inputs, outputs: others }]), [], urn);
            if (privateKey !== undefined) {
                const leaf = new X509Certificate(String(certificate));
                assert.equal(
                    spkiOf(createPublicKey(String(privateKey))),
                    spkiOf(leaf.publicKey),
                    urn,
                );
            }
        }
    });

    it("a device's two resources take less than 4.5 KiB of the state, with an RSA key 7", () => {
        const { deployment: state } = JSON.parse(printed.get("stack export") ?? "") as {
            deployment: { resources: Resource[] };
        };
        const sizes = new Map<string, number>();
        for (const resource of state.resources) {
            if (/:(DeviceCertificate|DeviceIdentity)$/.test(resource.type)) {
                const name = resource.urn.slice(resource.urn.lastIndexOf(":") + 1);
                const size = Buffer.byteLength(JSON.stringify(resource));
                sizes.set(name, (sizes.get(name) ?? 0) + size);
            }
        }
        assert.equal(sizes.size, groupNames.length + 2);
        for (const [name, size] of sizes) {
            console.log(`      ${size} bytes: ${name}`);
            const bound = name.endsWith("-rsa-2048") ? largestRsaDevice : largestDevice;
            assert.ok(size < bound, `${name}: ${size} bytes`);
        }
    });

    it("every device's chain is valid for OpenSSL and in a TLS handshake", async () => {
        for (const [id, { chain, privateKey }] of Object.entries(outputs.devices)) {
            verifyClientChain(root, chain);
            const key = id === "secret-csr" ? request.keyPem : privateKey;
            const { client, error } = await clientHandshake(root, { chain, key });
            assert.equal(client, id, error);
        }
    });

    it("the CAs have the names, extensions and validity of the policy", () => {
        const chains = Object.values(outputs.devices).map(({ chain }) => certificatesOf(chain));
        const intermediates = [...new Set(chains.map(([, issuer]) => issuer))];
        assert.equal(intermediates.length, groupNames.length);
        for (const pem of [root, ...intermediates]) {
            const shown = opensslText(pem);
            assert.ok(shown.includes(`O=${organization}`), shown);
            assert.match(shown, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
            const constraint = pem === root ? "CA:TRUE, pathlen:1" : "CA:TRUE";
            assert.match(shown, new RegExp(`Basic Constraints: critical\\s+${constraint}\n`));
            assert.match(shown, /Subject Key Identifier:/);
            assert.match(shown, /Authority Key Identifier:/);
        }
        for (const [leaf, issuer] of chains) {
            const ends = [leaf, issuer, root].map((pem) =>
                Date.parse(new X509Certificate(pem).validTo),
            );
            assert.ok(ends[0] <= ends[1] && ends[1] <= ends[2], String(ends));
        }
        const all = [root, ...intermediates, ...chains.map(([leaf]) => leaf)];
        const serials = all.map((pem) => new X509Certificate(pem).serialNumber);
        assert.equal(new Set(serials).size, all.length);
        serials.forEach((serial) => assert.match(serial, /^(?!0+$)[0-9A-F]{1,40}$/));
    });

    function opensslText(pem: string): string {
        const names = ["-nameopt", "utf8,sep_comma_plus_space,-esc_msb"];
        return execFileSync("openssl", ["x509", "-noout", "-text", ...names], {
            input: pem,
            encoding: "utf8",
        });
    }
});

function filesBelow(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
}

function spkiOf(key: KeyObject): string {
    return key.export({ type: "spki", format: "pem" }).toString();
}
