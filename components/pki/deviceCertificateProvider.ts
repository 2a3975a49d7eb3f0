/*
 * DeviceCertificate: a leaf signed by its group's intermediate. It has no counterpart in Azure.
 *
 * | method | what it does |
 * | --- | --- |
 * | check | takes the signing request out of the inputs (write-only); refuses a signature by an expired CA |
 * | diff | exact, by a digest of the inputs; a certificate inside its renewal window is an update; none without an issuer |
 * | create, update | signs, with a new key only if the key's algorithm or generation changed |
 * | read | none: the engine keeps what is in state |
 * | delete | nothing to do, but refused if the certificate must move to another stack |
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
import { certificateFacts, publicKeyId } from "../x509/certificates";
import { canonicalRequest, requestedKey } from "../x509/csr";
import { remember } from "./formerCertificates";
import { noteIssued } from "./issuedCertificates";
import { Reason, reasonsText, reissueReasons, Wanted } from "./reissueReasons";
import { isDeclared, issuerOf, presentIssuer } from "./issuerProvider";
import {
    generatedKey,
    issueLeaf,
    leafNotAfter,
    KeyAlgorithm,
    makeKeyPair,
    publicKeyOf,
} from "../x509/issue";

/** What a certificate is requested for. */
interface Request {
    readonly deviceId: string;
    readonly organization?: string;
    readonly country?: string;
    readonly validityDays: number;
    readonly renewBeforeDays: number;
    readonly keyAlgorithm?: KeyAlgorithm;
    readonly keyGeneration?: number;
}

/** As the program passes them. */
interface RawInputs {
    /** Digest of the issuer's certificate; undefined until that is signed. */
    readonly issuer?: string;
    /** With the PEM of a signing request; without one, the key is generated. */
    readonly request: Request & { readonly csr?: string };
}

/** As the state keeps them. */
interface Inputs extends Request {
    /** Digest of the issuer's certificate; undefined until that is signed. */
    readonly issuer?: string;
    /** Digest of the signing request. */
    readonly csr?: string;
}

/** Outputs are stored for every device, so they are kept to a minimum. */
interface Outputs {
    /** PEM of the leaf alone. */
    readonly certificate: string;
    /** PKCS#8 PEM of a generated key. */
    readonly privateKey?: string;
    /** Digest of all inputs that determine the certificate. */
    readonly issuedFor: string;
    /** Algorithm and generation of a generated key. */
    readonly key?: string;
    /** Earlier certificates that have not expired: see {@link remember}. */
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
    // Digest of the request, not of its text: other line ends or a comment above it are not a change.
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

/** Whether the certificate needs no signature, judging by its inputs, or this run has the CA. */
function isSignable(olds: Partial<Inputs>, news: Inputs): boolean {
    if (news.issuer === undefined) {
        return true;
    }
    // The former inputs add Pulumi's own property, which `check` does not receive.
    const isSigned = issuedFor({ ...olds, ...news }) === issuedFor(olds as Inputs);
    return isSigned || isUnknown(news.issuer) || isDeclared(news.issuer);
}

async function diff(_: string, olds: Outputs, news: Inputs): Promise<DiffResult> {
    if (news.issuer === undefined) {
        return { changes: false };
    }
    const isOther = isUnknown(news.issuer) || olds.issuedFor !== issuedFor(news);
    const reasons = reissueReasons(olds.certificate, {
        generatedKey: olds.key,
        wanted: wantedOf(news, news.issuer, isOther),
        isOther,
        now: Date.now(),
    });
    announce(news.deviceId, reasons);
    return { changes: reasons.length > 0 };
}

/** @param isOther only then is a request read: verifying its signature takes time in a large fleet */
function wantedOf(news: Inputs, issuer: string, isOther: boolean): Wanted {
    const csr = isOther && news.csr !== undefined && writeOnly.has(news.csr) ? news.csr : undefined;
    return {
        ...news,
        generatedKey: keyOf(news),
        requestedKeyId:
            csr && publicKeyId(requestedKey(writeOnly.get(csr, "the signing request"), true)),
        issuerCertificate: isUnknown(issuer) ? undefined : presentIssuer(issuer)?.certificatePem,
    };
}

/** How many devices are named per reason; in a large fleet the rest are counted, at each power of ten. */
const named = 10;
const announced = new Map<string, number>();

function announce(deviceId: string, reasons: readonly Reason[]): void {
    if (reasons.length === 0) {
        return;
    }
    const key = reasons.map(({ name }) => name).join("; ");
    const count = (announced.get(key) ?? 0) + 1;
    announced.set(key, count);
    if (count <= named) {
        console.log(`${deviceId}: certificate is issued again: ${reasonsText(reasons)}`);
    } else if (/^10+$/.test(String(count))) {
        console.log(`${count} certificates are issued again so far: ${key}`);
    }
}

function issuedFor({ renewBeforeDays: _, ...others }: Inputs): string {
    return textDigest(stableJson(others));
}

async function create(inputs: Inputs): Promise<CreateResult<Outputs>> {
    return { id: inputs.deviceId, outs: await sign(inputs, undefined) };
}

async function update(_: string, olds: Outputs, news: Inputs): Promise<UpdateResult<Outputs>> {
    // For an enrollment of the device, which continues to accept it.
    writeOnly.put(certificateFacts(olds.certificate).sha256Thumbprint, olds.certificate);
    const signed = await sign(news, olds.key === keyOf(news) ? olds.privateKey : undefined);
    return { outs: { ...signed, former: remember(olds.certificate, olds.former) } };
}

async function deleteCertificate(id: string): Promise<void> {
    const what = `the certificate of device "${id}"`;
    refuseToDropMoved(what);
    refuseToDestroyProtected(what);
}

/** Undefined for a device that supplied a signing request. */
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
    noteIssued(inputs.deviceId, certificate);
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
