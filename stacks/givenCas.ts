import { X509Certificate } from "crypto";
import { PreviousState } from "./previousState";
import { PriorCas } from "./priorCas";
import { userError } from "./userError";
import { Settings } from "./settings";

/**
 * Refuses intermediate certificates for other keys: the program makes the key of an intermediate, so a certificate that an
 * offline root signed for a different key is useless.
 *
 * @throws RunError that names each setting whose certificate is for a different key than the state has
 */
export function refuseOtherKeys(settings: Settings, previous: PreviousState): void {
    const prior = new PriorCas(previous);
    const problems = settings.groups.flatMap(({ name, intermediate }) =>
        Object.entries(intermediate.certificatePems).flatMap(([generation, pem]) => {
            const key = prior.publicKey(`${name}-g${generation}`);
            return key === undefined || key.equals(new X509Certificate(pem).publicKey)
                ? []
                : [
                      `iot-x509:groups.${name}.intermediate.certificates.${generation}: the certificate has another key ` +
                          `than ${name}-g${generation}, which this stack generated. Sign the request of this CA: delete the ` +
                          `line and run "pulumi up", which shows the request and the command that signs it.`,
                  ];
        }),
    );
    if (problems.length > 0) {
        throw userError(`${problems.join("\n")}\nNothing was changed.`);
    }
}
