import {
    choice,
    exclusive,
    file,
    flag,
    integer,
    list,
    SettingsSection,
    text,
    twinPart,
} from "./model";

const hex = "[0-9A-Fa-f]";

/** Settings that `deviceDefaults` may contain. */
export const defaultable = ["group", "auth", "status", "tags", "keyGeneration"];

export const devices: SettingsSection = {
    heading: "Devices",
    prefix: "devices.<device>.",
    settings: [
        {
            name: "id",
            ...text({ pattern: "^(?!\\.{1,2}$)(?!__proto__$)[A-Za-z0-9\\-.%_*?!(),=@$']{1,128}$" }),
            isRequired: true,
            description: "Device ID, and common name of its certificate.",
            rule: "At most 128 ASCII letters, digits and `-.%_*?!(),=@$'`; at most 64 with `auth: ca`; unique without regard to case; not `__proto__`. `#` and `+` are refused because MQTT topics cannot hold them.",
            example: "pump-01",
        },
        {
            name: "auth",
            ...choice("ca", "thumbprint"),
            default: "ca",
            description: "How the hub recognizes the device: by its CA, or by a thumbprint.",
            example: "thumbprint",
        },
        {
            name: "group",
            type: "text",
            schema: { type: ["string", "integer"] },
            defaultText: "`deviceDefaults.group`",
            description: "Group whose intermediate signs for the device.",
            rule: "`auth: ca` only, where it is required.",
            example: "pumps",
        },
        {
            name: "csr",
            ...file,
            description: "Certificate signing request (PKCS#10) of a key that stays on the device.",
            rule: "`auth: ca` only. Its CN is the `id`; [strong key](#weak-keys-and-certificates) that no other device or CA has; signed with SHA-256 or better.",
            example: "devices/dev/pump-01.csr",
        },
        {
            name: "keyGeneration",
            ...integer(1, 9999),
            default: 1,
            description: "Raise it for a new key.",
            rule: "`auth: ca` without `csr` only.",
            example: 2,
        },
        {
            name: "thumbprints",
            ...list(
                {
                    type: "string",
                    pattern: `^(${hex}{64}|${hex}{40}|${hex}{2}(:${hex}{2}){31}|${hex}{2}(:${hex}{2}){19})$`,
                },
                { minItems: 1, maxItems: 2 },
            ),
            type: "list of 1–2",
            description: "Thumbprints of the device's certificates: primary and secondary.",
            rule: "`auth: thumbprint` only; excludes `certificates`. 64 hex digits (SHA-256), or 40 (SHA-1) with `allowSha1Thumbprints`; colons are allowed.",
            example: ["A3AE0D98D771E35AF343FCA0B382DBE191F9005275CC3E3A2D4078024B3FC903"],
        },
        {
            name: "certificates",
            ...list({ type: "string", minLength: 1 }, { minItems: 1, maxItems: 2 }),
            type: "list of 1–2 files",
            description: "Certificates from which the program computes the thumbprints.",
            rule: "`auth: thumbprint` only; excludes `thumbprints`. Not CA certificates (`openssl req -x509` makes one unless told `CA:FALSE`).",
            example: ["devices/dev/gateway-01.pem"],
        },
        {
            name: "status",
            ...choice("enabled", "disabled"),
            default: "enabled",
            description: "Whether the device may connect.",
            example: "disabled",
        },
        {
            name: "tags",
            ...twinPart("iotX509"),
            default: {},
            description: "Twin tags, laid over `deviceDefaults.tags`.",
            rule: "At most 8 KB; not `iotX509`; no name is `__proto__` at any depth. Not in a group with `provisioning: dps`.",
            example: { site: "augsburg" },
        },
        {
            name: "enrollment",
            ...choice("group", "individual"),
            default: "group",
            description:
                "`individual` gives the device an enrollment of its own, by its certificate.",
            rule: "Only in a group with provisioning `dps` or `both`.",
            example: "individual",
        },
        {
            name: "adopt",
            ...flag,
            default: false,
            description:
                "Takes over an identity that exists on the hub and does not belong to this stack.",
            rule: "Not in a group with `provisioning: dps`.",
            example: true,
        },
    ],
    rules: { "": [exclusive("thumbprints", "certificates"), exclusive("csr", "keyGeneration")] },
};
