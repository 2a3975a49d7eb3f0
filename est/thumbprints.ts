import type { Authentication } from "../components/registry/registry";

/**
 * How the hub must know a device by thumbprint after a certificate was issued: the certificate that asked stays, the new one
 * is the second. Whatever else was there goes, also a certificate that was issued and never arrived.
 *
 * @param asked thumbprint of the certificate that asked; undefined: a first certificate, beside which the primary one stays
 * @returns undefined: nothing to change
 */
export function withIssued(
    present: Authentication,
    asked: string | undefined,
    issued: string,
): Authentication | undefined {
    if (present.type !== "selfSigned") {
        return undefined;
    }
    const kept = asked ?? present.x509Thumbprint.primaryThumbprint;
    return changed(present, kept === "" ? issued : kept, kept === "" ? undefined : issued);
}

/** The old certificate goes once the new one was used. @returns undefined: nothing to change */
export function withoutFormer(present: Authentication, used: string): Authentication | undefined {
    const isSecond =
        present.type === "selfSigned" &&
        present.x509Thumbprint.secondaryThumbprint?.toUpperCase() === used;
    return isSecond ? changed(present, used, undefined) : undefined;
}

function changed(
    present: Authentication & { type: "selfSigned" },
    primaryThumbprint: string,
    secondaryThumbprint: string | undefined,
): Authentication | undefined {
    const { primaryThumbprint: first, secondaryThumbprint: second } = present.x509Thumbprint;
    return first === primaryThumbprint && (second ?? "") === (secondaryThumbprint ?? "")
        ? undefined
        : {
              type: "selfSigned",
              x509Thumbprint: {
                  primaryThumbprint,
                  ...(secondaryThumbprint === undefined ? {} : { secondaryThumbprint }),
              },
          };
}
