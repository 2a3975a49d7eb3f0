/*
 * DeviceCertificate: a leaf signed by its group's intermediate. Nothing of it exists on Azure.
 *
 * | method | what it does |
 * | --- | --- |
 * | check | takes the issuer's certificate and key, and the signing request, out of the inputs (write-only) |
 * | diff | exact, by named keys; a certificate inside its renewal window is an update |
 * | create, update | signs, with a new key only when the key's algorithm or generation changed |
 * | read | none: the engine keeps what is in state |
 * | delete | nothing to do |
 */
import type {
    CheckResult,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
} from "@pulumi/pulumi/dynamic";
import { changedKeys, isUnknown, toState, unknownValue } from "../dynamic/values";
import { hold, isHeld, take, textDigest } from "../dynamic/writeOnly";
import { certificateFacts } from "./certificates";
import { requestedKey } from "./csr";
import { issueLeaf, leafNotAfter, LeafKeyAlgorithm, makeKeyPair, publicKeyOf } from "./issue";

const day = 24 * 3600 * 1000;

/** As the program gives them. */
interface RawInputs {
    readonly deviceId: string;
    readonly organization?: string;
    readonly country?: string;
    readonly validityDays: number;
    readonly renewBeforeDays: number;
    readonly issuerCertificate: string;
    readonly issuerKey: string;
    /** PEM of a signing request; without one, the key is generated. */
    readonly csr?: string;
    readonly keyAlgorithm?: LeafKeyAlgorithm;
    readonly keyGeneration?: number;
}

/** As the state keeps them. */
interface Inputs {
    readonly deviceId: string;
    readonly organization?: string;
    readonly country?: string;
    readonly validityDays: number;
    readonly renewBeforeDays: number;
    /** SHA-256 thumbprint of the issuer's certificate. */
    readonly issuer: string;
    /** SHA-256 of the signing request. */
    readonly request?: string;
    readonly keyAlgorithm?: LeafKeyAlgorithm;
    readonly keyGeneration?: number;
}

interface Outputs extends Inputs {
    /** PEM of the leaf alone. */
    readonly certificate: string;
    /** PKCS#8 PEM of a generated key. */
    readonly privateKey?: string;
    /** ISO 8601. */
    readonly notAfter: string;
}

const compared = [
    "deviceId",
    "organization",
    "country",
    "validityDays",
    "issuer",
    "request",
    "keyAlgorithm",
    "keyGeneration",
] as const;

export const provider: ResourceProvider<Inputs, Outputs> = { check, diff, create, update };

async function check(_: Inputs, given: Inputs): Promise<CheckResult<Inputs>> {
    const { issuerCertificate, issuerKey, csr, ...kept } = given as unknown as RawInputs;
    const isIssuerUnknown = isUnknown(issuerCertificate) || isUnknown(issuerKey);
    let issuer = unknownValue;
    if (!isIssuerUnknown) {
        issuer = certificateFacts(issuerCertificate).sha256Thumbprint;
        hold(`${issuer}/certificate`, issuerCertificate);
        hold(`${issuer}/key`, issuerKey);
    }
    let request: string | undefined;
    if (csr !== undefined) {
        request = textDigest(csr);
        hold(request, csr);
    }
    return { inputs: toState({ ...kept, issuer, request }) };
}

async function diff(_: string, olds: Outputs, news: Inputs): Promise<DiffResult> {
    const changed = changedKeys<Inputs>(olds, news, compared);
    return { changes: changed.length > 0 || isRenewalDue(olds, news) };
}

/**
 * Inside its window, and a new certificate would really last longer than this one (its issuer may end as soon). In a
 * refresh, where the engine asks as well but nothing can be signed, none is due.
 */
function isRenewalDue(olds: Outputs, news: Inputs): boolean {
    const end = Date.parse(olds.notAfter);
    const issuer = `${news.issuer}/certificate`;
    if (Date.now() < end - news.renewBeforeDays * day || !isHeld(issuer)) {
        return false;
    }
    const renewed = leafNotAfter(take(issuer, "the issuer's certificate"), news.validityDays);
    if (renewed.getTime() < end + day) {
        return false;
    }
    console.log(`device ${olds.deviceId}: certificate ends ${olds.notAfter}, renewal is due`);
    return true;
}

async function create(inputs: Inputs): Promise<CreateResult<Outputs>> {
    return { id: inputs.deviceId, outs: await sign(inputs, undefined) };
}

async function update(_: string, olds: Outputs, news: Inputs): Promise<UpdateResult<Outputs>> {
    const isKeyKept =
        olds.keyAlgorithm === news.keyAlgorithm && olds.keyGeneration === news.keyGeneration;
    return { outs: await sign(news, isKeyKept ? olds.privateKey : undefined) };
}

async function sign(inputs: Inputs, presentKey: string | undefined): Promise<Outputs> {
    const issuer = {
        certificatePem: take(`${inputs.issuer}/certificate`, "the issuer's certificate"),
        privateKeyPem: take(`${inputs.issuer}/key`, "the issuer's key"),
    };
    const keys = await deviceKey(inputs, presentKey);
    const certificate = await issueLeaf(issuer, {
        commonName: inputs.deviceId,
        subject: inputs,
        publicKey: keys.publicKey,
        notAfter: leafNotAfter(issuer.certificatePem, inputs.validityDays),
    });
    return toState({
        ...inputs,
        certificate,
        privateKey: keys.privateKeyPem,
        notAfter: certificateFacts(certificate).notAfter,
    });
}

async function deviceKey(
    inputs: Inputs,
    presentKey: string | undefined,
): Promise<{ readonly publicKey: Buffer; readonly privateKeyPem?: string }> {
    if (inputs.request !== undefined) {
        return { publicKey: requestedKey(take(inputs.request, "the signing request")) };
    }
    if (presentKey !== undefined) {
        return { publicKey: publicKeyOf(presentKey), privateKeyPem: presentKey };
    }
    return makeKeyPair(inputs.keyAlgorithm ?? "RSA-2048");
}
