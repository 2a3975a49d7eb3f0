import { readFileSync } from "fs";
import * as iothub from "@pulumi/azure-native/iothub";
import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { Device, KeyArgs } from "./device";

const config = new pulumi.Config();
const keys: KeyArgs =
    config.require("keyAlgorithm") === "RSA-2048"
        ? { algorithm: "RSA", rsaBits: 2048 }
        : { algorithm: "ECDSA", ecdsaCurve: "P256" };
const devices = JSON.parse(readFileSync("devices.json", "utf8")) as string[];

const group = new resources.ResourceGroup("bench");
const hub = new iothub.IotHubResource("bench-hub", {
    resourceGroupName: group.name,
    sku: { name: "S3", capacity: 1 },
});

const caKey = new tls.PrivateKey("ca-key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
const caCertificate = new tls.SelfSignedCert("ca-certificate", {
    privateKeyPem: caKey.privateKeyPem,
    subject: { commonName: "IoT Root CA", organization: "MyOrg", country: "US" },
    isCaCertificate: true,
    allowedUses: ["cert_signing", "crl_signing"],
    validityPeriodHours: 3650 * 24,
});
// No proof of possession: that is left out by declaring it done.
new iothub.Certificate("root", {
    resourceGroupName: group.name,
    resourceName: hub.name,
    properties: {
        certificate: caCertificate.certPem.apply((pem) => Buffer.from(pem).toString("base64")),
        isVerified: true,
    },
});

for (const id of devices) {
    new Device(id, {
        hostName: hub.properties.hostName,
        keys,
        caCertificate: caCertificate.certPem,
        caKey: caKey.privateKeyPem,
    });
}

export const hostName = hub.properties.hostName;
