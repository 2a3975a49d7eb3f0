import { strict as assert } from "assert";
import { execFile } from "child_process";
import { copyFileSync, readFileSync, rmSync } from "fs";
import * as path from "path";
import { Deployment } from "../support/deployment";
import { shared } from "../support/emulator";
import {
    assertHoldsNone,
    decrypted,
    privateKeyMarker,
    privateKeysOf,
    StateResource,
} from "../support/keySearch";
import { OfflineMachine } from "../support/offlineMachine";

const cli = path.resolve(__dirname, "../../.local/bin/pulumi");
const elliptic = { keyAlgorithm: "ECDSA-P256" };

/** What Azure refuses, so that each kind of resource fails; and a word of its refusal. */
const faults: Readonly<Record<string, { method: string; path: string }>> = {
    "the hub": { method: "PUT", path: "/IotHubs/[^/]+\\?" },
    "the provisioning service": { method: "PUT", path: "/provisioningServices/[^/]+\\?" },
    "an upload": { method: "PUT", path: "/certificates/" },
    "a verification code": { method: "POST", path: "/generateVerificationCode" },
    "a proof": { method: "POST", path: "/verify" },
    identities: { method: "POST", path: "^/devices\\?" },
    enrollments: { method: "PUT", path: "^/enrollment" },
    registrations: { method: "POST", path: "^/enrollments/query" },
    "a removal": { method: "DELETE", path: "/certificates/" },
};

describe("errors of every kind of resource (real CLI)", function () {
    this.timeout(600_000);
    const { manage } = shared();
    let deployment: Deployment;
    let machine: OfflineMachine;
    /** All that the CLI printed, by what was done. */
    const printed = new Map<string, string>();

    before(async function () {
        machine = new OfflineMachine(1000);
        deployment = await Deployment.make(this, "unseen", {
            pki: elliptic,
            dps: {},
            groups: { first: { ...elliptic, provisioning: "both" } },
            devices: [{ id: "first-1", group: "first" }],
            maxCutOff: "unlimited",
        });
        await deployment.up();
    });

    after(async () => {
        await manage("DELETE", "/faults");
        await deployment?.remove();
        machine?.remove();
    });

    /** Whether it ended well. */
    async function run(name: string, ...args: string[]): Promise<boolean> {
        const options = {
            cwd: deployment.project.folder,
            // With it the CLI has the option for the engine's events.
            env: { ...deployment.variables, PULUMI_DEBUG_COMMANDS: "true" },
            maxBuffer: 64 * 1024 * 1024,
        };
        const events = deployment.project.file("events.json");
        const isUp = args[0] === "up";
        const all = [...args, "--non-interactive", ...(isUp ? ["--event-log", events] : [])];
        return new Promise((done) => {
            execFile(cli, all, options, (error, stdout, stderr) => {
                printed.set(`${name}: ${args.join(" ")}`, stdout + stderr);
                if (isUp) {
                    printed.set(`${name}: events`, readFileSync(events, "utf8"));
                    rmSync(events);
                }
                done(error === null);
            });
        });
    }

    for (const [index, [what, rule]] of Object.entries(faults).entries()) {
        it(`${what}: refused by Azure, the run fails`, async () => {
            const name = `group${index}`;
            deployment.change((all) => {
                all.hub.units = 2 + index;
                all.dps = { units: 2 + index };
                all.groups = {
                    first: {
                        ...elliptic,
                        provisioning: "both",
                        intermediate: { generation: index + 2 },
                    },
                    [name]: { ...elliptic, provisioning: "both" },
                };
                all.devices = [
                    { id: "first-1", group: "first" },
                    { id: `${name}-1`, group: name },
                    { id: `${name}-2`, group: name, enrollment: "individual" },
                ];
            });
            const body = { error: { code: "BadRequest", message: "Injected." } };
            await manage("POST", "/faults", { ...rule, status: 400, body });
            assert.equal(await run(what, "up", "--yes", "--skip-preview", "--diff"), false);
            assert.equal(await run(what, "preview", "--json"), true);
            await manage("DELETE", "/faults");
        });
    }

    it("what nobody declared, with hub.strict: the run fails", async () => {
        const registry = await deployment.registry();
        await registry.create({ deviceId: "nobodys-01" });
        deployment.change((all) => void (all.hub.strict = true));
        for (const args of [
            ["preview"],
            ["preview", "--json"],
            ["up", "--yes", "--skip-preview", "--diff"],
        ]) {
            assert.equal(await run("the audit", ...args), false);
        }
        assert.match(printed.get("the audit: preview") ?? "", /did not declare: nobodys-01/);
        deployment.change((all) => void delete all.hub.strict);
        await registry.delete("nobodys-01");
    });

    it("a device's certificate without its issuer: the run fails", async () => {
        deployment.change((all) => {
            all.groups.first.intermediate = { generation: Object.keys(faults).length + 2 };
        });
        const certificate = "**::first-1";
        const args = ["up", "--yes", "--skip-preview", "--diff", "--target", certificate];
        assert.equal(await run("a certificate", ...args), false);
    });

    it("an intermediate's certificate for another key is refused before anything runs", async () => {
        copyFileSync(machine.file("root.pem"), deployment.project.file("root.pem"));
        deployment.change((all) => {
            all.pki = { ...elliptic, root: { keys: "offline", certificate: "root.pem" } };
            all.groups = {
                first: { ...elliptic, provisioning: "both", intermediate: { generation: 2 } },
            };
            all.devices = [{ id: "first-1", group: "first" }];
        });
        machine.run(
            "openssl ecparam -name prime256v1 -genkey -noout -out other.key && " +
                "openssl req -new -key other.key -subj '/O=MyOrg/CN=IoT Intermediate CA first G2' -out other.csr && " +
                "printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign,cRLSign\\n' > ca.ext && " +
                "openssl x509 -req -in other.csr -CA root.pem -CAkey root.key -CAcreateserial -days 90 -extfile ca.ext -out other.pem",
        );
        copyFileSync(machine.file("other.pem"), deployment.project.file("other.pem"));
        deployment.change((all) => {
            all.groups.first.intermediate = { generation: 2, certificates: { 2: "other.pem" } };
        });
        for (const args of [
            ["preview"],
            ["preview", "--json"],
            ["up", "--yes", "--skip-preview", "--diff"],
        ]) {
            assert.equal(await run("another key", ...args), false);
        }
        const text = printed.get("another key: preview") ?? "";
        assert.match(text, /certificates\.2: the certificate has another key/);
    });

    it("show no key of the stack, in text, JSON, diff or events", async () => {
        const { deployment: state } = await deployment.stack.exportStack();
        const keys = privateKeysOf(decrypted(state as { resources: StateResource[] }).resources);
        assert.ok(keys.length >= 5, `${keys.length} keys`);
        assert.ok(printed.size > Object.keys(faults).length * 2);
        for (const [name, text] of printed) {
            assert.doesNotMatch(text, privateKeyMarker, name);
            assert.doesNotMatch(text, /SharedAccessKey=[A-Za-z0-9+/]{10}/, name);
            assertHoldsNone(text, keys, name);
        }
    });
});
