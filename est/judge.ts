import type { DeviceRecord } from "../components/registry/registry";
import type { Identified, Renewed } from "./credentials";
import { Credential, Marks, shortKeyId, useOf } from "./marks";
import type { EstGroup, EstPolicy } from "./policy";
import { Refusal } from "./refusal";
import { opening } from "./renewalWindow";
import { isFresh } from "./twoCertificates";

const hour = 3600 * 1000;

/** Judges what the settings alone decide. @throws Refusal */
export function judgeSettings({ deviceId }: Identified, group: EstGroup, policy: EstPolicy): void {
    if (group.isBlocked) {
        throw new Refusal("groupBlocked", `the group ${group.name} is blocked`);
    }
    const listed = policy.devices.get(deviceId);
    if (listed?.isDisabled) {
        throw new Refusal("deviceDisabled", `${deviceId} is disabled in the settings`);
    }
    if (listed?.group !== undefined && listed.group !== group.name) {
        throw new Refusal("wrongGroup", `${deviceId} is in the group ${listed.group}`);
    }
}

/**
 * Judges what the hub says of the device.
 *
 * @param record undefined: no hub has it, which is right only for the first certificate of a device that registers later
 * @throws Refusal
 */
export function judgeIdentity(
    { deviceId, credential, renews }: Identified,
    { isProvisioned, hasIdentityCertificates }: EstGroup,
    record: DeviceRecord | undefined,
    policy: EstPolicy,
    now: Date,
): void {
    if (record === undefined) {
        // With the first of its two certificates a device asks for the second, and then registers.
        const isFirst =
            renews === undefined || (hasIdentityCertificates && isFresh(renews, policy, now));
        if (!isFirst || !isProvisioned) {
            throw new Refusal("deviceUnknown", `no hub has an identity ${deviceId}`);
        }
        return;
    }
    if (record.status !== "enabled") {
        throw new Refusal("deviceDisabled", `${deviceId} is disabled on its hub`);
    }
    const { authentication } = record;
    if (authentication.type !== "certificateAuthority" && authentication.type !== "selfSigned") {
        const { type } = authentication as { readonly type: string };
        throw new Refusal("wrongKind", `the hub authenticates ${deviceId} by ${type}`);
    }
    // The hub knows the other one of two certificates.
    if (
        credential.kind === "certificate" &&
        !hasIdentityCertificates &&
        !isRegistered(record, credential.thumbprint)
    ) {
        throw new Refusal(
            "notRegistered",
            `the hub knows ${deviceId} by another certificate: ${credential.thumbprint}`,
        );
    }
}

function isRegistered({ authentication }: DeviceRecord, thumbprint: string): boolean {
    if (authentication.type !== "selfSigned") {
        return true;
    }
    const { primaryThumbprint, secondaryThumbprint = "" } = authentication.x509Thumbprint;
    return [primaryThumbprint, secondaryThumbprint].some((one) => one.toUpperCase() === thumbprint);
}

/**
 * Judges whether it is time, and whether the credential was used already.
 *
 * @param publicKeyId of the key that a certificate is asked for
 * @returns whether the credential starts anew, although it was used
 * @throws Refusal
 */
export function judgeUse(
    { credential, renews }: Identified,
    marks: Marks,
    publicKeyId: string,
    group: EstGroup,
    { repeatHours }: EstPolicy,
    now: Date,
): boolean {
    const use = useOf(marks, credential);
    // The same key again is a repetition whose answer only the same device can use.
    if (use === undefined) {
        if (renews !== undefined) {
            judgeTime(renews, group, now);
        }
        return false;
    }
    if (use.key === shortKeyId(publicKeyId)) {
        return false;
    }
    const isSoon = now.getTime() < Date.parse(use.at) + repeatHours * hour;
    if (credential.kind === "certificate") {
        if (!isSoon) {
            throw new Refusal("alreadyRenewed", alreadyRenewed(credential, use.at));
        }
        return false;
    }
    // A device that was off for longer than its certificate lived has nothing else left.
    const isOver = marks.notAfter !== undefined && Date.parse(marks.notAfter) <= now.getTime();
    if (credential.kind === "bootstrap" && (isSoon || isOver)) {
        return isOver;
    }
    throw new Refusal("bootstrapUsed", `the ${credential.kind} was used on ${use.at}`);
}

function alreadyRenewed({ thumbprint }: Credential & { thumbprint: string }, at: string): string {
    return (
        `${thumbprint} was renewed on ${at}: whoever asks has not the newer certificate. If that is the device, ` +
        `somebody else renewed in its place: disable it, and start it anew by a bootstrap`
    );
}

/** A certificate of another generation than the present one may be renewed at any time. */
function judgeTime(
    { certificate, authority }: Renewed,
    { renewBeforeDays, issuer }: EstGroup,
    now: Date,
): void {
    const opens = opening(
        Date.parse(certificate.validFrom),
        Date.parse(certificate.validTo),
        renewBeforeDays,
    );
    if (now.getTime() < opens && authority.name === issuer?.name) {
        throw new Refusal(
            "tooEarly",
            `renewal begins on ${new Date(opens).toISOString()}`,
            Math.ceil((opens - now.getTime()) / 1000),
        );
    }
}
