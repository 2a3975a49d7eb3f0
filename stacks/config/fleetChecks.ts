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

function checkKeys(readings: readonly DeviceReading[], report: Report): void {
    const seen = new Map<string, string>();
    for (const { csr, settings } of readings) {
        if (csr === undefined) {
            continue;
        }
        const owner = seen.get(csr.facts.publicKeyId);
        if (owner !== undefined) {
            report.fault(
                csr.path,
                `the same key as ${owner}`,
                "every device has a key of its own",
                `make a new key on ${settings.id} and a request with it; find out why two devices share one`,
            );
        } else {
            seen.set(csr.facts.publicKeyId, settings.id);
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
