/*
 * VerifiedCertificate: a CA certificate on a hub or provisioning service, with proof of possession.
 *
 * | method | REST calls (If-Match with the ETag read just before) | when interrupted |
 * | --- | --- | --- |
 * | check | none; takes certificate, key and proof out of the inputs (write-only) | |
 * | create | GET, PUT (and in a full service GET and DELETE of what this run replaced), POST generateVerificationCode, GET, POST verify, GET | create again takes over what is there |
 * | update | as create: for one that lost its verification, or whose proof has arrived | update again |
 * | read | GET | |
 * | delete | GET, DELETE | 404 is success |
 *
 * azure-native's Certificate is not used because it sends no If-Match, without which Azure refuses update and delete.
 */
import { randomBytes } from "crypto";
import type {
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
} from "@pulumi/pulumi/dynamic";
import { azure, configureAzure } from "../azure/clients";
import { noteProgram, refuseToDestroyProtected } from "../dynamic/stackSettings";
import { isUnknown, toState, unknownValue } from "../dynamic/values";
import * as writeOnly from "../dynamic/writeOnly";
import { textDigest } from "../dynamic/writeOnly";
import { certificateFacts } from "../x509/certificates";
import { isKeyOf } from "../x509/issue";
import { CaCertificates } from "./caCertificates";
import { noteWanted, withRoom } from "./caRoom";
import { noteHub } from "../iothub/hubSeen";
import { prove, remove, requestCode, submitProof, upload } from "./proofOfPossession";

/** As the program passes them. */
interface RawInputs {
    readonly targetId: string;
    readonly name: string;
    readonly certificate: string;
    readonly key?: string;
    readonly proof?: string;
}

/** As the state keeps them. */
interface Inputs {
    readonly targetId: string;
    readonly certificateName: string;
    /** SHA-1 of the certificate, upper-case hex, as ARM shows it. */
    readonly thumbprint: string;
    /** Whether the CA's key is passed to this resource. */
    readonly hasKey: boolean;
    /** SHA-256 of a proof that was signed elsewhere. */
    readonly proof?: string;
}

interface Outputs extends Inputs {
    readonly isVerified: boolean;
    /** What to sign elsewhere: only while a CA without a key waits for its proof. */
    readonly verificationCode?: string;
    /** The run that created it, which distinguishes it from another resource at the same address. */
    readonly run?: string;
}

const thisRun = randomBytes(6).toString("base64url");

/**
 * Owner of the certificate at an address: the run that created it. A replacement must be proven before the old certificate
 * is deleted, so it is created first. When the engine is told to replace one (`--replace`, `taint`), the address stays the
 * same, `create` takes over what is there, and the delete of the original, in this run or after a kill in a later one,
 * must leave it there.
 */
const owners = new Map<string, string | undefined>();

export const provider: ResourceProvider<Inputs, Outputs> = {
    configure: async (request: ConfigureRequest) => configureAzure(request),
    check,
    diff,
    create,
    read,
    update,
    delete: deleteCertificate,
};

async function check(_: Inputs, given: Inputs): Promise<CheckResult<Inputs>> {
    const { name, certificate, key, proof, targetId } = given as unknown as RawInputs;
    noteProgram();
    const failures: CheckFailure[] = [];
    let thumbprint = unknownValue;
    if (!isUnknown(certificate)) {
        thumbprint = certificateFacts(certificate).sha1Thumbprint;
        writeOnly.put(`${thumbprint}/certificate`, certificate);
        if (key !== undefined && !isUnknown(key)) {
            if (isKeyOf(key, certificate)) {
                writeOnly.put(`${thumbprint}/key`, key);
            } else {
                failures.push({
                    // No property is named, because the engine prints the value of a property that it names.
                    property: "",
                    reason: `the key does not belong to the CA certificate ${thumbprint}`,
                });
            }
        }
    }
    const proofDigest = proof === undefined ? undefined : textDigest(proof);
    if (proof !== undefined && proofDigest !== undefined) {
        writeOnly.put(proofDigest, proof);
    }
    const inputs: Inputs = toState({
        targetId,
        certificateName: isUnknown(thumbprint) ? unknownValue : name + contentPart(thumbprint),
        thumbprint,
        hasKey: key !== undefined,
        proof: proofDigest,
    });
    if (!isUnknown(targetId) && !isUnknown(thumbprint)) {
        noteWanted(targetId, inputs.certificateName);
    }
    return { inputs, failures };
}

/** A CA with other content is another certificate, which can be proven while the former one still exists. */
export function contentPart(thumbprint: string): string {
    return `-${thumbprint.slice(0, 8).toLowerCase()}`;
}

/** The certificate's name as the program passes it. */
function baseOf({ certificateName, thumbprint }: Inputs): string {
    return certificateName.slice(0, -contentPart(thumbprint).length);
}

async function diff(_: string, olds: Outputs, news: Inputs): Promise<DiffResult> {
    const replaces = (["targetId", "certificateName", "thumbprint"] as const).filter(
        (key) => isUnknown(news[key]) || olds[key] !== news[key],
    );
    if (replaces.length === 0) {
        owners.set(addressOf(olds), olds.run);
    }
    const isCodeMissing = olds.verificationCode === undefined;
    const isNext = news.hasKey || isCodeMissing || news.proof !== olds.proof;
    return { changes: replaces.length > 0 || (!olds.isVerified && isNext), replaces };
}

async function create(inputs: Inputs): Promise<CreateResult<Outputs>> {
    const outs = { ...(await converge(inputs, undefined)), run: thisRun };
    owners.set(addressOf(inputs), thisRun);
    return { id: idOf(inputs), outs };
}

async function update(_: string, olds: Outputs, news: Inputs): Promise<UpdateResult<Outputs>> {
    const { run, verificationCode } = olds;
    return { outs: toState({ ...(await converge(news, verificationCode)), run }) };
}

async function converge(inputs: Inputs, code: string | undefined): Promise<Outputs> {
    const service = serviceOf(inputs);
    const { certificateName: name, thumbprint } = inputs;
    const certificatePem = writeOnly.get(`${thumbprint}/certificate`, "the CA's certificate");
    const present = await withRoom(service, inputs.targetId, baseOf(inputs), () =>
        upload(service, name, certificatePem),
    );
    if (present.isVerified) {
        return { ...inputs, isVerified: true };
    }
    if (inputs.hasKey) {
        const privateKeyPem = writeOnly.get(`${thumbprint}/key`, "the CA's key");
        const { isVerified } = await prove(service, name, { certificatePem, privateKeyPem });
        return { ...inputs, isVerified };
    }
    if (inputs.proof !== undefined && code !== undefined) {
        const proofPem = writeOnly.get(inputs.proof, "the proof of possession");
        if (await submitProof(service, name, { certificatePem, proofPem, code })) {
            return { ...inputs, isVerified: true };
        }
        console.log(
            `CA ${name}: the verification code of this proof has been replaced; the outputs contain the new code`,
        );
    }
    return { ...inputs, isVerified: false, verificationCode: await requestCode(service, name) };
}

async function read(id: string | undefined, state?: Outputs): Promise<ReadResult<Outputs>> {
    if (state === undefined) {
        throw new Error(
            "a VerifiedCertificate cannot be imported: the program adopts an existing certificate",
        );
    }
    noteHub(state.targetId);
    const present = await serviceOf(state).get(state.certificateName);
    if (present === undefined) {
        return {};
    }
    const { thumbprint, isVerified } = present;
    const verificationCode = isVerified ? undefined : state.verificationCode;
    return { id, props: toState({ ...state, thumbprint, isVerified, verificationCode }) };
}

async function deleteCertificate(_: string, state: Outputs): Promise<void> {
    refuseToDestroyProtected(`CA ${state.certificateName}`);
    const address = addressOf(state);
    if (owners.has(address) && owners.get(address) !== state.run) {
        return;
    }
    await remove(serviceOf(state), state.certificateName);
}

function serviceOf(inputs: Inputs): CaCertificates {
    const { arm, cloud } = azure();
    return new CaCertificates(arm, { arm: cloud.arm, id: inputs.targetId });
}

/** Azure resource names are case-insensitive. */
function addressOf(inputs: Inputs): string {
    return idOf(inputs).toLowerCase();
}

function idOf(inputs: Inputs): string {
    return `${inputs.targetId}/certificates/${inputs.certificateName}`;
}
