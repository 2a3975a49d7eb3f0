/*
 * Issuer: a CA that signs in this run. It has no counterpart in Azure.
 *
 * | method | what it does |
 * | --- | --- |
 * | check | takes certificate and key out of the inputs (write-only) and files them under the certificate's digest |
 * | diff | exact: another certificate is an update |
 * | create, update | nothing but the digest |
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
import { isUnknown } from "../dynamic/values";
import * as writeOnly from "../dynamic/writeOnly";
import { IssuingCa } from "../x509/issue";

/** As the state keeps them. */
interface Digest {
    /** Digest of the certificate. */
    readonly digest: string;
}

/** As the program passes them. */
interface RawInputs extends Digest {
    /** PEM. */
    readonly signer: { readonly certificate: string; readonly key: string };
}

export const provider: ResourceProvider<Digest, Digest> = { check, diff, create, update };

async function check(_: Digest, given: Digest): Promise<CheckResult<Digest>> {
    const { digest, signer } = given as unknown as RawInputs;
    writeOnly.put(declaredName(digest), digest);
    if (!isUnknown(signer)) {
        writeOnly.put(certificateName(digest), signer.certificate);
        writeOnly.put(keyName(digest), signer.key);
    }
    return { inputs: { digest } };
}

async function diff(_: string, olds: Digest, news: Digest): Promise<DiffResult> {
    return { changes: isUnknown(news.digest) || olds.digest !== news.digest };
}

async function create(inputs: Digest): Promise<CreateResult<Digest>> {
    return { id: inputs.digest, outs: inputs };
}

async function update(_: string, __: Digest, news: Digest): Promise<UpdateResult<Digest>> {
    return { outs: news };
}

function certificateName(digest: string): string {
    return `${digest}/certificate`;
}

function declaredName(digest: string): string {
    return `${digest}/declared`;
}

/** Whether this run declares the CA with this digest: `--target` may leave out the CA's own resource. */
export function isDeclared(digest: string): boolean {
    return writeOnly.has(declaredName(digest));
}

function keyName(digest: string): string {
    return `${digest}/key`;
}

/** The CA with this digest, if this run has it: a refresh or destroy does not. */
export function presentIssuer(digest: string): IssuingCa | undefined {
    return writeOnly.has(keyName(digest)) ? issuerOf(digest) : undefined;
}

/** @throws Error when this run does not have the CA with this digest */
export function issuerOf(digest: string): IssuingCa {
    return {
        certificatePem: writeOnly.get(certificateName(digest), "the issuer's certificate"),
        privateKeyPem: writeOnly.get(keyName(digest), "the issuer's key"),
    };
}
