import "reflect-metadata";
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, webcrypto } from "crypto";
import { KeyObject, randomBytes } from "crypto";
import { promisify } from "util";
import * as x509 from "@peculiar/x509";
import { Made, onlyInputs, Values } from "./inProcessResource";

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

const generateKeys = promisify(generateKeyPair);
const hour = 3600 * 1000;

/** Key usages of a CA, as the tls provider names them. */
const usages: Readonly<Record<string, number>> = {
    cert_signing: x509.KeyUsageFlags.keyCertSign,
    crl_signing: x509.KeyUsageFlags.cRLSign,
};

/** What the two kinds of certificate have in common. */
const policyInputs = [
    "isCaCertificate",
    "setSubjectKeyId",
    "setAuthorityKeyId",
    "maxPathLength",
    "allowedUses",
    "validityPeriodHours",
];

/** The resources of the tls provider that make a CA, with keys and signatures as real as the provider's own. */
export const tlsResources: Readonly<Record<string, (inputs: Values) => Promise<Made>>> = {
    "tls:index/privateKey:PrivateKey": privateKey,
    "tls:index/certRequest:CertRequest": certRequest,
    "tls:index/selfSignedCert:SelfSignedCert": selfSigned,
    "tls:index/locallySignedCert:LocallySignedCert": locallySigned,
};

async function privateKey(inputs: Values): Promise<Made> {
    onlyInputs(inputs, "algorithm", "rsaBits", "ecdsaCurve");
    const { algorithm, rsaBits, ecdsaCurve } = inputs;
    const isRsa = algorithm === "RSA";
    const keys = isRsa
        ? await generateKeys("rsa", { modulusLength: Number(rsaBits) })
        : await generateKeys("ec", { namedCurve: String(ecdsaCurve).replace("P", "P-") });
    const key: KeyObject = keys.privateKey;
    const traditional = isRsa
        ? key.export({ type: "pkcs1", format: "pem" })
        : key.export({ type: "sec1", format: "pem" });
    const state = {
        ...inputs,
        privateKeyPem: traditional.toString(),
        privateKeyPemPkcs8: key.export({ type: "pkcs8", format: "pem" }).toString(),
    };
    return { id: sha1(keys.publicKey.export({ type: "spki", format: "der" })), state };
}

async function certRequest(inputs: Values): Promise<Made> {
    onlyInputs(inputs, "privateKeyPem", "subject");
    const { keys, signingAlgorithm } = await signer(inputs.privateKeyPem);
    const name = subjectName(inputs.subject as Values);
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
        name,
        keys,
        signingAlgorithm,
    });
    const certRequestPem = request.toString("pem") + "\n";
    return { id: sha1(certRequestPem), state: { ...inputs, certRequestPem } };
}

async function selfSigned(inputs: Values): Promise<Made> {
    onlyInputs(inputs, "privateKeyPem", "subject", ...policyInputs);
    const own = await signer(inputs.privateKeyPem);
    const subject = subjectName(inputs.subject as Values);
    const { publicKey } = own.keys;
    const authority = inputs.setAuthorityKeyId === true ? publicKey : undefined;
    return certificate(inputs, own, { subject, publicKey, issuer: subject, authority });
}

async function locallySigned(inputs: Values): Promise<Made> {
    onlyInputs(inputs, "certRequestPem", "caCertPem", "caPrivateKeyPem", ...policyInputs);
    const request = new x509.Pkcs10CertificateRequest(String(inputs.certRequestPem));
    if (!(await request.verify())) {
        throw new Error("the signature of the certificate request does not verify");
    }
    const ca = new x509.X509Certificate(String(inputs.caCertPem));
    return certificate(inputs, await signer(inputs.caPrivateKeyPem), {
        subject: request.subjectName,
        publicKey: request.publicKey,
        issuer: ca.subjectName,
        authority: ca.publicKey,
    });
}

interface Parties {
    readonly subject: x509.Name;
    readonly publicKey: x509.PublicKeyType;
    readonly issuer: x509.Name;
    /** Whose identifier the certificate gives as that of the authority's key. */
    readonly authority: x509.PublicKeyType | undefined;
}

async function certificate(inputs: Values, by: Signer, parties: Parties): Promise<Made> {
    const { publicKey, authority, subject, issuer } = parties;
    const usage = (inputs.allowedUses as string[]).reduce((all, name) => all | usageOf(name), 0);
    const isCa = inputs.isCaCertificate === true;
    const pathLength = inputs.maxPathLength as number | undefined;
    const extensions: x509.Extension[] = [
        new x509.KeyUsagesExtension(usage, true),
        new x509.BasicConstraintsExtension(isCa, pathLength, true),
    ];
    if (inputs.setSubjectKeyId === true) {
        extensions.push(await x509.SubjectKeyIdentifierExtension.create(publicKey));
    }
    if (authority !== undefined) {
        extensions.push(await x509.AuthorityKeyIdentifierExtension.create(authority));
    }
    const notBefore = new Date();
    const made = await x509.X509CertificateGenerator.create({
        serialNumber: `01${randomBytes(15).toString("hex")}`,
        subject,
        issuer,
        notBefore,
        notAfter: new Date(notBefore.getTime() + Number(inputs.validityPeriodHours) * hour),
        publicKey,
        signingKey: by.keys.privateKey,
        signingAlgorithm: by.signingAlgorithm,
        extensions,
    });
    const certPem = made.toString("pem") + "\n";
    return { id: made.serialNumber, state: { ...inputs, certPem } };
}

function usageOf(name: string): number {
    if (usages[name] === undefined) {
        throw new Error(`allowedUses: "${name}" is none of ${Object.keys(usages).join(", ")}`);
    }
    return usages[name];
}

function subjectName(subject: Values): x509.Name {
    onlyInputs(subject, "country", "organization", "commonName");
    const attributes = [
        { C: subject.country },
        { O: subject.organization },
        { CN: subject.commonName },
    ];
    const given = attributes.filter((one) => Object.values(one)[0] !== undefined);
    return new x509.Name(
        given.map((one) => {
            const [[type, value]] = Object.entries(one);
            const text = type === "C" ? { printableString: value } : { utf8String: value };
            return { [type]: [text as x509.JsonAttributeObject] };
        }),
    );
}

interface Signer {
    readonly keys: CryptoKeyPair;
    readonly signingAlgorithm: EcdsaParams | Algorithm;
}

/** A key for SHA-256, with P-384 for SHA-384: what Go's crypto/x509 chooses for the provider. */
async function signer(pem: unknown): Promise<Signer> {
    const key = createPrivateKey(String(pem));
    const isP384 = key.asymmetricKeyDetails?.namedCurve === "secp384r1";
    const hash = isP384 ? "SHA-384" : "SHA-256";
    const signingAlgorithm =
        key.asymmetricKeyType === "rsa"
            ? { name: "RSASSA-PKCS1-v1_5", hash }
            : { name: "ECDSA", namedCurve: isP384 ? "P-384" : "P-256", hash };
    const { subtle } = webcrypto;
    const pkcs8 = key.export({ type: "pkcs8", format: "der" });
    const spki = createPublicKey(key).export({ type: "spki", format: "der" });
    const keys = {
        privateKey: await subtle.importKey("pkcs8", pkcs8, signingAlgorithm, true, ["sign"]),
        publicKey: await subtle.importKey("spki", spki, signingAlgorithm, true, ["verify"]),
    };
    return { keys: keys as CryptoKeyPair, signingAlgorithm };
}

function sha1(data: string | Buffer): string {
    return createHash("sha1").update(data).digest("hex");
}
