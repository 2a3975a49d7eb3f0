import { X509Certificate } from "crypto";
import { estTag, IssuedByEst } from "../components/registry/estTag";
import type { DeviceRecord } from "../components/registry/registry";
import { leafNotAfter } from "../components/x509/issue";
import { AuditLog, Untold } from "./audit";
import { groupOf, identify, Identified, Presented, thumbprintOf } from "./credentials";
import type { Directory, FoundDevice } from "./directory";
import { certsOnly, decodeBody, noCsrAttributes } from "./encoding";
import { judgeIdentity, judgeSettings, judgeUse } from "./judge";
import {
    issuedPatch,
    Marks,
    markPatch,
    marksOf,
    mergedPatch,
    shortKeyId,
    withPatches,
} from "./marks";
import { endOfCa, EstAuthority, EstGroup, EstPolicy, generationOf } from "./policy";
import { Refusal } from "./refusal";
import { readRequest, RequestedKey } from "./request";
import { RequestRate } from "./requestRate";
import type { Signer } from "./signer";
import { withIssued, withoutFormer } from "./thumbprints";
import { judgeTwo, pendingPatch } from "./twoCertificates";
import { WaitingNotes } from "./waitingNotes";

/** Requests of one device in a minute. A device renews once in months; after a lost answer it tries again. */
const perDevice = 10;
/** Seconds until a group may have its CA. */
const caWait = 3600;
const hubWait = 60;
const hubMilliseconds = 20_000;

/** What the service works with. */
export interface EstParts {
    /** The present policy; a reload replaces it. */
    readonly policy: () => EstPolicy;
    readonly signer: Signer;
    readonly directory: Directory;
    readonly audit: AuditLog;
    /** What the audit log has of earlier runs and the twins have not. */
    readonly waiting: WaitingNotes;
    /** Counts what was issued. */
    readonly onIssued: (group: string, by: string) => void;
}

/** A request of a client. */
export interface EstRequest extends Presented {
    /** Undefined: the client's credentials tell it. */
    readonly group: string | undefined;
    readonly body: Buffer;
}

/** The body of an answer, and what it is. */
export interface EstAnswer {
    readonly type: string;
    readonly body: string;
}

const certificates = "application/pkcs7-mime";

/** Judges requests and issues certificates (RFC 7030). Keeps nothing that another instance would need. */
export class EstService {
    private readonly rate = new RequestRate(perDevice);

    constructor(private readonly parts: EstParts) {}

    /** The present intermediate, then the root. Public, as all certificates are (RFC 7030, 4.1). */
    caCertificates(groupName: string): EstAnswer {
        const { issuer, rootPem } = this.group(groupName);
        if (issuer === undefined || rootPem === undefined) {
            throw new Refusal("awaitsCa", `the group ${groupName} awaits its CA`, caWait);
        }
        return { type: certificates, body: certsOnly([issuer.certificatePem, rootPem]) };
    }

    csrAttributes(groupName: string): EstAnswer {
        this.group(groupName);
        return { type: "application/csrattrs", body: noCsrAttributes };
    }

    /**
     * Issues a certificate. Both enrolment calls are judged alike, because aziot renews by `simpleenroll`.
     *
     * @throws Refusal; Error when the hub, the signer or the disk failed
     */
    async enroll(request: EstRequest): Promise<EstAnswer> {
        const now = new Date();
        const policy = this.parts.policy();
        const named = this.group(request.group ?? groupOf(request, policy));
        const client = identify(request, named, policy, now);
        const group = isByThumbprint(client.deviceId, policy)
            ? { ...named, hasIdentityCertificates: false }
            : named;
        const wait = this.rate.take(client.deviceId, now.getTime());
        if (wait > 0) {
            throw new Refusal("tooMany", `more than ${perDevice} requests in a minute`, wait);
        }
        judgeSettings(client, group, policy);
        const key = readRequest(decodeBody(request.body), client.deviceId);
        const { issuer } = group;
        if (issuer === undefined) {
            throw new Refusal("awaitsCa", `the group ${group.name} awaits its CA`, caWait);
        }
        // Before the credential is marked as used.
        if (endOfCa(issuer) <= now) {
            throw new Refusal(
                "caExpired",
                `the CA ${issuer.name} expired on ${endOfCa(issuer).toISOString()}: raise intermediate.generation of the group`,
                caWait,
            );
        }
        const device = await this.find(client.deviceId);
        judgeIdentity(client, group, device?.record, policy, now);
        await this.dropFormer(client, device);
        const notAfter = leafNotAfter(issuer.certificatePem, group.validityDays, now.getTime());
        const used = await this.mark(client, device, key, { group, policy, notAfter, now });
        const pem = await this.parts.signer.sign(issuer, {
            commonName: client.deviceId,
            subject: policy.subject,
            publicKey: key.publicKey,
            notAfter,
        });
        const issued = issuedCertificate(pem);
        await this.register(client, device, issued, group, policy);
        const untold = await this.note(client.deviceId, device, used, issued, {
            group,
            issuer,
            now,
        });
        await this.audit(client, issued, untold, { group, issuer, now });
        this.parts.onIssued(group.name, client.credential.kind);
        return { type: certificates, body: certsOnly([pem]) };
    }

    private group(name: string): EstGroup {
        const group = this.parts.policy().groups.get(name);
        if (group === undefined) {
            throw new Refusal("unknownGroup", `there is no group ${JSON.stringify(name)}`);
        }
        return group;
    }

    private find(deviceId: string): Promise<FoundDevice | undefined> {
        return askHub(() => this.parts.directory.find(deviceId));
    }

    /** Judges the use of the credential by what the twin has at the moment of writing. */
    private async mark(
        client: Identified,
        device: FoundDevice | undefined,
        { publicKeyId }: RequestedKey,
        { group, policy, notAfter, now }: MarkOptions,
    ): Promise<Marks> {
        let marks: Marks = {};
        const patchOf = (present: Marks) => {
            const lacking = { [estTag]: this.parts.waiting.marksOf(client.deviceId, present) };
            const before = withPatches(present, lacking);
            const patch = patchFor(client, before, publicKeyId, { group, policy, notAfter, now });
            marks = withPatches(before, patch);
            return mergedPatch(lacking, patch);
        };
        patchOf(marksOf(device?.record.tags ?? {}));
        if (device !== undefined) {
            await askHub(() => device.mark((present) => patchOf(marksOf(present.tags))));
        }
        return marks;
    }

    /** The provisioning service registers the thumbprints of its devices itself. */
    private async register(
        { deviceId, renews, credential }: Identified,
        device: FoundDevice | undefined,
        { thumbprint }: IssuedCertificate,
        group: EstGroup,
        policy: EstPolicy,
    ): Promise<void> {
        const isListed = !group.isProvisioned || isByThumbprint(deviceId, policy);
        if (device === undefined || !isListed) {
            return;
        }
        const asked =
            credential.kind === "certificate" && renews ? credential.thumbprint : undefined;
        await askHub(() =>
            device.authenticate(({ authentication }) =>
                withIssued(authentication, asked, thumbprint),
            ),
        );
    }

    /** Notes what was issued, now and, if the device has yet to register with it, again then. @returns the note of then */
    private async note(
        deviceId: string,
        device: FoundDevice | undefined,
        marks: Marks,
        { thumbprint, notAfter }: IssuedCertificate,
        { group, issuer, now }: IssueOptions,
    ): Promise<Untold | undefined> {
        const issued: IssuedByEst = {
            thumbprint,
            group: group.name,
            generation: generationOf(issuer),
            at: now.toISOString(),
            notAfter,
        };
        const patchOf = (present: Pick<DeviceRecord, "tags">) => issuedPatch(present, issued, now);
        const untold = group.isProvisioned
            ? {
                  marks: withPatches(marks, patchOf({ tags: { [estTag]: marks } })),
                  isFirst: device === undefined,
              }
            : undefined;
        if (untold !== undefined) {
            this.parts.waiting.add(deviceId, { ...untold, thumbprint }, now);
        }
        await askHub(async () => device?.mark(patchOf));
        return untold;
    }

    /** Writes the notes that waited for a registration. Call it every few seconds. */
    async settle(now = new Date()): Promise<void> {
        for (const deviceId of this.parts.waiting.due(now)) {
            try {
                const device = await this.find(deviceId);
                if (device === undefined) {
                    continue;
                }
                if (this.parts.waiting.hasArrived(device.record)) {
                    await askHub(() =>
                        device.mark((present) => this.parts.waiting.patchFor(present)),
                    );
                }
                const thumbprint = this.parts.waiting.done(device.record);
                if (thumbprint !== undefined) {
                    const at = now.toISOString();
                    await this.parts.audit.write({
                        at,
                        event: "told",
                        device: deviceId,
                        thumbprint,
                    });
                }
            } catch {
                // The hub is asked again after the next pause, and after a restart where the log could not be written.
            }
        }
    }

    /** Whoever asks with the newer of two registered certificates has it: the older one goes. */
    private async dropFormer(
        { credential }: Identified,
        device: FoundDevice | undefined,
    ): Promise<void> {
        if (device === undefined || credential.kind !== "certificate") {
            return;
        }
        const { thumbprint } = credential;
        if (withoutFormer(device.record.authentication, thumbprint) !== undefined) {
            await askHub(() =>
                device.authenticate(({ authentication }) =>
                    withoutFormer(authentication, thumbprint),
                ),
            );
        }
    }

    private async audit(
        { deviceId, credential }: Identified,
        { pem, serial, thumbprint, notAfter }: IssuedCertificate,
        untold: Untold | undefined,
        { group, issuer, now }: IssueOptions,
    ): Promise<void> {
        await this.parts.audit.write({
            at: now.toISOString(),
            event: "issued",
            device: deviceId,
            group: group.name,
            issuer: issuer.name,
            by: credential.kind,
            serial,
            thumbprint,
            renewed: credential.kind === "certificate" ? credential.thumbprint : null,
            notAfter,
            certificate: pem,
            ...(untold === undefined ? {} : { untold }),
        });
    }
}

/** What the hub, the twin and the log are told of an issued certificate. */
interface IssuedCertificate {
    readonly pem: string;
    /** Upper-case hex. */
    readonly serial: string;
    /** SHA-256, upper-case hex. */
    readonly thumbprint: string;
    /** ISO 8601. */
    readonly notAfter: string;
}

function issuedCertificate(pem: string): IssuedCertificate {
    const certificate = new X509Certificate(pem);
    return {
        pem,
        serial: certificate.serialNumber.toUpperCase(),
        thumbprint: thumbprintOf(certificate),
        notAfter: new Date(certificate.validTo).toISOString(),
    };
}

interface IssueOptions {
    readonly group: EstGroup;
    readonly issuer: EstAuthority;
    readonly now: Date;
}

interface MarkOptions {
    readonly group: EstGroup;
    readonly policy: EstPolicy;
    readonly notAfter: Date;
    readonly now: Date;
}

/** Judges the use of the credential. @returns what to mark before the certificate is signed */
function patchFor(
    client: Identified,
    marks: Marks,
    publicKeyId: string,
    { group, policy, notAfter, now }: MarkOptions,
): Readonly<Record<string, unknown>> {
    const { renews, credential } = client;
    if (renews !== undefined && group.hasIdentityCertificates) {
        judgeTwo(credential, renews, marks, publicKeyId, group, policy, now);
        return pendingPatch(publicKeyId, notAfter, now);
    }
    const isAgain = judgeUse(client, marks, publicKeyId, group, policy, now);
    return markPatch(marks, credential, { key: shortKeyId(publicKeyId), notAfter, isAgain }, now);
}

/** Listed with thumbprints of its own: such a device has no group in the settings. */
function isByThumbprint(deviceId: string, { devices }: EstPolicy): boolean {
    const listed = devices.get(deviceId);
    return listed !== undefined && listed.group === undefined;
}

/** A device waits for seconds, while Azure's client would try for minutes. What is under way may still take effect. */
async function askHub<T>(call: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_, reject) => {
        timer = setTimeout(
            () => reject(new Error(`no answer in ${hubMilliseconds / 1000} s`)),
            hubMilliseconds,
        );
    });
    try {
        return await Promise.race([call(), patience]);
    } catch (error) {
        if (error instanceof Refusal) {
            throw error;
        }
        throw new Refusal("hubUnavailable", (error as Error).message, hubWait);
    } finally {
        clearTimeout(timer);
    }
}
