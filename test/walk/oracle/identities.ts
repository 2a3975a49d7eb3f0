import { WalkConfig } from "../model/config";
import { effective, EffectiveDevice } from "../model/effective";
import { foreignDevice } from "../real/byHand";
import { IdentityDump } from "../real/dump";
import { differ, Seen } from "./seen";

/** What the walk knows about identities beside the configuration. */
export interface IdentityHistory {
    /** Devices that left the configuration while it said `pruneDevices: false`. */
    readonly kept: ReadonlySet<string>;
    /** Thumbprints (SHA-256, and SHA-1 where the settings give those) of a thumbprint device. */
    readonly thumbprints: ReadonlyMap<string, readonly string[]>;
    /** Tags by device that somebody else wrote. */
    readonly foreignTags: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
    /** Names of tags that a group gave to a device when it registered; they stay when it moves. */
    readonly initialTags: ReadonlySet<string>;
    /** The identity of somebody else, as it was at its making. */
    readonly foreign: IdentityDump | undefined;
}

/** The devices in the hub's registry, against the configuration. */
export function identityProblems(
    config: WalkConfig,
    seen: Seen,
    history: IdentityHistory,
): string[] {
    const { devices } = effective(config);
    const present = new Map(seen.hub.devices.map((one) => [one.deviceId, one]));
    const listed = devices.filter(({ group }) => group?.provisioning !== "dps");
    const unlisted = devices.filter(({ group }) => group?.provisioning === "dps");
    const strangers = [...present.values()].filter(
        ({ deviceId }) => deviceId !== foreignDevice && !devices.some((one) => one.id === deviceId),
    );
    return [
        ...listed.flatMap((device) => {
            const identity = present.get(device.id);
            return identity === undefined
                ? [`the hub lacks the device ${device.id}`]
                : problems(device, identity, history);
        }),
        ...unlisted.flatMap((device) => {
            const identity = present.get(device.id);
            const isOff = device.status === "disabled" || device.group?.blocked === true;
            return identity && isOff
                ? differ(`the identity of ${device.id} (off)`, identity.status, "disabled")
                : [];
        }),
        ...strangers.flatMap(({ deviceId, status }) =>
            history.kept.has(deviceId)
                ? differ(`the identity of ${deviceId}, which was to be kept`, status, "disabled")
                : [`the hub has the device ${deviceId} (${status}), which the settings have not`],
        ),
        ...[...history.kept]
            .filter((id) => !present.has(id) && !devices.some((one) => one.id === id))
            .map((id) => `the identity of ${id} was to be kept, and is gone`),
        ...foreignProblems(present.get(foreignDevice), history.foreign),
    ];
}

function foreignProblems(
    seen: IdentityDump | undefined,
    before: IdentityDump | undefined,
): string[] {
    return before === undefined
        ? []
        : differ(
              "somebody else's device",
              [seen?.etag, seen?.status, seen?.generationId, seen?.twin.tags],
              [before.etag, before.status, before.generationId, before.twin.tags],
          );
}

function problems(
    device: EffectiveDevice,
    { status, authentication, twin }: IdentityDump,
    history: IdentityHistory,
): string[] {
    const { id, group } = device;
    const isOff = device.status === "disabled" || group?.blocked === true;
    const { type, x509Thumbprint } = authentication;
    const { primaryThumbprint, secondaryThumbprint } = x509Thumbprint;
    const tags = Object.fromEntries(
        Object.entries(twin.tags).filter(([name]) => name !== "iotX509"),
    );
    const expectedTags = {
        ...history.foreignTags.get(id),
        // A device that had registered came with its group's tags, perhaps those of a former group.
        ...only(tags, [...history.initialTags]),
        ...device.tags,
    };
    return [
        ...differ(`the status of ${id}`, status, isOff ? "disabled" : "enabled"),
        ...(device.kind === "thumbprint"
            ? differ(
                  `the thumbprints of ${id}`,
                  [type, [primaryThumbprint, secondaryThumbprint].filter((one) => one !== null)],
                  ["selfSigned", history.thumbprints.get(id) ?? []],
              )
            : group?.provisioning === "both"
              ? []
              : differ(`the authentication of ${id}`, type, "certificateAuthority")),
        ...differ(`the tags of ${id}`, tags, expectedTags),
    ];
}

function only(
    tags: Readonly<Record<string, unknown>>,
    names: readonly string[],
): Record<string, unknown> {
    return Object.fromEntries(Object.entries(tags).filter(([name]) => names.includes(name)));
}
