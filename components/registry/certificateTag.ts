import { own } from "../dynamic/values";
import { IssuedCertificate, issuedTo } from "../pki/issuedCertificates";
import { ownerTag, RegistryOperation } from "./registry";
import { tagPatch } from "./tagPatch";

type Tags = Readonly<Record<string, unknown>>;

/** Azure docs: iot-hub-devguide-device-twins, "Device twin size". The configuration may use all of it. */
const mostBytes = 8192;
const mostBytesOfCertificate = 200;

/** Adds to a new identity's own tag which certificate this run has issued to its device; that costs no call. */
export function withCertificate(operation: RegistryOperation): RegistryOperation {
    if (operation.mode !== "create") {
        return operation;
    }
    const { device } = operation;
    return { ...operation, device: { ...device, tags: tagged(device.deviceId, device.tags) } };
}

/**
 * What to merge into a twin's tags. The certificate in the tag of the program is no reason for a call: it is written when
 * something else is.
 */
export function tagChange(deviceId: string, present: Tags, wanted: Tags): Tags {
    const { certificate: _, ...tag } = ownTag(present);
    const compared = Object.hasOwn(present, ownerTag) ? { ...present, [ownerTag]: tag } : present;
    const patch = tagPatch(compared, wanted);
    return Object.keys(patch).length === 0 ? patch : tagged(deviceId, patch, wanted);
}

/** What the stack of a device wrote of its certificate, when it last wrote the tags; undefined: nothing. */
export function certificateOf(tags: Tags): IssuedCertificate | undefined {
    const { generation, notAfter, thumbprint } = (ownTag(tags).certificate ??
        {}) as Partial<IssuedCertificate>;
    const isWhole =
        typeof generation === "number" &&
        typeof thumbprint === "string" &&
        typeof notAfter === "string" &&
        !isNaN(Date.parse(notAfter));
    return isWhole ? { generation, notAfter, thumbprint } : undefined;
}

function tagged(deviceId: string, tags: Tags, all = tags): Tags {
    const certificate = issuedTo(deviceId);
    const bytes = Buffer.byteLength(JSON.stringify(all));
    return certificate === undefined || bytes + mostBytesOfCertificate > mostBytes
        ? tags
        : { ...tags, [ownerTag]: { ...ownTag(tags), certificate } };
}

function ownTag(tags: Tags): Tags {
    const tag = own(tags, ownerTag);
    return typeof tag === "object" && tag !== null ? (tag as Tags) : {};
}
