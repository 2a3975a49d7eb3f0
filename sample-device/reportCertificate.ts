import { X509Certificate } from "crypto";
import type { Client } from "azure-iot-device";

/**
 * Reports the device's certificate to the hub, in the twin's reported properties: nothing on the hub shows which
 * certificate a device that authenticates by its CA has used.
 *
 *     "certificate": { "thumbprint": SHA-256 in upper-case hex, "issuer": "CN=...", "notAfter": ISO 8601 }
 *
 * @param chainPem the device's own certificate first
 */
export async function reportCertificate(client: Client, chainPem: string): Promise<void> {
    const { fingerprint256, issuer, validTo } = new X509Certificate(chainPem);
    const certificate = {
        thumbprint: fingerprint256.replace(/:/g, ""),
        issuer: issuer.split("\n").join(", "),
        notAfter: new Date(validTo).toISOString(),
    };
    const twin = await client.getTwin();
    await new Promise<void>((resolve, reject) => {
        const { reported } = twin.properties as unknown as { reported: ReportedProperties };
        reported.update({ certificate }, (error) => (error ? reject(error) : resolve()));
    });
}

/** The SDK's object, which has no type. */
interface ReportedProperties {
    update(patch: object, done: (error?: Error | null) => void): void;
}
