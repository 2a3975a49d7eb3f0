import { KeyObject, X509Certificate } from "crypto";
import { at, ofType, Rule, StackResource, types, unknown, Values, Violation } from "../stack";

export interface SharedKeyBounds {
    /** Shared access policies that a hub may have while a provisioning service logs in with one. */
    readonly allowedPolicies: readonly string[];
}

/** Forbids Azure's shared access keys, and one key for two devices. */
export const noSharedKeys: Rule<SharedKeyBounds> = (resources, { allowedPolicies }) => {
    const isLinked = ofType(resources, types.service).length > 0;
    return [
        ...ofType(resources, types.hub).flatMap((hub) => hubKeys(hub, isLinked, allowedPolicies)),
        ...ofType(resources, types.eventHubs)
            .filter(({ props }) => isOff(props.disableLocalAuth))
            .map(({ name, urn }): Violation => ({
                message: `Event Hubs namespace ${name} accepts shared access keys — set disableLocalAuth: true; readers use Entra ID`,
                urn,
            })),
        ...sharedByDevices(resources),
    ];
};

function hubKeys(
    { name, urn, props }: StackResource,
    isLinked: boolean,
    allowedPolicies: readonly string[],
): Violation[] {
    const switches = [
        ...(isLinked ? [] : ["disableLocalAuth"]),
        "disableDeviceSAS",
        "disableModuleSAS",
    ];
    const open = switches.filter((one) => isOff(at(props, "properties", one)));
    const policies = at(props, "properties", "authorizationPolicies");
    const others =
        isLinked && Array.isArray(policies)
            ? policies
                  .map((one) => at(one, "keyName"))
                  .filter((one): one is string => typeof one === "string")
                  .filter((one) => !allowedPolicies.includes(one))
            : [];
    return [
        ...(open.length === 0
            ? []
            : [
                  {
                      message: `Hub ${name} accepts shared access keys (${open.join(", ")} is not true) — set hub.localAuth: false`,
                      urn,
                  },
              ]),
        ...(others.length === 0
            ? []
            : [
                  {
                      message:
                          `Hub ${name} has the shared access policies ${others.join(", ")} — delete them on the hub, or name ` +
                          "them in this rule's allowedPolicies",
                      urn,
                  },
              ]),
    ];
}

function isOff(value: unknown): boolean {
    return value !== true && value !== unknown;
}

function sharedByDevices(resources: readonly StackResource[]): Violation[] {
    const owners = new Map<string, StackResource>();
    const keys = [
        ...ofType(resources, types.identity).flatMap((one) =>
            (Array.isArray(one.props.thumbprints) ? one.props.thumbprints : [])
                .filter((thumbprint) => typeof thumbprint === "string")
                .map((thumbprint) => [`thumbprint ${thumbprint}`, one] as const),
        ),
        ...ofType(resources, types.deviceCertificate).flatMap((one) => {
            const key = certificateKey(one.props);
            const spki = key?.export({ type: "spki", format: "der" }).toString("base64");
            return spki === undefined ? [] : [[`key ${spki}`, one] as const];
        }),
    ];
    return keys.flatMap(([key, device]) => {
        const owner = owners.get(key);
        owners.set(key, owner ?? device);
        return owner === undefined || owner.name === device.name
            ? []
            : [
                  {
                      message: `Devices ${owner.name} and ${device.name} have the same key — give each a key of its own`,
                      urn: device.urn,
                  },
              ];
    });
}

export interface KeySizeBounds {
    readonly minRsaBits: number;
    readonly minCaRsaBits: number;
    /** By OpenSSL's parameter names: `P256`, `P384`, `P521`. */
    readonly curves: readonly string[];
}

/** Keys of CAs and devices, generated or not. */
export const keySizes: Rule<KeySizeBounds> = (resources, bounds) => [
    ...ofType(resources, types.key).flatMap(({ name, urn, props }) => {
        const { algorithm, rsaBits, ecdsaCurve } = props;
        const kind = algorithm === "RSA" ? { rsaBits } : { curve: ecdsaCurve };
        return weak(`CA key ${name}`, urn, kind, { ...bounds, minRsaBits: bounds.minCaRsaBits });
    }),
    ...ofType(resources, types.deviceCertificate).flatMap(({ name, urn, props }) =>
        weak(`Key of device ${name}`, urn, deviceKey(props), bounds),
    ),
];

interface KeyKind {
    readonly rsaBits?: unknown;
    readonly curve?: unknown;
}

function weak(what: string, urn: string, key: KeyKind, bounds: KeySizeBounds): Violation[] {
    const { rsaBits, curve } = key;
    if (typeof rsaBits === "number" && rsaBits < bounds.minRsaBits) {
        return [
            {
                message: `${what} is RSA-${rsaBits}, below RSA-${bounds.minRsaBits} — set a keyAlgorithm of at least that size`,
                urn,
            },
        ];
    }
    const isOther = typeof curve === "string" && !bounds.curves.includes(curve);
    return isOther
        ? [
              {
                  message: `${what} is on curve ${curve}, not on ${bounds.curves.join(", ")} — set a keyAlgorithm of these`,
                  urn,
              },
          ]
        : [];
}

/** The kind of a device's key, read from its certificate or, before that is issued, from the settings. */
function deviceKey(props: Values): KeyKind {
    const key = certificateKey(props);
    if (key === undefined) {
        const [, rsa, curve] = /^(?:RSA-(\d+)|ECDSA-(\w+))$/.exec(String(props.keyAlgorithm)) ?? [];
        return rsa === undefined ? { curve } : { rsaBits: Number(rsa) };
    }
    const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
    return modulusLength === undefined
        ? { curve: curveNames[namedCurve ?? ""] ?? namedCurve ?? key.asymmetricKeyType }
        : { rsaBits: modulusLength };
}

const curveNames: Readonly<Record<string, string>> = {
    prime256v1: "P256",
    secp384r1: "P384",
    secp521r1: "P521",
};

function certificateKey({ certificate }: Values): KeyObject | undefined {
    return typeof certificate === "string" && certificate.startsWith("-----BEGIN")
        ? new X509Certificate(certificate).publicKey
        : undefined;
}
