import "reflect-metadata";
import { randomBytes, webcrypto } from "crypto";
import * as tls from "tls";
import * as x509 from "@peculiar/x509";
import { azureHost } from "../core/clouds";
import { Recent } from "../core/recent";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 3600 * 1000;

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

interface KeyAndCertificate {
    readonly key: string;
    readonly certificate: string;
}

export interface AuthoritySnapshot {
    readonly root: KeyAndCertificate;
    readonly hosts: Readonly<Record<string, KeyAndCertificate>>;
}

/**
 * A client may ask for any number of names. Beyond this many, the certificate of the least recently used name is
 * dropped and created again on demand.
 */
const mostHosts = 100;

/** The name in the certificate for the hubs' aliases and for clients that name no server. */
const loopbackName = "localhost";

/**
 * The emulator's own server-side CA: one root, created at the first start, and a certificate for each host name,
 * created when first needed. It is unrelated to the CAs that a user uploads. A developer's programs trust it, so it
 * signs only for names that the emulator serves.
 */
export class Authority {
    private readonly contexts = new Recent<string, Promise<tls.SecureContext>>(mostHosts);

    private constructor(
        private readonly root: KeyAndCertificate,
        private readonly hosts: Recent<string, KeyAndCertificate>,
    ) {}

    static async create(snapshot?: AuthoritySnapshot): Promise<Authority> {
        const root = snapshot?.root ?? (await makeRoot());
        const hosts = Object.entries(snapshot?.hosts ?? {}).filter(([name]) => isEmulated(name));
        return new Authority(root, new Recent(mostHosts, hosts));
    }

    /** PEM of the root that clients need to trust. */
    get rootCertificate(): string {
        return this.root.certificate;
    }

    /**
     * The TLS identity for a host name, for an SNI callback.
     *
     * @throws Error when the emulator does not serve that host
     */
    context(hostName: string): Promise<tls.SecureContext> {
        const name = hostName.toLowerCase();
        let context = this.contexts.get(name);
        if (context === undefined) {
            context = this.makeContext(name);
            this.contexts.set(name, context);
            context.catch(() => this.contexts.delete(name));
        }
        return context;
    }

    /**
     * Key and certificate (PEM) for a host name, for a server that sets more than these in its context.
     *
     * @throws Error when the emulator does not serve that host
     */
    async identity(hostName: string): Promise<{ readonly key: string; readonly cert: string }> {
        const name = hostName.toLowerCase();
        if (!isEmulated(name)) {
            throw new Error(`${JSON.stringify(hostName)} is not a host that the emulator emulates`);
        }
        let host = this.hosts.get(name);
        if (host === undefined) {
            host = await makeHostCertificate(this.root, name);
            this.hosts.set(name, host);
        }
        return { key: host.key, cert: host.certificate };
    }

    private async makeContext(name: string): Promise<tls.SecureContext> {
        return tls.createSecureContext({
            ...(await this.identity(name)),
            // A CA here would be named in the request for a client certificate, and Go's clients, among others, would
            // then not send a certificate of another CA. Each service decides behind TLS whom it trusts.
            ca: [],
        });
    }

    snapshot(): AuthoritySnapshot {
        return { root: this.root, hosts: Object.fromEntries(this.hosts.list()) };
    }
}

/** @param name in lower case */
function isEmulated(name: string): boolean {
    return name === loopbackName || azureHost(name) !== undefined;
}

async function makeRoot(): Promise<KeyAndCertificate> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: serialNumber(),
        name: `CN=iot-x509 emulator CA ${randomBytes(4).toString("hex")}`,
        notBefore: new Date(Date.now() - day),
        notAfter: new Date(Date.now() + 3650 * day),
        keys: keys as CryptoKeyPair,
        signingAlgorithm: algorithm,
        extensions: [
            new x509.BasicConstraintsExtension(true, 0, true),
            new x509.KeyUsagesExtension(
                x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
                true,
            ),
            await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as CryptoKey),
        ],
    });
    return { key: await exportKey(keys.privateKey), certificate: certificate.toString("pem") };
}

async function makeHostCertificate(
    root: KeyAndCertificate,
    name: string,
): Promise<KeyAndCertificate> {
    const issuer = new x509.X509Certificate(root.certificate);
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const addresses = name === loopbackName ? [{ type: "ip" as const, value: "127.0.0.1" }] : [];
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: `CN=${name}`,
        issuer: issuer.subject,
        notBefore: new Date(Date.now() - day),
        notAfter: new Date(Date.now() + 397 * day),
        publicKey: keys.publicKey as CryptoKey,
        signingKey: await importKey(root.key),
        signingAlgorithm: algorithm,
        extensions: [
            new x509.BasicConstraintsExtension(false, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
            new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
            new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }, ...addresses]),
            await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ],
    });
    return { key: await exportKey(keys.privateKey), certificate: certificate.toString("pem") };
}

function serialNumber(): string {
    return "40" + randomBytes(15).toString("hex");
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
    const der = await webcrypto.subtle.exportKey("pkcs8", key);
    return x509.PemConverter.encode(der, "PRIVATE KEY");
}

async function importKey(pem: string): Promise<CryptoKey> {
    const der = x509.PemConverter.decodeFirst(pem);
    const key = await webcrypto.subtle.importKey("pkcs8", der, algorithm, true, ["sign"]);
    return key as CryptoKey;
}
