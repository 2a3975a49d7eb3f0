import { IssuedCertificate } from "../../components/pki/issuedCertificates";
import { certificateOf } from "../../components/registry/certificateTag";
import { DeviceSettings } from "../../stacks/settings";
import { AzureView, HubDevice, TrustedCa } from "./azureView";
import { daysUntil } from "./certificateText";
import { HeldCa, HeldCertificates, HeldDevice } from "./heldCertificates";
import { EstCertificate } from "./issuedFile";
import { InventoryRow, Source, unknownText } from "./row";

/** What the stack's files say about a device. */
export type ConfiguredDevice = Pick<DeviceSettings, "id" | "group"> & {
    readonly provisioning: NonNullable<InventoryRow["provisioning"]>;
    /** Thumbprints that the hub must know, if the device has its own certificates. */
    readonly thumbprints: readonly string[];
};

/** Everything that an inventory is made from. */
export interface Known {
    readonly held: HeldCertificates;
    readonly configured: readonly ConfiguredDevice[];
    /** Undefined: Azure was not asked. */
    readonly azure: AzureView | undefined;
    /** What the EST service issued to each device, the latest first. Left out: nothing. */
    readonly issued?: ReadonlyMap<string, readonly EstCertificate[]>;
    readonly now: Date;
}

/** One row per certificate: CAs before devices, each sorted by name. */
export function inventoryRows(known: Known): InventoryRow[] {
    const { held, azure, configured, now, issued } = known;
    const trusted = azure?.trusted ?? [];
    const own = new Set(held.authorities.map(({ sha1Thumbprint }) => sha1Thumbprint));
    const settings = new Map(configured.map((device) => [device.id, device]));
    const states = new Map(held.devices.map((device) => [device.id, device]));
    const hubDevices = new Map((azure?.devices ?? []).map((one) => [one.device.deviceId, one]));
    const ids = [
        ...new Set([
            ...settings.keys(),
            ...states.keys(),
            ...hubDevices.keys(),
            ...(issued?.keys() ?? []),
        ]),
    ];
    return [
        ...byName(held.authorities.map((ca) => authorityRow(ca, trusted, now))),
        ...byName(
            trusted
                .filter(({ thumbprint }) => !own.has(thumbprint))
                .map((ca) => foreignRow(ca, now)),
        ),
        ...ids.sort(compare).flatMap((id) =>
            deviceRows(
                {
                    id,
                    settings: settings.get(id),
                    state: states.get(id),
                    hub: hubDevices.get(id),
                },
                known,
            ),
        ),
    ];
}

function compare(one: string, other: string): number {
    return one < other ? -1 : Number(one > other);
}

function byName(rows: InventoryRow[]): InventoryRow[] {
    return rows.sort((one, other) => compare(one.name, other.name));
}

const nothing: Omit<InventoryRow, "kind" | "name" | "knownFrom"> = {
    ...unknownText,
    group: null,
    generation: null,
    daysLeft: null,
    trustedOn: [],
    provisioning: null,
    status: null,
    hub: null,
    lastActivity: null,
    note: null,
};

function authorityRow(
    { source, ...ca }: HeldCa,
    trusted: readonly TrustedCa[],
    now: Date,
): InventoryRow {
    const there = trusted.filter(({ thumbprint }) => thumbprint === ca.sha1Thumbprint);
    return {
        ...nothing,
        ...ca,
        kind: ca.group === null ? "root" : "intermediate",
        daysLeft: daysUntil(ca.notAfter, now),
        trustedOn: there.map(place),
        knownFrom: [source, ...sourcesOf(there)],
    };
}

/** A row from what ARM reports about a certificate, which includes neither issuer nor serial number. */
function foreignRow(ca: TrustedCa, now: Date): InventoryRow {
    return {
        ...nothing,
        kind: "trusted",
        name: ca.name,
        subject: `CN=${ca.subject}`,
        sha1Thumbprint: ca.thumbprint,
        notAfter: ca.notAfter,
        daysLeft: daysUntil(ca.notAfter, now),
        trustedOn: [place(ca)],
        knownFrom: [ca.kind],
        note: "not of this stack",
    };
}

function place({ hostName, isVerified }: TrustedCa): string {
    return isVerified ? hostName : `${hostName} (not verified)`;
}

function sourcesOf(there: readonly TrustedCa[]): Source[] {
    return [...new Set(there.map(({ kind }) => kind))];
}

interface KnownDevice {
    readonly id: string;
    readonly settings: ConfiguredDevice | undefined;
    readonly state: HeldDevice | undefined;
    readonly hub: HubDevice | undefined;
}

function deviceRows(device: KnownDevice, { azure, issued, now }: Known): InventoryRow[] {
    const { id, settings, state, hub } = device;
    const registration = azure?.registered.get(id);
    const reported = reportedThumbprint(hub);
    const common = {
        ...nothing,
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
    const renewed = renewedRows(issued?.get(id) ?? [], common, asked, reported, now);
    const text = state?.certificate;
    // The state does not know of a renewal by the service.
    const isFormer = renewed.length > 0;
    const end = text?.notAfter ?? null;
    const isOver = end !== null && Date.parse(end) < now.getTime();
    const present: InventoryRow | undefined = text && {
        ...common,
        ...text,
        kind: isFormer ? "former" : "device",
        generation: state.generation,
        daysLeft: daysUntil(text.notAfter, now),
        knownFrom: ["state", ...asked, ...twinOf(reported === text.sha256Thumbprint)],
    };
    const former = (state?.former ?? []).map((one): InventoryRow => ({
        ...common,
        kind: "former",
        generation: one.generation || null,
        notAfter: `${one.end}T00:00:00.000Z`,
        daysLeft: daysUntil(`${one.end}T23:59:59.000Z`, now),
        knownFrom: ["state", ...twinOf(reported?.startsWith(one.thumbprint) === true)],
        note: `SHA-256 thumbprint begins with ${one.thumbprint}; ends that day`,
    }));
    const rows = [
        ...renewed,
        ...(present === undefined || (isFormer && isOver) ? [] : [present]),
        ...former,
    ];
    const own = [
        ...renewed.map(({ sha256Thumbprint }) => sha256Thumbprint),
        ...(text === undefined ? [] : [text.sha1Thumbprint, text.sha256Thumbprint]),
        ...(state?.former ?? []).map(({ thumbprint }) => thumbprint),
    ].filter((one) => one !== null);
    const others = thumbprints(device)
        // Of former certificates only the beginning is known.
        .filter((thumbprint) => !own.some((one) => thumbprint.startsWith(one)))
        .map((thumbprint) => ownRow(thumbprint, common, settings, hub, asked, now));
    const all = [...rows, ...others];
    return all.length > 0
        ? all
        : [
              {
                  ...common,
                  ...toldAlone(hub, asked, now),
                  kind: "device",
                  knownFrom: [
                      ...(settings ? (["settings"] as const) : []),
                      ...asked,
                      ...twinOf(
                          reported !== undefined && toldByDevice(hub, reported) !== undefined,
                      ),
                  ],
              },
          ];
}

/**
 * What is known of the certificate of a device that no state and no thumbprint shows: what it reports, and what its stack
 * wrote into its tag. The tag alone is only a note: a certificate that was issued later is not in it.
 */
function toldAlone(
    hub: HubDevice | undefined,
    asked: readonly Source[],
    now: Date,
): Partial<InventoryRow> {
    const reported = reportedThumbprint(hub);
    const told = reported === undefined ? undefined : toldByDevice(hub, reported);
    if (told !== undefined && reported !== undefined) {
        const tag = tagOf(hub, reported);
        const daysLeft = daysUntil(told.notAfter, now);
        return {
            ...told,
            sha256Thumbprint: reported,
            daysLeft,
            generation: tag?.generation || null,
        };
    }
    const tag = certificateOf(hub?.device.tags ?? {});
    return tag === undefined || asked.length === 0
        ? {}
        : {
              note:
                  `its stack last wrote: SHA-256 ${tag.thumbprint}, generation ${tag.generation || "unknown"}, ` +
                  `ends ${tag.notAfter.slice(0, 10)}, unless a later one was issued`,
          };
}

/** The tag's certificate, if it is the one with this thumbprint (SHA-256). */
function tagOf(hub: HubDevice | undefined, thumbprint: string): IssuedCertificate | undefined {
    const tag = certificateOf(hub?.device.tags ?? {});
    return tag?.thumbprint === thumbprint ? tag : undefined;
}

/** The latest certificate that the EST service issued, and the earlier ones that have not expired. */
function renewedRows(
    issued: readonly EstCertificate[],
    common: Omit<InventoryRow, "kind" | "knownFrom">,
    asked: readonly Source[],
    reported: string | undefined,
    now: Date,
): InventoryRow[] {
    return issued
        .filter(
            ({ notAfter }, index) =>
                index === 0 || (notAfter !== null && Date.parse(notAfter) >= now.getTime()),
        )
        .map((one, index) => ({
            ...common,
            ...one,
            kind: index === 0 ? "device" : "former",
            daysLeft: daysUntil(one.notAfter, now),
            knownFrom: ["est", ...asked, ...twinOf(reported === one.sha256Thumbprint)],
        }));
}

function twinOf(isReported: boolean): Source[] {
    return isReported ? ["twin"] : [];
}

/** Thumbprints that the configuration gives the device, and those that the hub accepts. */
function thumbprints({ settings, hub }: KnownDevice): string[] {
    const { authentication } = hub?.device ?? {};
    const { primaryThumbprint, secondaryThumbprint } =
        authentication?.type === "selfSigned"
            ? authentication.x509Thumbprint
            : { primaryThumbprint: "", secondaryThumbprint: undefined };
    const all = [...(settings?.thumbprints ?? []), primaryThumbprint, secondaryThumbprint ?? ""];
    return [...new Set(all.filter((one) => one !== "").map((one) => one.toUpperCase()))];
}

/** The row of a certificate of which only the thumbprint is known. */
function ownRow(
    thumbprint: string,
    common: Omit<InventoryRow, "kind" | "knownFrom">,
    settings: ConfiguredDevice | undefined,
    hub: HubDevice | undefined,
    asked: readonly Source[],
    now: Date,
): InventoryRow {
    const isConfigured = settings?.thumbprints.includes(thumbprint) === true;
    const isSha256 = thumbprint.length === 64;
    const told = toldByDevice(hub, thumbprint);
    const tag = tagOf(hub, thumbprint);
    const notAfter = told?.notAfter ?? tag?.notAfter ?? null;
    return {
        ...common,
        ...told,
        notAfter,
        generation: tag?.generation || null,
        kind: "device",
        sha1Thumbprint: isSha256 ? null : thumbprint,
        sha256Thumbprint: isSha256 ? thumbprint : null,
        daysLeft: daysUntil(notAfter, now),
        knownFrom: [
            ...(isConfigured ? (["settings"] as const) : []),
            ...asked,
            ...twinOf(told !== undefined),
        ],
        note: isConfigured || settings === undefined ? null : "the stack did not issue it",
    };
}

interface ReportedCertificate {
    readonly issuer?: unknown;
    readonly notAfter?: unknown;
    readonly thumbprint?: unknown;
}

function reportedCertificate(hub: HubDevice | undefined): ReportedCertificate {
    return (hub?.reported.certificate ?? {}) as ReportedCertificate;
}

/** SHA-256, upper-case hex, as reported by the sample device. */
function reportedThumbprint(hub: HubDevice | undefined): string | undefined {
    const { thumbprint } = reportedCertificate(hub);
    const isThumbprint = typeof thumbprint === "string" && /^[0-9a-f]{64}$/i.test(thumbprint);
    return isThumbprint ? thumbprint.toUpperCase() : undefined;
}

/** What a device itself reports about its certificate; undefined if it reports nothing. */
function toldByDevice(
    hub: HubDevice | undefined,
    thumbprint: string,
): Pick<InventoryRow, "issuer" | "notAfter"> | undefined {
    const { issuer, notAfter } = reportedCertificate(hub);
    const end = typeof notAfter === "string" ? Date.parse(notAfter) : NaN;
    return reportedThumbprint(hub) === thumbprint && typeof issuer === "string" && !isNaN(end)
        ? { issuer, notAfter: new Date(end).toISOString() }
        : undefined;
}
