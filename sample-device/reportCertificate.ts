import { X509Certificate } from "crypto";
import type { Client } from "azure-iot-device";

/**
 * Tells the hub which certificate the device holds, in its twin's reported properties: nothing on the hub shows which one a
 * device that authenticates by its CA has used.
 *
 *     "certificate": { "thumbprint": SHA-256 in upper-case hex, "issuer": "CN=...", "notAfter": ISO 8601 }
 *
 * @param chainPem its own certificate first
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

/** As the SDK has it, without a type. */
interface ReportedProperties {
    update(patch: object, done: (error?: Error | null) => void): void;
}
