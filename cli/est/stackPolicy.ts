import type { EstPolicy } from "../../est/policy";
import { estPolicy } from "../../stacks/estPolicy";
import type { PreviousState } from "../../stacks/previousState";
import type { Settings } from "../../stacks/settings";

const authorityType = "iot-x509:pki:CertificateAuthority";

/** What the EST service must know of a stack, from its settings and the CAs' certificates in its state. */
export function stackPolicy(settings: Settings, previous: PreviousState): EstPolicy {
    return estPolicy(
        settings,
        new Map(
            [...previous.all(authorityType)].flatMap(([name, { certificate }]) =>
                typeof certificate === "string" && certificate !== ""
                    ? [[name, certificate] as const]
                    : [],
            ),
        ),
    );
}
