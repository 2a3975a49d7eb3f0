import { KeyObject } from "crypto";
import {
    deviceFindings,
    deviceWarnings,
    inspectCertificate,
} from "../../components/x509/inspectCertificate";
import { Files, inspectGivenFile } from "./files";
import { Section } from "./section";

/** Thumbprint of one certificate in the hub's form, and where it is in the configuration. */
export interface GivenThumbprint {
    readonly path: string;
    /** Upper-case hex without separators. */
    readonly thumbprint: string;
    /** SHA-256 of the certificate's SubjectPublicKeyInfo, hex; undefined if only the thumbprint is known. */
    readonly publicKeyId?: string;
    /** The certificate's key; undefined if only the thumbprint is known. */
    readonly key?: KeyObject;
}

/**
 * The one or two thumbprints of a device: given directly, or computed from the device's certificates, which must be valid
 * if the device is enabled.
 *
 * @param base the folder that file names are relative to
 * @param enabled whether the device may connect
 * @param allowSha1 whether 40-digit thumbprints are accepted
 */
export function readThumbprints(
    device: Section,
    files: Files,
    base: string,
    enabled: boolean,
    allowSha1: boolean,
): GivenThumbprint[] {
    const [key, other] = device.has("thumbprints")
        ? ["thumbprints", "certificates"]
        : ["certificates", "thumbprints"];
    if (!device.has(key)) {
        device.missing("thumbprints", "set thumbprints, or certificates (names of PEM files)");
        return [];
    }
    if (device.has(other)) {
        device.bad(
            other,
            "thumbprints and certificates exclude each other",
            "delete one of the two",
        );
    }
    const items = device.list(key);
    if (Array.isArray(device.raw(key)) && (items.length < 1 || items.length > 2)) {
        device.bad(
            key,
            "must have one item, or two during a rollover: primary and secondary",
            "keep the current one and the next one",
        );
    }
    const read = items.map((item, index) => {
        const path = `${device.pathOf(key)}[${index}]`;
        return key === "thumbprints"
            ? written(device, path, item, allowSha1)
            : computed(files, path, item, base, enabled ? files.now : undefined);
    });
    const good = read.filter((item): item is GivenThumbprint => item !== undefined);
    if (good.length === 2 && good[0].thumbprint === good[1].thumbprint) {
        device.report.value(
            good[1].path,
            items[1],
            "the secondary must differ from the primary",
            "delete the second one",
        );
    }
    return good;
}

function written(
    { report }: Section,
    path: string,
    item: unknown,
    allowSha1: boolean,
): GivenThumbprint | undefined {
    if (typeof item !== "string") {
        report.value(path, item, "must be text", "write the thumbprint in quotes");
        return undefined;
    }
    const hex = /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+$/.test(item) ? item.replace(/:/g, "") : item;
    if (!/^(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40})$/.test(hex)) {
        report.value(
            path,
            item,
            "must be a SHA-256 thumbprint: 64 hex digits, with or without colons between the bytes",
            "get it with: openssl x509 -in FILE -noout -fingerprint -sha256",
        );
        return undefined;
    }
    if (hex.length === 40 && !allowSha1) {
        report.value(
            path,
            item,
            "must be a SHA-256 thumbprint (64 hex digits); SHA-1 is refused",
            "get the SHA-256 one with: openssl x509 -in FILE -noout -fingerprint -sha256; or set allowSha1Thumbprints: true",
        );
        return undefined;
    }
    return { path, thumbprint: hex.toUpperCase() };
}

function computed(
    files: Files,
    path: string,
    item: unknown,
    base: string,
    now: Date | undefined,
): GivenThumbprint | undefined {
    const certificate = inspectGivenFile(
        files,
        path,
        item,
        base,
        "put the device's certificate there, or correct the name",
        (content) => {
            const { facts, findings } = inspectCertificate(content, now);
            return facts === undefined
                ? { facts, findings }
                : {
                      facts,
                      findings: [...findings, ...deviceFindings(facts)],
                      warnings: deviceWarnings(facts),
                  };
        },
    );
    return (
        certificate && {
            path,
            thumbprint: certificate.sha256Thumbprint,
            publicKeyId: certificate.publicKeyId,
            key: certificate.key,
        }
    );
}
