/*
 * The rule for devices that have two certificates of one name: one for this service, and one for their hub, as IoT Edge (aziot)
 * has them. Either asks for either, and nothing in a request tells which one it is for; so the service counts. A device may have
 * two certificates that are not due yet.
 */
import { estTag, IssuedNote } from "../components/registry/estTag";
import type { Renewed } from "./credentials";
import { Credential, Marks, shortKeyId } from "./marks";
import { EstGroup, EstPolicy, generationOf } from "./policy";
import { Refusal } from "./refusal";
import { opening } from "./renewalWindow";

const hour = 3600 * 1000;
const allowed = 2;
/** With those whose answers were lost. Fewer than the tag lists, so that none is forgotten. */
const most = 6;
/** How long a request may take in which another instance signs. */
const pendingSeconds = 60;

interface Present {
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly opens: number;
}

/**
 * Judges a request by a certificate of such a device.
 *
 * @param publicKeyId of the key that a certificate is asked for
 * @throws Refusal
 */
export function judgeTwo(
    credential: Credential,
    renews: Renewed,
    marks: Marks,
    publicKeyId: string,
    group: EstGroup,
    policy: EstPolicy,
    now: Date,
): void {
    const { own, listed } = present(credential, renews, marks, group);
    const current = [...listed, ...own]
        .filter(({ opens }) => opens > now.getTime())
        .sort((one, other) => one.at - other.at);
    // Beside a certificate that was issued before the device registered, there is another one that no tag lists.
    const isOneUnseen =
        own.some(({ opens }) => opens > now.getTime()) && !isFresh(renews, policy, now);
    const isFull = current.length >= allowed;
    // From when the pair was complete; asking again does not extend it.
    const until = isFull ? current[allowed - 1].at + policy.repeatHours * hour : Infinity;
    if (isOneUnseen || current.length >= most || until <= now.getTime()) {
        const opens = Math.min(...current.map((one) => one.opens));
        throw new Refusal(
            "tooEarly",
            `the device has its certificates; renewal begins on ${new Date(opens).toISOString()}`,
            Math.ceil((opens - now.getTime()) / 1000),
        );
    }
    const { pending } = marks;
    if (
        pending !== undefined &&
        pending.key !== shortKeyId(publicKeyId) &&
        now.getTime() < Date.parse(pending.at) + pendingSeconds * 1000
    ) {
        throw new Refusal("tooMany", "another certificate is being issued", pendingSeconds);
    }
}

/** What to merge into the twin's tags before a certificate is signed; what is issued takes the mark away. */
export function pendingPatch(
    publicKeyId: string,
    notAfter: Date,
    now: Date,
): Readonly<Record<string, unknown>> {
    const pending = { at: now.toISOString(), key: shortKeyId(publicKeyId) };
    return { [estTag]: { notAfter: notAfter.toISOString(), pending } };
}

/** Whether a certificate is one that a device may have got before it registered, when no twin could note it. */
export function isFresh({ certificate }: Renewed, { repeatHours }: EstPolicy, now: Date): boolean {
    return now.getTime() < Date.parse(certificate.validFrom) + repeatHours * hour;
}

/** The device's certificates below the present CA: those that the tag lists, and the one that asks if it does not. */
function present(
    credential: Credential,
    renews: Renewed,
    { issued = {} }: Marks,
    group: EstGroup,
): { readonly listed: readonly Present[]; readonly own: readonly Present[] } {
    const { issuer, renewBeforeDays } = group;
    const isPresent = ({ group: name, generation }: IssuedNote): boolean =>
        name === group.name && issuer !== undefined && generation === generationOf(issuer);
    const certificate = (start: string, end: string): Present => {
        const at = Date.parse(start);
        return { at, opens: opening(at, Date.parse(end), renewBeforeDays) };
    };
    const isListed = credential.kind === "certificate" && credential.thumbprint in issued;
    const isOwn = !isListed && renews.authority.name === issuer?.name;
    const { validFrom, validTo } = renews.certificate;
    return {
        listed: Object.values(issued)
            .filter(isPresent)
            .map(({ at, notAfter }) => certificate(at, notAfter)),
        own: isOwn ? [certificate(validFrom, validTo)] : [],
    };
}
