import { randomProvider } from "../random/provider";
import { tlsProvider } from "../tls/provider";
import { ProviderClient } from "./providerClient";
import { Declared, Stack } from "./stack";

/** What a recorded preview changes, with the values of the first `up`. */
const values = {
    rsaBits: 2048,
    curve: "P256",
    rootCn: "Root",
    pathlen: 1,
    rootHours: 87600,
    early: undefined as number | undefined,
    intCn: "Intermediate",
    org: "MyOrg",
    intPathlen: 0,
    intHours: 43800,
    len: 6,
};

type Values = typeof values;

/** The program whose life with the official plug-ins is recorded. */
export function program(changed: Partial<Values> = {}): Declared[] {
    const given = { ...values, ...changed };
    const renewal = given.early === undefined ? {} : { earlyRenewalHours: given.early };
    const authority = {
        allowedUses: ["cert_signing", "crl_signing"],
        isCaCertificate: true,
        setSubjectKeyId: true,
    };
    return [
        {
            type: "random:index/randomString:RandomString",
            name: "suffix",
            inputs: () => ({ length: given.len, special: false, upper: false }),
        },
        {
            type: "tls:index/privateKey:PrivateKey",
            name: "ec",
            inputs: () => ({ algorithm: "ECDSA", ecdsaCurve: given.curve }),
        },
        {
            type: "tls:index/privateKey:PrivateKey",
            name: "ec384",
            inputs: () => ({ algorithm: "ECDSA", ecdsaCurve: "P384" }),
        },
        {
            type: "tls:index/privateKey:PrivateKey",
            name: "rsa",
            inputs: () => ({ algorithm: "RSA", rsaBits: given.rsaBits }),
        },
        {
            type: "tls:index/certRequest:CertRequest",
            name: "csr",
            inputs: (outputs) => ({
                privateKeyPem: outputs("ec").privateKeyPem,
                subject: { commonName: given.intCn, organization: given.org },
            }),
        },
        {
            type: "tls:index/selfSignedCert:SelfSignedCert",
            name: "self384",
            inputs: (outputs) => ({
                allowedUses: ["cert_signing"],
                isCaCertificate: true,
                privateKeyPem: outputs("ec384").privateKeyPem,
                setSubjectKeyId: true,
                subject: { commonName: "Größe" },
                validityPeriodHours: 24,
            }),
        },
        {
            type: "tls:index/selfSignedCert:SelfSignedCert",
            name: "root",
            inputs: (outputs) => ({
                ...authority,
                ...renewal,
                maxPathLength: given.pathlen,
                privateKeyPem: outputs("rsa").privateKeyPem,
                setAuthorityKeyId: true,
                subject: { commonName: given.rootCn, country: "US", organization: "MyOrg" },
                validityPeriodHours: given.rootHours,
            }),
        },
        {
            type: "tls:index/locallySignedCert:LocallySignedCert",
            name: "int",
            inputs: (outputs) => ({
                ...authority,
                ...renewal,
                caCertPem: outputs("root").certPem,
                caPrivateKeyPem: outputs("rsa").privateKeyPem,
                certRequestPem: outputs("csr").certRequestPem,
                maxPathLength: given.intPathlen,
                validityPeriodHours: given.intHours,
            }),
        },
    ];
}

/** A change as the recordings write it, e.g. `rsaBits=3072`. */
export function changeOf(text: string): Partial<Values> {
    const [, name, value] = /^(\w+)=(\S+)/.exec(text) ?? [];
    return { [name]: /^\d+$/.test(value) ? Number(value) : value };
}

export interface Plugins {
    readonly tls: ProviderClient;
    readonly random: ProviderClient;
    /** What tls warned of. */
    readonly warnings: string[];
    readonly stop: () => void;
}

export async function startPlugins(): Promise<Plugins> {
    const warnings: string[] = [];
    const warn = (_urn: string, message: string): void => void warnings.push(message);
    const tls = await new ProviderClient("tls").serve(() => tlsProvider(warn), "5.5.1");
    const random = await new ProviderClient("random").serve(randomProvider, "4.21.1");
    const stop = (): void => [tls, random].forEach((client) => client.stop());
    return { tls, random, warnings, stop };
}

export const newStack = ({ tls, random }: Plugins): Stack => new Stack({ tls, random });
