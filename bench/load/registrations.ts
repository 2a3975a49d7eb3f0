import { randomBytes } from "crypto";
import { IotDpsClient } from "@azure/arm-deviceprovisioningservices";
import { EnvironmentCredential } from "@azure/identity";
import { ProvisioningDeviceClient } from "azure-iot-provisioning-device";
import { Mqtt } from "azure-iot-provisioning-device-mqtt";
import { ProvisioningServiceClient } from "azure-iot-provisioning-service";
import { EnrollmentGroup } from "azure-iot-provisioning-service/dist/interfaces";
import { X509Security } from "azure-iot-security-x509";
import { shared } from "../support/sharedEmulator";
import { iotHubClient, makeHub } from "../support/iotHubClient";
import { chain, issue, Issued, makeCa } from "../support/pki";
import { MemoryWatch } from "./memory";
import { inParallel } from "../../scripts/lib/inParallel";

export interface RegistrationFigures {
    readonly assigned: number;
    readonly seconds: number;
    /** HTTP requests of whoever deploys: what `up` would cost on the registry and the service API. */
    readonly deployerRequests: number;
    readonly emulatorMegabytes: number;
}

const deviceHost = "global.azure-devices-provisioning.net";
const location = "westeurope";

/** So many devices, known to nobody before, register over MQTT through one enrollment group. */
export async function runRegistrations(
    devices: number,
    concurrency: number,
): Promise<RegistrationFigures> {
    const { manage } = shared();
    const issuer = await issue(await makeCa({ commonName: "Load Root" }), {
        commonName: "Load Factory",
        ca: true,
    });
    const name = `load-${randomBytes(4).toString("hex")}`;
    await manage("DELETE", "/requests");
    const idScope = await makeService(name, issuer);
    const { total: deployerRequests } = await manage<{ total: number }>("GET", "/requests");
    const ids = Array.from({ length: devices }, (_, index) => `load-${index}`);
    const leaves = await Promise.all(ids.map((commonName) => issue(issuer, { commonName })));
    const memory = new MemoryWatch();
    const began = Date.now();
    const hubs = await inParallel(concurrency, leaves, async (leaf, index) => {
        const security = new X509Security(ids[index], {
            cert: chain(leaf, issuer),
            key: leaf.key,
        });
        const client = ProvisioningDeviceClient.create(deviceHost, idScope, new Mqtt(), security);
        return (await client.register())?.assignedHub;
    });
    return {
        assigned: hubs.filter((hub) => hub === `${name}.azure-devices.net`).length,
        seconds: (Date.now() - began) / 1000,
        deployerRequests,
        emulatorMegabytes: memory.stop(),
    };
}

/** A hub, a provisioning service linked to it, a CA and one enrollment group; returns the ID scope. */
async function makeService(name: string, issuer: Issued): Promise<string> {
    const hubs = iotHubClient();
    await makeHub(hubs, name, name);
    const key = await hubs.iotHubResource.getKeysForKeyName(name, name, "iothubowner");
    const connectionString = `HostName=${name}.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${key.primaryKey}`;
    const credential = new EnvironmentCredential();
    const arm = new IotDpsClient(credential, shared().subscriptionId);
    const made = await arm.iotDpsResource.beginCreateOrUpdateAndWait(name, name, {
        location,
        sku: { name: "S1", capacity: 1 },
        properties: { iotHubs: [{ connectionString, location }] },
    });
    await arm.dpsCertificate.createOrUpdate(name, name, "factory", {
        properties: { certificate: Buffer.from(issuer.certificate), isVerified: true },
    });
    const service = ProvisioningServiceClient.fromTokenCredential(
        `${name}.azure-devices-provisioning.net`,
        credential,
    );
    await service.createOrUpdateEnrollmentGroup({
        enrollmentGroupId: "factory",
        attestation: { type: "x509", x509: { caReferences: { primary: "factory" } } },
    } as unknown as EnrollmentGroup);
    return made.properties.idScope as string;
}
