import { KeyObject } from "crypto";
import { newRequest } from "../../components/x509/csr";
import { withNewKey } from "../../components/x509/inspectCertificate";
import { primeFinding } from "../../components/x509/publicKey";
import type { GivenCa } from "./caKeys";
import type { DeviceReading } from "./deviceReading";
import { Report } from "./report";

/** What must differ between devices, and between them and the CAs: IDs, keys behind files, thumbprints. */
export function checkFleet(
    cas: readonly GivenCa[],
    readings: readonly DeviceReading[],
    report: Report,
): void {
    checkIds(readings, report);
    checkKeys(cas, readings, report);
    checkThumbprints(cas, readings, report);
    checkPrimes(readings, report);
}

/**
 * The hub distinguishes `Pump` from `pump`, but the provisioning service does not (Azure docs: registration IDs are not
 * case-sensitive), nor do many file systems, so two such IDs are refused.
 */
function checkIds(readings: readonly DeviceReading[], report: Report): void {
    const seen = new Map<string, DeviceReading>();
    for (const reading of readings) {
        const { id } = reading.settings;
        const earlier = seen.get(id.toLowerCase());
        if (id === "") {
            continue;
        }
        if (earlier === undefined) {
            seen.set(id.toLowerCase(), reading);
        } else if (earlier.settings.id === id) {
            report.value(
                reading.idPath,
                id,
                `device IDs must be unique; ${earlier.idPath} has the same one`,
                "delete one of the two, or give it another ID",
            );
        } else {
            report.value(
                reading.idPath,
                id,
                `device IDs must differ by more than upper and lower case; ${earlier.idPath} is "${earlier.settings.id}"`,
                "rename one of the two",
            );
        }
    }
}

interface KeyProof {
    readonly path: string;
    readonly keyId: string;
    readonly key: KeyObject | undefined;
    /** Thumbprint of the certificate that proves the key; undefined for a request. */
    readonly thumbprint: string | undefined;
}

function keyProofs({ csr, thumbprints }: DeviceReading): KeyProof[] {
    return [
        ...(csr
            ? [
                  {
                      path: csr.path,
                      keyId: csr.facts.publicKeyId,
                      key: csr.facts.key,
                      thumbprint: undefined,
                  },
              ]
            : []),
        ...thumbprints.flatMap(({ path, thumbprint, publicKeyId: keyId, key }) =>
            keyId === undefined ? [] : [{ path, keyId, key, thumbprint }],
        ),
    ];
}

/** A device may keep its key across certificates; no other device and no CA may have it. */
function checkKeys(
    cas: readonly GivenCa[],
    readings: readonly DeviceReading[],
    report: Report,
): void {
    const seen = new Map<string, { owner: string; thumbprint: string | undefined }>();
    for (const { path, name, keyId } of cas) {
        const other = seen.get(keyId);
        if (other !== undefined) {
            report.fault(
                path,
                `the same key as ${other.owner}`,
                "every CA must have its own key",
                "sign the request that belongs to this certificate's group and generation; delete the line, and pulumi up shows the request",
            );
        }
        seen.set(keyId, other ?? { owner: name, thumbprint: undefined });
    }
    for (const reading of readings) {
        const { id } = reading.settings;
        for (const { path, keyId, thumbprint } of keyProofs(reading)) {
            const other = seen.get(keyId);
            // Two devices with the same certificate are reported as such.
            const isTold = thumbprint !== undefined && other?.thumbprint === thumbprint;
            if (other !== undefined && other.owner !== id && !isTold) {
                const proof = thumbprint === undefined ? "request" : "certificate";
                report.fault(
                    path,
                    `the same key as ${other.owner}`,
                    "every device must have its own key",
                    `generate a new key on ${id} and create a ${proof} with it; find out why two devices share a key`,
                );
            }
            seen.set(keyId, other ?? { owner: id, thumbprint });
        }
    }
}

function checkThumbprints(
    cas: readonly GivenCa[],
    readings: readonly DeviceReading[],
    report: Report,
): void {
    const seen = new Map<string, string>();
    for (const { name, thumbprints } of cas) {
        thumbprints.forEach((thumbprint) => seen.set(thumbprint, name));
    }
    for (const { settings, thumbprints } of readings) {
        for (const { path, thumbprint } of thumbprints) {
            const owner = seen.get(thumbprint);
            if (owner !== undefined && owner !== settings.id) {
                report.value(
                    path,
                    thumbprint,
                    `a certificate must belong to one device; ${owner} has the same one`,
                    "create a certificate for each device",
                );
            }
            seen.set(thumbprint, owner ?? settings.id);
        }
    }
}

/**
 * Budget of the primality tests, in keys of 2048 bits: about a second. The time grows with the cube of the key size, and
 * tens of thousands of keys would delay every run by minutes.
 */
const primeBudget = 200;

/**
 * Tests as many keys as the budget allows for a prime modulus. Certificates come first, because a request is tested again
 * when it is signed.
 */
function checkPrimes(readings: readonly DeviceReading[], report: Report): void {
    const proofs = readings.flatMap((reading) =>
        keyProofs(reading).map((proof) => ({ ...proof, id: reading.settings.id })),
    );
    const isCertificate = ({ thumbprint }: KeyProof): boolean => thumbprint !== undefined;
    const inOrder = [
        ...proofs.filter(isCertificate),
        ...proofs.filter((proof) => !isCertificate(proof)),
    ];
    let left = primeBudget;
    for (const { id, path, key, thumbprint } of inOrder) {
        const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0;
        left -= (bits / 2048) ** 3;
        if (key === undefined || left < 0) {
            continue;
        }
        const finding = primeFinding(key, thumbprint === undefined ? newRequest(id) : withNewKey);
        if (finding !== undefined) {
            report.fault(path, finding.value, finding.rule, finding.remedy);
        }
    }
}
