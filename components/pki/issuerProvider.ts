/*
 * Issuer: a CA that signs in this run. Nothing of it exists on Azure.
 *
 * | method | what it does |
 * | --- | --- |
 * | check | takes certificate and key out of the inputs (write-only); they are found under the certificate's digest |
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
import { hold, isHeld, take } from "../dynamic/writeOnly";
import { Issuer } from "../x509/issue";

/** As the state keeps them. */
interface Digest {
    /** Digest of the certificate. */
    readonly digest: string;
}

/** As the program gives them. */
interface RawInputs extends Digest {
    /** PEM. */
    readonly signer: { readonly certificate: string; readonly key: string };
}

export const provider: ResourceProvider<Digest, Digest> = { check, diff, create, update };

async function check(_: Digest, given: Digest): Promise<CheckResult<Digest>> {
    const { digest, signer } = given as unknown as RawInputs;
    hold(declaredName(digest), digest);
    if (!isUnknown(signer)) {
        hold(certificateName(digest), signer.certificate);
        hold(keyName(digest), signer.key);
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

/** Whether this run declares the CA with this digest: with `--target`, its own resource may be left out. */
export function isDeclared(digest: string): boolean {
    return isHeld(declaredName(digest));
}

function keyName(digest: string): string {
    return `${digest}/key`;
}

/** The CA with this digest, where this run was given it: a refresh and a destroy are not. */
export function presentIssuer(digest: string): Issuer | undefined {
    return isHeld(keyName(digest)) ? issuerOf(digest) : undefined;
}

/** @throws Error when this run was not given the CA with this digest */
export function issuerOf(digest: string): Issuer {
    return {
        certificatePem: take(certificateName(digest), "the issuer's certificate"),
        privateKeyPem: take(keyName(digest), "the issuer's key"),
    };
}
