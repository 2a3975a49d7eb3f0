import type { DeviceReading } from "./devices";
import { Report } from "./report";

/** What must differ between devices: IDs, keys behind requests, thumbprints. */
export function checkFleet(readings: readonly DeviceReading[], report: Report): void {
    checkIds(readings, report);
    checkKeys(readings, report);
    checkThumbprints(readings, report);
}

/**
 * The hub tells `Pump` from `pump`, but the provisioning service does not (Azure docs: registration IDs are not case
 * sensitive), nor do many file systems, so two such IDs are refused.
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
                `a device ID stands once; ${earlier.idPath} has it`,
                "delete one of the two, or give it another ID",
            );
        } else {
            report.value(
                reading.idPath,
                id,
                `device IDs differ by more than upper and lower case; ${earlier.idPath} is "${earlier.settings.id}"`,
                "rename one of the two",
            );
        }
    }
}

interface KeyProof {
    readonly path: string;
    readonly keyId: string;
    /** Of the certificate that proves the key; undefined for a request. */
    readonly thumbprint: string | undefined;
}

function keyProofs({ csr, thumbprints }: DeviceReading): KeyProof[] {
    return [
        ...(csr ? [{ path: csr.path, keyId: csr.facts.publicKeyId, thumbprint: undefined }] : []),
        ...thumbprints.flatMap(({ path, thumbprint, publicKeyId: keyId }) =>
            keyId === undefined ? [] : [{ path, keyId, thumbprint }],
        ),
    ];
}

/** A device may keep its key from one certificate to the next; no other device may have it. */
function checkKeys(readings: readonly DeviceReading[], report: Report): void {
    const seen = new Map<string, { owner: string; thumbprint: string | undefined }>();
    for (const reading of readings) {
        const { id } = reading.settings;
        for (const { path, keyId, thumbprint } of keyProofs(reading)) {
            const other = seen.get(keyId);
            // One certificate of two devices is told of as that.
            const isTold = thumbprint !== undefined && other?.thumbprint === thumbprint;
            if (other !== undefined && other.owner !== id && !isTold) {
                const proof = thumbprint === undefined ? "request" : "certificate";
                report.fault(
                    path,
                    `the same key as ${other.owner}`,
                    "every device has a key of its own",
                    `make a new key on ${id} and a ${proof} with it; find out why two devices share one`,
                );
            }
            seen.set(keyId, other ?? { owner: id, thumbprint });
        }
    }
}

function checkThumbprints(readings: readonly DeviceReading[], report: Report): void {
    const seen = new Map<string, string>();
    for (const { settings, thumbprints } of readings) {
        for (const { path, thumbprint } of thumbprints) {
            const owner = seen.get(thumbprint);
            if (owner !== undefined && owner !== settings.id) {
                report.value(
                    path,
                    thumbprint,
                    `a certificate belongs to one device; ${owner} has this one`,
                    "make a certificate for each device",
                );
            }
            seen.set(thumbprint, owner ?? settings.id);
        }
    }
}
