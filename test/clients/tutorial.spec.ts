import { deepStrictEqual, match, ok, strictEqual } from "assert";
import { promises as fs } from "fs";
import * as path from "path";
import { ClientSecretCredential } from "@azure/identity";
import { Registry } from "azure-iothub";
import { AzureCli } from "../support/azureCli";
import { shared } from "../support/emulator";

/*
 * The usual tutorial on X.509 authentication for IoT Hub (github.com/nawazdhandala), its commands word for word, run
 * by bash with the real `az` and OpenSSL, and its device code with the real device SDK.
 */

const step1 = `
# Create a directory structure for the CA
mkdir -p ~/iot-certs/{ca,devices}
cd ~/iot-certs

# Generate the root CA private key (4096-bit RSA)
openssl genrsa -out ca/root-ca.key 4096

# Create the root CA certificate (valid for 10 years)
openssl req -x509 -new -nodes \\
  -key ca/root-ca.key \\
  -sha256 -days 3650 \\
  -out ca/root-ca.pem \\
  -subj "/CN=IoT Root CA/O=MyOrg/C=US"

# Verify the certificate
openssl x509 -in ca/root-ca.pem -text -noout | head -20
`;

const step2 = `
# Upload the CA certificate to IoT Hub
az iot hub certificate create \\
  --hub-name my-iot-hub \\
  --name root-ca-cert \\
  --path ca/root-ca.pem

# Get the verification code for proof of possession
ETAG=$(az iot hub certificate show \\
  --hub-name my-iot-hub \\
  --name root-ca-cert \\
  --query etag -o tsv)

VERIFICATION_CODE=$(az iot hub certificate generate-verification-code \\
  --hub-name my-iot-hub \\
  --name root-ca-cert \\
  --etag "$ETAG" \\
  --query properties.verificationCode -o tsv)

echo "Verification code: $VERIFICATION_CODE"

# Generate a key for the verification certificate
openssl genrsa -out ca/verification.key 2048

# Create a CSR with the verification code as the CN
openssl req -new \\
  -key ca/verification.key \\
  -out ca/verification.csr \\
  -subj "/CN=$VERIFICATION_CODE"

# Sign the verification certificate with the root CA
openssl x509 -req \\
  -in ca/verification.csr \\
  -CA ca/root-ca.pem \\
  -CAkey ca/root-ca.key \\
  -CAcreateserial \\
  -out ca/verification.pem \\
  -days 1 \\
  -sha256

# Get the updated etag
ETAG=$(az iot hub certificate show \\
  --hub-name my-iot-hub \\
  --name root-ca-cert \\
  --query etag -o tsv)

# Verify the CA certificate with IoT Hub
az iot hub certificate verify \\
  --hub-name my-iot-hub \\
  --name root-ca-cert \\
  --path ca/verification.pem \\
  --etag "$ETAG"
`;

const step3 = `
# Set the device ID
DEVICE_ID="sensor-device-01"

# Generate the device private key
openssl genrsa -out devices/\${DEVICE_ID}.key 2048

# Create a certificate signing request (CSR)
# The CN MUST match the device ID in IoT Hub
openssl req -new \\
  -key devices/\${DEVICE_ID}.key \\
  -out devices/\${DEVICE_ID}.csr \\
  -subj "/CN=\${DEVICE_ID}/O=MyOrg/C=US"

# Sign the device certificate with the root CA (valid for 1 year)
openssl x509 -req \\
  -in devices/\${DEVICE_ID}.csr \\
  -CA ca/root-ca.pem \\
  -CAkey ca/root-ca.key \\
  -CAcreateserial \\
  -out devices/\${DEVICE_ID}.pem \\
  -days 365 \\
  -sha256

# Verify the device certificate was signed by the CA
openssl verify -CAfile ca/root-ca.pem devices/\${DEVICE_ID}.pem
`;

const step5 = `
// device-x509.js - Connect to IoT Hub using X.509 certificate
const { Client } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');
const fs = require('fs');

// Read the device certificate and private key
const deviceCert = fs.readFileSync('/path/to/devices/sensor-device-01.pem', 'utf8');
const deviceKey = fs.readFileSync('/path/to/devices/sensor-device-01.key', 'utf8');

// Connection string without SharedAccessKey - using x509 instead
const connectionString = 'HostName=my-iot-hub.azure-devices.net;DeviceId=sensor-device-01;x509=true';

// Create the client with X.509 credentials
const client = Client.fromConnectionString(connectionString, Mqtt);

// Set the certificate options on the client
client.setOptions({
  cert: deviceCert,
  key: deviceKey,
  // If using an intermediate CA, include the full chain
  // ca: fs.readFileSync('/path/to/ca/root-ca.pem', 'utf8')
});

async function main() {
  await client.open();
  console.log('Connected to IoT Hub using X.509 certificate');

  // Send a test message
  const { Message } = require('azure-iot-common');
  const msg = new Message(JSON.stringify({
    temperature: 22.5,
    humidity: 65,
    deviceId: 'sensor-device-01'
  }));

  await client.sendEvent(msg);
  console.log('Telemetry message sent successfully');

  await client.close();
}

main().catch((err) => {
  console.error('Connection failed:', err.message);
  process.exit(1);
});
`;

interface Message {
    readonly body: string;
    readonly systemProperties: Readonly<Record<string, string>>;
}

describe("the tutorial, with az, OpenSSL and the device SDK", function () {
    this.timeout(300_000);
    let az: AzureCli | undefined;

    before(async function () {
        az = await AzureCli.login(this);
        await az.bash(
            "az group create --name tutorial --location westeurope\n" +
                "az iot hub create --name my-iot-hub --resource-group tutorial --sku S1",
        );
    });

    after(async () => {
        await az?.bash("az group delete --name tutorial --yes");
        await az?.remove();
    });

    it("steps 1 to 3: the CA is uploaded and proven, the device gets its certificate", async () => {
        const printed = await cli().bash([step1, step2, step3].join("\n"));
        match(printed, /Verification code: [0-9A-F]{48}\n/);
        match(printed, /devices\/sensor-device-01\.pem: OK/);
        const status = await cli().json<{ properties: { isVerified: boolean; subject: string } }>(
            "iot hub certificate show --hub-name my-iot-hub --name root-ca-cert",
        );
        strictEqual(status.properties.isVerified, true);
        strictEqual(status.properties.subject, "IoT Root CA");
    });

    it("step 4: the device is registered (by the registry SDK in place of az's IoT extension)", async () => {
        const registry = Registry.fromTokenCredential(
            "my-iot-hub.azure-devices.net",
            new ClientSecretCredential(
                variable("ARM_TENANT_ID"),
                variable("ARM_CLIENT_ID"),
                variable("ARM_CLIENT_SECRET"),
            ),
        );
        await registry.create({
            deviceId: "sensor-device-01",
            authentication: { type: "certificateAuthority" },
        });
        const { responseBody } = await registry.get("sensor-device-01");
        const { type } = responseBody.authentication as { readonly type?: string };
        strictEqual(type, "certificateAuthority");
    });

    it("step 5: the device connects and its telemetry arrives, authenticated by X.509", async () => {
        const folder = path.join(cli().home, "iot-certs");
        const script = path.join(folder, "device-x509.js");
        await fs.writeFile(script, step5.replaceAll("/path/to", folder));
        const modules = path.resolve(__dirname, "../../node_modules");
        const printed = await cli().bash(`NODE_PATH='${modules}' node '${script}'`);
        deepStrictEqual(printed.trim().split("\n"), [
            "Connected to IoT Hub using X.509 certificate",
            "Telemetry message sent successfully",
        ]);
        const { messages } = await shared().manage<{ messages: Message[] }>(
            "GET",
            "/messages?hub=my-iot-hub&deviceId=sensor-device-01",
        );
        strictEqual(messages.length, 1);
        const [message] = messages;
        deepStrictEqual(JSON.parse(message.body), {
            temperature: 22.5,
            humidity: 65,
            deviceId: "sensor-device-01",
        });
        const method = JSON.parse(
            message.systemProperties["iothub-connection-auth-method"],
        ) as Record<string, unknown>;
        strictEqual(method.type, "x509");
    });

    function cli(): AzureCli {
        ok(az);
        return az;
    }
});

function variable(name: string): string {
    return process.env[name] ?? "";
}
