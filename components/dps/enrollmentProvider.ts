/*
 * EnrollmentGroup and IndividualEnrollment: who may register at a provisioning service, and what happens to them.
 *
 * | method | REST calls | when interrupted |
 * | --- | --- | --- |
 * | check | none; takes certificates out of the inputs (write-only) | |
 * | create | GET, PUT | adopts one with the same attestation, or with a lost certificate of the same device |
 * | update | GET, PUT with its ETag; if a group is blocked or unblocked: its registrations, and their devices on the hubs | update again |
 * | read | GET of the service, once per run; GET | |
 * | delete | GET of the service, once per run; GET, DELETE with its ETag | 404 is success |
 */
import { X509Certificate } from "crypto";
import type {
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
} from "@pulumi/pulumi/dynamic";
import { configureAzure } from "../azure/clients";
import { retryStale } from "../azure/staleEtag";
import {
    isDeclared,
    noteProgram,
    refuseToDestroyProtected,
    refuseToDropMoved,
} from "../dynamic/stackSettings";
import { changedKeys, isUnknown, stableJson, toState } from "../dynamic/values";
import * as writeOnly from "../dynamic/writeOnly";
import { certificateFacts } from "../x509/certificates";
import { isSameCommonName, isSameName } from "../x509/distinguishedName";
import { generationOfIssuer } from "../pki/formerCertificates";
import {
    Attestation,
    EnrollmentKind,
    EnrollmentPolicy,
    PresentEnrollment,
} from "../enrollments/enrollments";
import { isGenerationDropped } from "./generations";
import { announceCut, applyBlock, dropStrays, noteRoster } from "./groupDevices";
import { exists, service } from "../enrollments/services";
import { isDenial } from "./shutOut";

/** Inputs as the program passes them. */
interface RawInputs extends EnrollmentPolicy, Attestation {
    readonly serviceId: string;
    readonly hostName: string;
    readonly kind: EnrollmentKind;
    readonly enrollmentId: string;
    readonly owner?: string;
    readonly generations?: readonly number[];
    readonly members?: readonly string[];
    readonly others?: readonly string[];
}

/** Inputs as the state stores them. */
interface Inputs extends EnrollmentPolicy {
    readonly serviceId: string;
    readonly hostName: string;
    readonly kind: EnrollmentKind;
    readonly enrollmentId: string;
    /** Owner of a group: `project/stack`. */
    readonly owner?: string;
    /** Generations of the CAs of the group, or of the device's group. */
    readonly generations?: readonly number[];
    readonly attestation: "caReferences" | "signingCertificates" | "clientCertificates";
    /** Names of CA references, or SHA-256 thumbprints of certificates, primary first. */
    readonly trusted: readonly string[];
}

interface Outputs extends Inputs {
    /** PEM of a device's certificate. */
    readonly certificate?: string;
    /** PEM of the former certificate, the secondary at the service. */
    readonly former?: string;
}

const policyKeys = [
    "provisioningStatus",
    "iotEdge",
    "updateHubAssignment",
    "migrateDeviceData",
    "allocationPolicy",
    "initialTwin",
] as const;

export const provider: ResourceProvider<Inputs, Outputs> = {
    configure: async (request: ConfigureRequest) => configureAzure(request),
    check,
    diff,
    create,
    read,
    update,
    delete: deleteEnrollment,
};

async function check(_: Inputs, given: Inputs): Promise<CheckResult<Inputs>> {
    const raw = given as unknown as RawInputs;
    noteProgram();
    const { caReferences, signingCertificates, clientCertificates, members, others, ...kept } = raw;
    if (raw.kind === "group") {
        noteRoster(raw, members, others);
    }
    const inputs: Inputs = toState({
        ...kept,
        attestation:
            caReferences !== undefined
                ? "caReferences"
                : signingCertificates !== undefined
                  ? "signingCertificates"
                  : "clientCertificates",
        trusted: caReferences ?? (signingCertificates ?? clientCertificates ?? []).map(held),
    });
    return { inputs };
}

/** Stores a certificate for `create` and `update`, and returns its thumbprint. */
function held(pem: string): string {
    if (isUnknown(pem)) {
        return pem;
    }
    const thumbprint = certificateFacts(pem).sha256Thumbprint;
    writeOnly.put(thumbprint, pem);
    return thumbprint;
}

async function diff(_: string, olds: Outputs, news: Inputs): Promise<DiffResult> {
    const replaces = changedKeys(olds, news, ["serviceId", "kind", "enrollmentId"]);
    // The host name is ignored: it follows from the service, and previews that change the service do not know it.
    const changed = changedKeys(olds, news, ["attestation", "trusted", ...policyKeys]);
    const isFormerOut = olds.former !== undefined && !isOfTrustedGeneration(olds.former, news);
    if (news.kind === "group" && isBlocking(olds, news) && replaces.length === 0) {
        await announceCut(news);
    }
    return {
        changes: replaces.length + changed.length > 0 || isFormerOut,
        replaces,
        ...(replaces.length > 0 ? { deleteBeforeReplace: true } : {}),
    };
}

function idOf({
    serviceId,
    kind,
    enrollmentId,
}: Pick<Inputs, "serviceId" | "kind" | "enrollmentId">): string {
    return `${serviceId}/${kind}/${enrollmentId}`;
}

function isBlocking(olds: Inputs, news: Inputs): boolean {
    return olds.provisioningStatus === "enabled" && news.provisioningStatus === "disabled";
}

async function create(inputs: Inputs): Promise<CreateResult<Outputs>> {
    const present = await service(inputs).get(inputs.kind, inputs.enrollmentId);
    if (present !== undefined) {
        const trusted =
            inputs.attestation === "caReferences" ? present.caReferences : present.thumbprints;
        const isSame = stableJson(trusted) === stableJson(inputs.trusted);
        if (!isSame && !isOfLostRun(inputs, present) && !isDenial(present)) {
            throw new Error(
                `enrollment "${inputs.enrollmentId}" exists on ${inputs.hostName} with another attestation ` +
                    `(${trusted.join(", ") || "not X.509"}); delete it, or rename the group`,
            );
        }
    }
    const outs = outputs(inputs);
    await write(outs);
    if (inputs.kind === "group") {
        await applyBlock(inputs, present?.provisioningStatus ?? "enabled");
    }
    return { id: idOf(inputs), outs };
}

/**
 * A run that was killed between PUT and checkpoint leaves a certificate that is not in the state, and the next run issues
 * another. Both name the same device and the same issuer; a self-signed certificate does not.
 */
function isOfLostRun(inputs: Inputs, { certificateNames }: PresentEnrollment): boolean {
    if (inputs.attestation !== "clientCertificates" || certificateNames.length === 0) {
        return false;
    }
    return inputs.trusted.map(certificateOf).every((pem) => {
        const { subject, issuer } = new X509Certificate(pem);
        return (
            !isSameName(subject, issuer) &&
            certificateNames.every(
                (present) =>
                    isSameCommonName(present.subject, subject) &&
                    isSameName(present.issuer, issuer),
            )
        );
    });
}

function certificateOf(thumbprint: string): string {
    return writeOnly.get(thumbprint, "the certificate");
}

async function update(_: string, olds: Outputs, news: Inputs): Promise<UpdateResult<Outputs>> {
    const outs = outputs(news, formerOf(olds, news));
    await write(outs);
    if (news.kind === "group") {
        const isDropped = isGenerationDropped(olds.generations, news.generations ?? []);
        const isFreed = news.provisioningStatus === "enabled";
        if (isDropped && isFreed) {
            // Must precede `applyBlock`, which enables devices again.
            await dropStrays(news);
        }
        await applyBlock(news, olds.provisioningStatus);
        if (isDropped && !isFreed) {
            await dropStrays(news);
        }
    }
    return { outs };
}

function outputs(inputs: Inputs, former?: string): Outputs {
    return inputs.attestation === "clientCertificates"
        ? toState({ ...inputs, certificate: certificateOf(inputs.trusted[0]), former })
        : inputs;
}

/**
 * Returns the former certificate that remains valid beside the current one. A new key, disabling the device, or removing
 * the generation of its CA revokes it.
 */
function formerOf(olds: Outputs, news: Inputs): string | undefined {
    const isAllowed = [olds, news].every(
        ({ attestation, provisioningStatus }) =>
            attestation === "clientCertificates" && provisioningStatus === "enabled",
    );
    if (!isAllowed) {
        return undefined;
    }
    const [before] = olds.trusted;
    const [now] = news.trusted;
    // States of older versions lack it; then the update of the certificate has stored it.
    const replaced =
        olds.certificate ?? (writeOnly.has(before) ? certificateOf(before) : undefined);
    const former = before === now ? olds.former : replaced;
    return former !== undefined &&
        isOfTrustedGeneration(former, news) &&
        isSameKey(former, certificateOf(now))
        ? former
        : undefined;
}

function isOfTrustedGeneration(pem: string, { generations }: Inputs): boolean {
    return generations?.includes(generationOfIssuer(pem)) ?? true;
}

function isSameKey(one: string, other: string): boolean {
    const [left, right] = [one, other].map((pem) => new X509Certificate(pem).publicKey);
    return left.equals(right);
}

/** Sends PUT with the ETag just read; repeats both if somebody else wrote in between. */
async function write(inputs: Outputs): Promise<void> {
    const enrollments = service(inputs);
    const certificates = () => [
        ...inputs.trusted.map(certificateOf),
        ...(inputs.former === undefined ? [] : [inputs.former]),
    ];
    const attestation: Attestation = {
        [inputs.attestation]:
            inputs.attestation === "caReferences" ? inputs.trusted : certificates(),
    };
    const { kind, enrollmentId } = inputs;
    await retryStale(async () => {
        const present = await enrollments.get(kind, enrollmentId);
        await enrollments.put(kind, enrollmentId, attestation, inputs, present?.etag);
    });
}

async function read(id: string | undefined, state?: Outputs): Promise<ReadResult<Outputs>> {
    if (state === undefined) {
        throw new Error("an enrollment cannot be imported: the program adopts an identical one");
    }
    const present = (await exists(state.serviceId))
        ? await service(state).get(state.kind, state.enrollmentId)
        : undefined;
    if (present === undefined) {
        return {};
    }
    const { caReferences } = present;
    const former =
        state.former && certificateFacts(state.former).sha256Thumbprint === present.thumbprints[1]
            ? state.former
            : undefined;
    const thumbprints = former === undefined ? present.thumbprints : [present.thumbprints[0]];
    const props: Outputs = toState({
        ...state,
        former,
        ...Object.fromEntries(policyKeys.map((key) => [key, present[key]])),
        // The service fills in its own policy if there is none.
        allocationPolicy: state.allocationPolicy && present.allocationPolicy,
        trusted: state.attestation === "caReferences" ? caReferences : thumbprints,
    });
    return { id, props };
}

async function deleteEnrollment(_: string, state: Inputs): Promise<void> {
    if (state.kind === "individual") {
        refuseToDropMoved(`the enrollment of device "${state.enrollmentId}"`);
    }
    refuseToDestroyProtected(`the enrollment "${state.enrollmentId}"`);
    if (!(await exists(state.serviceId))) {
        return;
    }
    // A destroy removes the hub with everything on it.
    if (state.kind === "individual" || !isDeclared()) {
        await deleteOwn(state);
        return;
    }
    const registered = await service(state).settled(state.enrollmentId);
    await deleteOwn(state);
    await dropStrays({ ...state, generations: [] }, registered, () => false);
}

async function deleteOwn(state: Inputs): Promise<void> {
    await retryStale(async () => {
        const present = await service(state).get(state.kind, state.enrollmentId);
        // A denial of a device that left the configuration has replaced its enrollment.
        if (present !== undefined && !isDenial(present)) {
            await service(state).delete(state.kind, state.enrollmentId, present.etag);
        }
    });
}
