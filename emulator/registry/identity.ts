import { randomBytes } from "crypto";
import { EmulatorContext } from "../context";
import { AuthenticationType, Device, DeviceAuthentication, DeviceStatus, Hub } from "../hub/model";
import { RegistryProblem } from "./errors";
import { twinETag } from "./twinRules";

/** What a client may set on a device identity; every write replaces all of it. */
export interface IdentityFields {
    readonly status: DeviceStatus;
    readonly statusReason: string | null;
    readonly authentication: DeviceAuthentication;
    readonly iotEdge: boolean;
    /** Scopes of the IoT Edge devices above it. */
    readonly parentScopes: readonly string[];
}

/** What a registry write needs; both the hub's own service API and the Device Provisioning Service have it. */
export type RegistryContext = Pick<EmulatorContext, "clock" | "hubs">;

/** What the service writes for a time that has not occurred. */
const never = "0001-01-01T00:00:00Z";

/** .NET counts 100 ns from the year 1; generation IDs are such ticks. */
const ticksAtEpoch = 621_355_968_000_000_000n;

const scopeStart = "ms-azure-iot-edge://";

const deviceIdRule = /^[A-Za-z0-9\-.+%_#*?!(),=@$':]{1,128}$/;

/**
 * At most 128 characters from a set of ASCII (Azure docs: iot-hub-devguide-identity-registry, "Device identity
 * properties").
 */
export function checkDeviceId(deviceId: unknown): string {
    if (typeof deviceId !== "string" || deviceId === "") {
        throw new RegistryProblem("ArgumentNull", "The device ID is missing.");
    }
    if (!deviceIdRule.test(deviceId)) {
        throw new RegistryProblem(
            "ArgumentInvalid",
            `The device identifier '${deviceId}' is invalid: at most 128 ASCII letters, digits and - . + % _ # * ? ! ( ) , : = @ $ '`,
        );
    }
    return deviceId;
}

/**
 * Reads and checks the identity in a body. Omitted fields get their defaults, so a write without `authentication`
 * generates new keys, even over an identity that had a certificate (terraform-provider-iothub, live findings: "Identity
 * PUT body").
 */
export function readIdentity(
    body: Readonly<Record<string, unknown>>,
    previous: Device | undefined,
): IdentityFields {
    const status = body.status ?? "enabled";
    if (status !== "enabled" && status !== "disabled") {
        throw new RegistryProblem("IotHubFormatError", "status must be 'enabled' or 'disabled'");
    }
    const statusReason = body.statusReason ?? null;
    if (statusReason !== null && (typeof statusReason !== "string" || statusReason.length > 128)) {
        throw new RegistryProblem(
            "ArgumentInvalid",
            "statusReason must be a text of at most 128 characters",
        );
    }
    const iotEdge = asObject(body.capabilities, "capabilities").iotEdge === true;
    return {
        status,
        statusReason,
        authentication: readAuthentication(asObject(body.authentication, "authentication")),
        iotEdge,
        parentScopes: iotEdge ? parentsOfEdge(body, previous) : parentsOfLeaf(body, previous),
    };
}

/**
 * An edge device has its own scope, which the hub creates and each write must repeat; a different one is ignored at
 * creation. Its parent is in `parentScopes`; if that is omitted, the device no longer has a parent.
 * (terraform-provider-iothub, live findings of 2026-08-15, "Scope updates" and "Parent/child".)
 */
function parentsOfEdge(
    body: Readonly<Record<string, unknown>>,
    previous: Device | undefined,
): readonly string[] {
    const scope = body.deviceScope ?? "";
    const own = previous === undefined ? undefined : ownScope(previous);
    if (own !== undefined && scope !== own) {
        throw new RegistryProblem("ArgumentInvalid", "Device scope is immutable");
    }
    if (previous !== undefined && own === undefined && scope !== "") {
        throw new RegistryProblem(
            "ServiceUnavailable",
            "The scope of a new edge device is the hub's.",
        );
    }
    const parents = body.parentScopes ?? [];
    if (!Array.isArray(parents) || !parents.every(isScope)) {
        throw new RegistryProblem("ArgumentInvalid", "parentScopes must be a list of scopes");
    }
    return parents;
}

/**
 * Any other device has its parent in `deviceScope`, which the hub copies to `parentScopes`. A device that stops being
 * an edge device has no parent until the next write. (Same source.)
 */
function parentsOfLeaf(
    body: Readonly<Record<string, unknown>>,
    previous: Device | undefined,
): readonly string[] {
    const scope = body.deviceScope ?? "";
    if (scope === "" || previous?.capabilities.iotEdge === true) {
        return [];
    }
    if (!isScope(scope)) {
        throw new RegistryProblem("ArgumentInvalid", "deviceScope must be that of an edge device");
    }
    return [scope];
}

function isScope(given: unknown): given is string {
    return typeof given === "string" && given.startsWith(scopeStart);
}

/** The scope of an IoT Edge device; undefined for any other device. */
function ownScope(device: Device): string | undefined {
    return device.capabilities.iotEdge
        ? `${scopeStart}${device.deviceId}-${device.generationId}`
        : undefined;
}

/** The value that the service shows as `deviceScope`; undefined when there is none. */
export function scopeOf(device: Device): string | undefined {
    return ownScope(device) ?? device.parentScopes?.[0];
}

function readAuthentication(given: Record<string, unknown>): DeviceAuthentication {
    const thumbprints = asObject(given.x509Thumbprint, "authentication.x509Thumbprint");
    const primary = readThumbprint(thumbprints.primaryThumbprint);
    const secondary = readThumbprint(thumbprints.secondaryThumbprint);
    const type = given.type ?? ((primary ?? secondary) ? "selfSigned" : "sas");
    if (type === "none") {
        throw new RegistryProblem("ArgumentInvalid", "DeviceAuthenticationTypeIsMissing");
    }
    if (!isAuthenticationType(type)) {
        throw new RegistryProblem(
            "IotHubFormatError",
            "authentication.type must be 'sas', 'selfSigned' or 'certificateAuthority'",
        );
    }
    return {
        type,
        symmetricKey:
            type === "sas"
                ? readKeys(asObject(given.symmetricKey, "authentication.symmetricKey"))
                : { primaryKey: null, secondaryKey: null },
        x509Thumbprint:
            type === "selfSigned"
                ? { primaryThumbprint: primary, secondaryThumbprint: secondary }
                : { primaryThumbprint: null, secondaryThumbprint: null },
    };
}

function isAuthenticationType(type: unknown): type is AuthenticationType {
    return type === "sas" || type === "selfSigned" || type === "certificateAuthority";
}

/** SHA-1 or SHA-256 in hex, without separators; letter case is kept. */
function readThumbprint(given: unknown): string | null {
    if (given === undefined || given === null || given === "") {
        return null;
    }
    if (typeof given !== "string" || !/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(given)) {
        throw new RegistryProblem("ArgumentInvalid", "StringIsNotThumbprint");
    }
    return given;
}

/** Both keys or neither, each base64 of 16 to 64 bytes; if neither is present, the hub generates them. */
function readKeys(given: Record<string, unknown>): DeviceAuthentication["symmetricKey"] {
    const primaryKey = readKey(given.primaryKey);
    const secondaryKey = readKey(given.secondaryKey);
    if ((primaryKey === null) !== (secondaryKey === null)) {
        throw new RegistryProblem("ArgumentInvalid", "Either no keys or both keys can be set");
    }
    return {
        primaryKey: primaryKey ?? randomBytes(32).toString("base64"),
        secondaryKey: secondaryKey ?? randomBytes(32).toString("base64"),
    };
}

function readKey(given: unknown): string | null {
    if (given === undefined || given === null || given === "") {
        return null;
    }
    const isBase64 =
        typeof given === "string" && given.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(given);
    const length = isBase64 ? Buffer.from(given, "base64").length : 0;
    if (length < 16 || length > 64) {
        throw new RegistryProblem("ArgumentInvalid", "Invalid device key length");
    }
    return given as string;
}

function asObject(value: unknown, name: string): Record<string, unknown> {
    if (value === undefined || value === null) {
        return {};
    }
    if (typeof value !== "object" || Array.isArray(value)) {
        throw new RegistryProblem("IotHubFormatError", `${name} must be an object`);
    }
    return value as Record<string, unknown>;
}

/** A new identity with an empty twin, not yet added to the hub. */
export function newDevice(
    context: RegistryContext,
    deviceId: string,
    fields: IdentityFields,
): Device {
    const now = context.clock.date();
    const section = { version: 1, values: {}, updated: now.toISOString() };
    return {
        deviceId,
        generationId: String(BigInt(now.getTime()) * 10_000n + ticksAtEpoch),
        etag: context.hubs.etags.identity(),
        status: fields.status,
        statusReason: fields.statusReason,
        statusUpdatedTime: never,
        connectionStateUpdatedTime: never,
        lastActivityTime: never,
        authentication: fields.authentication,
        capabilities: { iotEdge: fields.iotEdge },
        parentScopes: fields.parentScopes,
        twin: {
            etag: twinETag(1n),
            version: 2,
            tags: {},
            desired: { ...section },
            reported: { ...section },
        },
        inbox: [],
    };
}

/** Replaces everything that a client may set. */
export function overwrite(context: RegistryContext, device: Device, fields: IdentityFields): void {
    if (device.status !== fields.status) {
        device.statusUpdatedTime = context.clock.date().toISOString();
    }
    device.status = fields.status;
    device.statusReason = fields.statusReason;
    device.authentication = fields.authentication;
    device.capabilities = { iotEdge: fields.iotEdge };
    device.parentScopes = fields.parentScopes;
    device.etag = context.hubs.etags.identity();
}

/** The identity as the service shows it, keys included. */
export function identityJson(
    context: EmulatorContext,
    hub: Hub,
    device: Device,
): Record<string, unknown> {
    const deviceScope = scopeOf(device);
    return {
        deviceId: device.deviceId,
        generationId: device.generationId,
        etag: device.etag,
        connectionState: connectionState(context, hub, device),
        status: device.status,
        statusReason: device.statusReason,
        connectionStateUpdatedTime: device.connectionStateUpdatedTime,
        statusUpdatedTime: device.statusUpdatedTime,
        lastActivityTime: device.lastActivityTime,
        cloudToDeviceMessageCount: device.inbox.length,
        authentication: {
            symmetricKey: device.authentication.symmetricKey,
            x509Thumbprint: device.authentication.x509Thumbprint,
            type: device.authentication.type,
        },
        capabilities: device.capabilities,
        ...(deviceScope === undefined ? {} : { deviceScope }),
        parentScopes: device.parentScopes ?? [],
    };
}

export function connectionState(
    context: EmulatorContext,
    hub: Hub,
    device: Device,
): "Connected" | "Disconnected" {
    return context.connections.isConnected(hub, device.deviceId) ? "Connected" : "Disconnected";
}
