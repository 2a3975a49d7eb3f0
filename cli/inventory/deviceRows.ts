import { IssuedCertificate } from "../../components/pki/issuedCertificates";
import { certificateOf } from "../../components/registry/certificateTag";
import { isSameName } from "../../components/x509/distinguishedName";
import { issuedByEst } from "../../components/registry/estTag";
import { HubDevice } from "./azureView";
import { daysUntil } from "./certificateText";
import { HeldCa } from "./heldCertificates";
import { EstCertificate } from "./issuedFile";
import { Known, KnownDevice } from "./known";
import { hubThumbprints, Reported, reportedBy } from "./reported";
import { CertificateText, InventoryRow, nothingKnown, Source, unknownText } from "./row";

/** A certificate that some source says a device has, had or will get. */
interface Candidate extends CertificateText {
    /** That whose CA signed it, if the device itself is in none. */
    readonly group?: string | null;
    readonly generation: number | null;
    /** Where its text is from, before hub, service and twin. */
    readonly source: readonly Source[];
    /**
     * `requested`: the device asked for it and got it; `issued`: `up` made it; `former`: `up` has replaced it; `seen`: only
     * its thumbprint, or what the device says, is known.
     */
    readonly origin: "requested" | "issued" | "former" | "seen";
    /** The beginning of its SHA-256 thumbprint, if that is all that is known. */
    readonly beginning?: string;
    /** Only the day of its end is known. */
    readonly endsThatDay?: boolean;
    readonly note: string | null;
}

/** A candidate with what the hub and the device say about it. */
interface Judged extends Candidate {
    readonly isReported: boolean;
    readonly isOnHub: boolean;
}

/**
 * One row for each certificate of a device. A certificate is in use if the hub recognizes the device by it, or the device
 * reports it. If such a one, or one that the device has asked for, ends no earlier than another, the other is superseded
 * (`former`), unless the device reports just that.
 */
export function deviceRows(device: KnownDevice, known: Known): InventoryRow[] {
    const { azure, now } = known;
    const { id, settings, state, hub } = device;
    const registration = azure?.registered.get(id);
    const common = {
        ...nothingKnown,
        name: id,
        group: settings?.group ?? state?.group ?? registration?.group ?? null,
        provisioning: settings?.provisioning ?? null,
        status: hub?.device.status ?? (azure === undefined ? null : ("none" as const)),
        hub: hub?.hub ?? null,
        lastActivity: hub?.lastActivity ?? null,
    };
    const asked: Source[] = [
        ...(hub === undefined ? [] : (["hub"] as const)),
        ...(registration === undefined ? [] : (["service"] as const)),
    ];
    const reported = reportedBy(hub);
    const accepted = hubThumbprints(hub);
    const judged = candidates(device, known, reported).map((one): Judged => ({
        ...one,
        isReported: reported !== undefined && isThe(one, reported.thumbprint),
        isOnHub: accepted.some((thumbprint) => isThe(one, thumbprint)),
    }));
    const rows = judged.flatMap((one, index): InventoryRow[] => {
        const kind = kindOf(one, index, judged);
        const isOver = one.notAfter !== null && Date.parse(one.notAfter) < now.getTime();
        if (kind === "former" && isOver && one.origin !== "former") {
            return [];
        }
        const {
            source,
            origin,
            beginning,
            endsThatDay,
            isReported,
            isOnHub,
            note,
            group,
            ...text
        } = one;
        const lastMoment = endsThatDay ? endOfDay(text.notAfter) : text.notAfter;
        const isTold = isReported && (origin !== "seen" || reported?.text !== undefined);
        return [
            {
                ...common,
                ...text,
                group: common.group ?? group ?? null,
                kind,
                daysLeft: daysUntil(lastMoment, now),
                knownFrom: [
                    ...new Set([
                        ...source,
                        ...(origin === "former" && kind === "former" ? [] : asked),
                        ...(isTold ? (["twin"] as const) : []),
                    ]),
                ],
                note: noteOf(one, kind, judged),
            },
        ];
    });
    if (rows.length > 0) {
        return rows;
    }
    const inSettings: Source[] = settings === undefined ? [] : ["settings"];
    return [
        {
            ...common,
            kind: "device",
            knownFrom: [...inSettings, ...asked],
            note: taggedNote(device),
        },
    ];
}

/** Every certificate of a device once: what it asked for, what `up` made, what else is in use or in the settings. */
function candidates(
    device: KnownDevice,
    { held, issued }: Known,
    reported: Reported | undefined,
): Candidate[] {
    const { id, settings, state, hub } = device;
    const tag = certificateOf(hub?.device.tags ?? {});
    const found = requested(issued?.get(id) ?? [], hub);
    const isNew = (thumbprint: string) => !found.some((one) => isThe(one, thumbprint));
    const present = state?.certificate;
    if (present !== undefined && isNew(present.sha256Thumbprint ?? "")) {
        const { generation } = state as NonNullable<typeof state>;
        found.push({ ...present, generation, source: ["state"], origin: "issued", note: null });
    }
    const accepted = hubThumbprints(hub);
    for (const { thumbprint, generation, end } of state?.former ?? []) {
        const known = [reported?.thumbprint, ...accepted].find((one) =>
            one?.startsWith(thumbprint),
        );
        const text = known === reported?.thumbprint ? reported?.text : undefined;
        found.push({
            ...unknownText,
            ...(text ?? { notAfter: `${end}T00:00:00.000Z` }),
            sha256Thumbprint: known ?? null,
            generation: generation || null,
            source: ["state"],
            origin: "former",
            ...(text === undefined ? { endsThatDay: true } : {}),
            ...(known === undefined ? { beginning: thumbprint } : {}),
            note: text === undefined ? formerNote(thumbprint, known) : null,
        });
    }
    const configured = settings?.thumbprints ?? [];
    const others = [
        ...configured.map((one) => one.toUpperCase()),
        ...accepted,
        ...(reported?.text === undefined ? [] : [reported.thumbprint]),
    ];
    for (const thumbprint of new Set(others)) {
        if (!isNew(thumbprint)) {
            continue;
        }
        const told = thumbprint === reported?.thumbprint ? reported.text : undefined;
        const tagged = tag?.thumbprint === thumbprint ? tag : undefined;
        const issuer = told && issuerOf(told, held.authorities);
        const isConfigured = configured.some((one) => one.toUpperCase() === thumbprint);
        found.push({
            ...unknownText,
            ...told,
            notAfter: told?.notAfter ?? tagged?.notAfter ?? null,
            group: issuer?.group,
            generation: (tagged?.generation || null) ?? issuer?.generation ?? null,
            sha1Thumbprint: thumbprint.length === 64 ? null : thumbprint,
            sha256Thumbprint: thumbprint.length === 64 ? thumbprint : null,
            source: isConfigured ? ["settings"] : [],
            origin: "seen",
            note: isConfigured || settings === undefined ? null : "not in the state",
        });
    }
    return found;
}

/** What the EST service issued, by its audit log and by its notes on the hub, the latest first. */
function requested(listed: readonly EstCertificate[], hub: HubDevice | undefined): Candidate[] {
    const noted = hub === undefined ? [] : issuedByEst(hub.device);
    const others = noted.filter(
        ({ thumbprint }) => !listed.some((one) => one.sha256Thumbprint === thumbprint),
    );
    return [
        ...listed.map((one) => ({ ...one, at: Date.parse(one.notBefore ?? "") })),
        ...others.map(({ thumbprint, group, generation, notAfter, at }) => ({
            ...unknownText,
            group,
            sha256Thumbprint: thumbprint,
            notAfter: new Date(notAfter).toISOString(),
            generation,
            at: Date.parse(at),
        })),
    ]
        .sort((one, other) => other.at - one.at)
        .map(({ at: _, ...one }) => ({
            ...one,
            source: ["est"],
            origin: "requested",
            note: null,
        }));
}

/** Whether a thumbprint, of either kind, is that of the certificate. */
function isThe(
    { sha1Thumbprint, sha256Thumbprint, beginning }: Candidate,
    thumbprint: string,
): boolean {
    return (
        thumbprint === sha256Thumbprint ||
        thumbprint === sha1Thumbprint ||
        (beginning !== undefined && thumbprint.startsWith(beginning))
    );
}

function issuerOf(
    told: NonNullable<Reported["text"]>,
    authorities: readonly HeldCa[],
): HeldCa | undefined {
    return authorities.find(({ subject }) => isSameName(subject ?? "", told.issuer));
}

function kindOf(one: Judged, index: number, all: readonly Judged[]): "device" | "former" {
    if (one.isReported) {
        return "device";
    }
    const isLatestRequest = index === 0;
    const isOnlyRemembered = one.origin === "former" && !one.isOnHub;
    const isEarlierRequest = one.origin === "requested" && !isLatestRequest;
    return isOnlyRemembered || isEarlierRequest || successor(one, all) !== undefined
        ? "former"
        : "device";
}

/** A certificate that has taken the place of another one. */
function successor(one: Judged, all: readonly Judged[]): Judged | undefined {
    return all.find(
        (other) =>
            other !== one &&
            (isInUse(other) || other.origin === "requested") &&
            endsLater(other, one, all),
    );
}

function isInUse({ isReported, isOnHub }: Judged): boolean {
    return isReported || isOnHub;
}

/** Of certificates that end together, one in use comes before one that is not. */
function endsLater(one: Judged, other: Judged, all: readonly Judged[]): boolean {
    if (one.notAfter === null || other.notAfter === null) {
        return false;
    }
    const more = Date.parse(one.notAfter) - Date.parse(other.notAfter);
    const use = Number(isInUse(one)) - Number(isInUse(other));
    return (
        more > 0 ||
        (more === 0 && (use > 0 || (use === 0 && all.indexOf(one) < all.indexOf(other))))
    );
}

function noteOf(one: Judged, kind: InventoryRow["kind"], all: readonly Judged[]): string | null {
    if (one.origin !== "issued" || isInUse(one)) {
        return one.note;
    }
    const next = kind === "former" ? successor(one, all) : all.find(isInUse);
    if (next === undefined) {
        return one.note;
    }
    const who = next.isReported
        ? "the device reports"
        : next.isOnHub
          ? "the hub has"
          : "the EST service issued";
    return kind === "former"
        ? `superseded: ${who} a later certificate`
        : `not in use yet, or not any more: ${who} another certificate`;
}

function formerNote(beginning: string, known: string | undefined): string {
    const start = known === undefined ? `SHA-256 thumbprint begins with ${beginning}; ` : "";
    return `${start}ends that day`;
}

function endOfDay(time: string | null): string | null {
    return time === null ? null : `${time.slice(0, 10)}T23:59:59.000Z`;
}

/** What the identity's tag says where nothing else does. Only a note: a certificate that was issued later is not in it. */
function taggedNote({ hub }: KnownDevice): string | null {
    const tag: IssuedCertificate | undefined = certificateOf(hub?.device.tags ?? {});
    return tag === undefined
        ? null
        : `its stack last wrote: SHA-256 ${tag.thumbprint}, generation ${tag.generation || "unknown"}, ` +
              `ends ${tag.notAfter.slice(0, 10)}, unless a later one was issued`;
}
