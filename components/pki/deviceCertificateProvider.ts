/*
 * DeviceCertificate: a leaf signed by its group's intermediate. Nothing of it exists on Azure.
 *
 * | method | what it does |
 * | --- | --- |
 * | check | takes the signing request out of the inputs (write-only); refuses to have one signed by a CA that has ended |
 * | diff | exact, by a digest of the inputs; a certificate inside its renewal window is an update; none without an issuer |
 * | create, update | signs, with a new key only when the key's algorithm or generation changed |
 * | read | none: the engine keeps what is in state |
 * | delete | nothing to do, but refused where the certificate must move to another stack |
 */
import type {
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
} from "@pulumi/pulumi/dynamic";
import {
    noteDevice,
    noteProgram,
    refuseToDestroyProtected,
    refuseToDropMoved,
    rememberSettings,
} from "../dynamic/stackSettings";
import { isUnknown, stableJson, toState } from "../dynamic/values";
import * as writeOnly from "../dynamic/writeOnly";
import { textDigest } from "../dynamic/writeOnly";
import { certificateFacts } from "../x509/certificates";
import { canonicalRequest, requestedKey } from "../x509/csr";
import { remember } from "./formerCertificates";
import { isDeclared, issuerOf, presentIssuer } from "./issuerProvider";
import {
    generatedKey,
    issueLeaf,
    leafNotAfter,
    KeyAlgorithm,
    makeKeyPair,
    publicKeyOf,
} from "../x509/issue";

const day = 24 * 3600 * 1000;

/** What a certificate is asked for. */
interface Request {
    readonly deviceId: string;
    readonly organization?: string;
    readonly country?: string;
    readonly validityDays: number;
    readonly renewBeforeDays: number;
    readonly keyAlgorithm?: KeyAlgorithm;
    readonly keyGeneration?: number;
}

/** As the program gives them. */
interface RawInputs {
    /** Digest of the issuer's certificate; undefined while it awaits its signature. */
    readonly issuer?: string;
    /** With the PEM of a signing request; without one, the key is generated. */
    readonly request: Request & { readonly csr?: string };
}

/** As the state keeps them. */
interface Inputs extends Request {
    /** Digest of the issuer's certificate; undefined while it awaits its signature. */
    readonly issuer?: string;
    /** Digest of the signing request. */
    readonly csr?: string;
}

/** Each output is stored for each device, so there are no more than these. */
interface Outputs {
    /** PEM of the leaf alone. */
    readonly certificate: string;
    /** PKCS#8 PEM of a generated key. */
    readonly privateKey?: string;
    /** Digest of all inputs that the certificate follows from. */
    readonly issuedFor: string;
    /** Algorithm and generation of a generated key. */
    readonly key?: string;
    /** Those before it that have not ended: see {@link remember}. */
    readonly former?: readonly string[];
}

export const provider: ResourceProvider<Inputs, Outputs> = {
    configure: async (request: ConfigureRequest) => rememberSettings(request),
    check,
    diff,
    create,
    update,
    delete: deleteCertificate,
};

async function check(olds: Partial<Inputs>, given: Inputs): Promise<CheckResult<Inputs>> {
    const { issuer, request } = given as unknown as RawInputs;
    const { csr, ...kept } = request;
    noteProgram();
    noteDevice(request.deviceId);
    // Of the request, not of its text: line ends or a remark above it are no change.
    const digest = csr === undefined ? undefined : textDigest(canonicalRequest(csr));
    if (csr !== undefined && digest !== undefined) {
        writeOnly.put(digest, csr);
    }
    const inputs: Inputs = toState({ ...kept, issuer, csr: digest });
    // The engine calls this in a preview, too, which must not promise what `up` cannot do.
    const failures = isSignable(olds, inputs) ? [] : [{ property: "", reason: untargeted }];
    return { inputs, failures };
}

const untargeted =
    "it must be signed, but the CA of its group is not among the targets of this run: " +
    "add --target '**pki:Issuer::*'";

/** Whether it needs no signature, as far as its inputs tell, or this run has the CA. */
function isSignable(olds: Partial<Inputs>, news: Inputs): boolean {
    if (news.issuer === undefined) {
        return true;
    }
    // With Pulumi's own property, which `check` is asked without.
    const isSigned = issuedFor({ ...olds, ...news }) === issuedFor(olds as Inputs);
    return isSigned || isUnknown(news.issuer) || isDeclared(news.issuer);
}

async function diff(_: string, olds: Outputs, news: Inputs): Promise<DiffResult> {
    if (news.issuer === undefined) {
        return { changes: false };
    }
    const isOther = isUnknown(news.issuer) || olds.issuedFor !== issuedFor(news);
    return { changes: isOther || isRenewalDue(olds, news) };
}

function issuedFor({ renewBeforeDays: _, ...others }: Inputs): string {
    return textDigest(stableJson(others));
}

/**
 * Inside its window, and a new certificate would really last longer than this one (its issuer may end as soon). In a
 * refresh, where the engine asks as well but nothing can be signed, none is due.
 */
function isRenewalDue(olds: Outputs, news: Inputs): boolean {
    const { notAfter } = certificateFacts(olds.certificate);
    const end = Date.parse(notAfter);
    const issuer = news.issuer === undefined ? undefined : presentIssuer(news.issuer);
    if (Date.now() < end - news.renewBeforeDays * day || issuer === undefined) {
        return false;
    }
    const renewed = leafNotAfter(issuer.certificatePem, news.validityDays);
    if (renewed.getTime() < end + day) {
        return false;
    }
    console.log(`device ${news.deviceId}: certificate expires ${notAfter}, renewal is due`);
    return true;
}

async function create(inputs: Inputs): Promise<CreateResult<Outputs>> {
    return { id: inputs.deviceId, outs: await sign(inputs, undefined) };
}

async function update(_: string, olds: Outputs, news: Inputs): Promise<UpdateResult<Outputs>> {
    // For an enrollment of the device, which goes on accepting it.
    writeOnly.put(certificateFacts(olds.certificate).sha256Thumbprint, olds.certificate);
    const signed = await sign(news, olds.key === keyOf(news) ? olds.privateKey : undefined);
    return { outs: { ...signed, former: remember(olds.certificate, olds.former) } };
}

async function deleteCertificate(id: string): Promise<void> {
    const what = `the certificate of device "${id}"`;
    refuseToDropMoved(what);
    refuseToDestroyProtected(what);
}

/** Undefined for a device that gave a signing request. */
function keyOf({ keyAlgorithm, keyGeneration, csr }: Inputs): string | undefined {
    return csr === undefined ? generatedKey(keyAlgorithm, keyGeneration) : undefined;
}

async function sign(inputs: Inputs, presentKey: string | undefined): Promise<Outputs> {
    if (inputs.issuer === undefined) {
        throw new Error(`device ${inputs.deviceId}: its group's CA is not signed yet`);
    }
    const issuer = issuerOf(inputs.issuer);
    const keys = await deviceKey(inputs, presentKey);
    const certificate = await issueLeaf(issuer, {
        commonName: inputs.deviceId,
        subject: inputs,
        publicKey: keys.publicKey,
        notAfter: leafNotAfter(issuer.certificatePem, inputs.validityDays),
    });
    return toState({
        certificate,
        privateKey: keys.privateKeyPem,
        issuedFor: issuedFor(inputs),
        key: keyOf(inputs),
    });
}

async function deviceKey(
    inputs: Inputs,
    presentKey: string | undefined,
): Promise<{ readonly publicKey: Buffer; readonly privateKeyPem?: string }> {
    if (inputs.csr !== undefined) {
        return { publicKey: requestedKey(writeOnly.get(inputs.csr, "the signing request"), true) };
    }
    if (presentKey !== undefined) {
        return { publicKey: publicKeyOf(presentKey), privateKeyPem: presentKey };
    }
    return makeKeyPair(inputs.keyAlgorithm ?? "RSA-2048");
}
