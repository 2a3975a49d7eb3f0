import { readThumbprints } from "../config/thumbprints";
import type { DeviceKind } from "./deviceKind";

/** The hub compares thumbprints: hex, upper case, no separators; SHA-256 (64) or, if allowed, SHA-1 (40). */
export interface ThumbprintAuthentication {
    readonly kind: "thumbprint";
    readonly primary: string;
    readonly secondary: string | undefined;
}

export const thumbprint: DeviceKind<ThumbprintAuthentication> = {
    kind: "thumbprint",
    label: "thumbprint",
    auth: "thumbprint",
    keys: { thumbprints: "list", certificates: "list" },
    defaultable: [],
    isGiven: () => true,
    reader: (top) => {
        const allowSha1 = top.flag("allowSha1Thumbprints", false);
        return ({ section, files, base, isEnabled }) => {
            const thumbprints = readThumbprints(section, files, base, isEnabled, allowSha1);
            return {
                authentication: {
                    kind: "thumbprint",
                    primary: thumbprints[0]?.thumbprint ?? "",
                    secondary: thumbprints[1]?.thumbprint,
                },
                thumbprints,
            };
        };
    },
    certificate: undefined,
    identity: ({ primary, secondary }) => ({
        thumbprints: [primary, secondary].filter((one) => one !== undefined),
    }),
    stateBytes: () => 1536,
};
