/*
 * What a good engineer would write by hand: OpenSSL for keys and certificates, Azure's service SDK for identities. It
 * knows nothing of what it made before, and makes no state.
 *
 *   node -r ts-node/register/transpile-only bench/handWritten/provision.ts HOST FOLDER KEY IDS [bulk]
 *
 *   FOLDER  has ca.pem and ca.key; keys and certificates of the devices go there
 *   KEY     ECDSA-P256 or RSA-2048
 *   IDS     file with a JSON list of device IDs
 *   bulk    as many OpenSSL processes at once as there are processors, and 100 identities a call; otherwise one device
 *           after the other
 */
import { execFile } from "child_process";
import { readFileSync } from "fs";
import { availableParallelism } from "os";
import { promisify } from "util";
import { EnvironmentCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { inParallel } from "../../scripts/lib/inParallel";

const execute = promisify(execFile);
/** Azure's limit of devices in one bulk request (docs: iot-hub-devguide-quotas-throttling). */
const largestBatch = 100;

const newKey: Readonly<Record<string, readonly string[]>> = {
    "ECDSA-P256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "RSA-2048": ["-newkey", "rsa:2048"],
};

/** Key, request and certificate, by two processes. */
async function certify(id: string, folder: string, key: string): Promise<void> {
    const openssl = (...args: string[]) => execute("openssl", args, { cwd: folder });
    const request = [
        "-keyout",
        `${id}.key`,
        "-out",
        `${id}.csr`,
        "-subj",
        `/CN=${id}/O=MyOrg/C=US`,
    ];
    await openssl("req", "-new", ...newKey[key], "-nodes", ...request);
    const issuer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "365", "-sha256"];
    await openssl("x509", "-req", "-in", `${id}.csr`, ...issuer, "-out", `${id}.pem`);
}

function identity(deviceId: string): Registry.DeviceDescription & { status: "enabled" } {
    return { deviceId, status: "enabled", authentication: { type: "certificateAuthority" } };
}

async function main(): Promise<void> {
    const [host, folder, key, file, way] = process.argv.slice(2);
    const ids = JSON.parse(readFileSync(file, "utf8")) as string[];
    const registry = Registry.fromTokenCredential(host, new EnvironmentCredential());
    if (way !== "bulk") {
        for (const id of ids) {
            await certify(id, folder, key);
            await registry.create(identity(id));
        }
        return;
    }
    await inParallel(availableParallelism(), ids, (id) => certify(id, folder, key));
    for (let at = 0; at < ids.length; at += largestBatch) {
        await registry.addDevices(ids.slice(at, at + largestBatch).map(identity));
    }
}

main().catch((error: Error) => {
    console.error(error);
    process.exitCode = 1;
});
