import { X509Certificate } from "crypto";
import type { ReasonName } from "../../components/pki/reissueReasons";
import { isUnknown, stableJson } from "../../components/dynamic/values";
import { generatedKey, KeyAlgorithm } from "../../components/x509/issue";
import { kindOf } from "../../stacks/deviceKinds/deviceKinds";
import { DeviceSettings } from "../../stacks/settings";
import { Properties, Step } from "./step";

/** Inputs by the reason that the provider reports when it issues. Steps have old and new inputs, but only one certificate. */
const inputsOf = {
    "subject changed": ["organization", "country"],
    "policy changed": ["validityDays"],
} as const;

/**
 * Why a certificate is reissued, the most important reason first. If nothing changed, its renewal is due.
 *
 * @param step an update of a DeviceCertificate
 * @param device its settings; undefined: it was removed from them
 */
export function certificateReasons(
    { before, after }: Step,
    device: DeviceSettings | undefined,
): ReasonName[] {
    const [olds, news] = [before?.inputs ?? {}, after?.inputs ?? {}];
    const reasons: ReasonName[] = [];
    if (isOtherKey(before?.outputs ?? {}, news, device)) {
        reasons.push("key changed");
    }
    if (isUnknown(news.issuer) || news.issuer !== olds.issuer) {
        reasons.push("issuer rotated");
    }
    const isOther = (name: string): boolean =>
        stableJson(olds[name] ?? null) !== stableJson(news[name] ?? null);
    for (const reason of ["subject changed", "policy changed"] as const) {
        if (inputsOf[reason].some(isOther)) {
            reasons.push(reason);
        }
    }
    return reasons.length === 0 ? ["renewal due"] : reasons;
}

function isOtherKey(
    { key, certificate }: Properties,
    { csr, keyAlgorithm, keyGeneration }: Properties,
    device: DeviceSettings | undefined,
): boolean {
    if (csr === undefined) {
        return key !== generatedKey(keyAlgorithm as KeyAlgorithm, keyGeneration as number);
    }
    if (device === undefined || typeof certificate !== "string") {
        return false;
    }
    const { authentication } = device;
    const held = { certificate: new X509Certificate(certificate), key };
    return kindOf(authentication).certificate?.keepsKey(authentication, undefined, held) === false;
}
