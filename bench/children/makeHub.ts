/*
 * Makes a hub (S3) that trusts a CA, for contenders that only add devices; prints its host name as JSON:
 *
 *   node -r ts-node/register/transpile-only bench/children/makeHub.ts CERTIFICATE
 *
 * The CA is declared as verified: what that costs is measured for nobody.
 */
import { readFileSync } from "fs";
import { iotHubClient, makeHub } from "../support/iotHubClient";

const name = "bench";

async function main(): Promise<void> {
    const arm = iotHubClient();
    await makeHub(arm, name, name, "S3");
    const certificate = readFileSync(process.argv[2]).toString("base64");
    await arm.certificates.createOrUpdate(name, name, "root", {
        properties: { certificate, isVerified: true },
    });
    console.log(JSON.stringify(`${name}.azure-devices.net`));
}

void main();
