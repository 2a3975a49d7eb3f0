import { EmulatorContext } from "../context";
import { Device, DeviceAuthentication, Hub } from "../hub/model";
import { issuerFacts } from "../x509/certificate";
import { RegistryProblem } from "../registry/errors";
import { checkDeviceId, newDevice, overwrite } from "../registry/identity";
import { applyTwinChange, checkedTwin, replacedTwin } from "../registry/twin";
import { AssignmentFailure } from "./assignmentFailure";
import { allocate, keepHub } from "./assignmentHub";
import { Attested } from "./attestation";
import { ProvisioningService, Registration } from "./model";

type Context = Pick<EmulatorContext, "hubs" | "access" | "clock">;

export interface Assignment {
    readonly hub: Hub;
    readonly deviceId: string;
    readonly substatus: Registration["substatus"];
}

/**
 * Assigns an attested device to a hub and writes its identity there. For a device that was assigned before, the
 * enrollment's policy decides (Azure docs: iot-dps concepts-device-reprovision): without `updateHubAssignment` it stays
 * on its hub; otherwise a hub is chosen again. `migrateDeviceData` keeps the twin and the capabilities; without it both
 * are reset to the enrollment's values, even on the same hub. The identity is removed from a hub that the device
 * leaves.
 *
 * @param previous the device's registration so far, if any
 * @throws AssignmentFailure
 */
export function assign(
    context: Context,
    service: ProvisioningService,
    attested: Attested,
    registrationId: string,
    previous: { readonly assignedHub?: string; readonly deviceId?: string } | undefined,
): Assignment {
    const { policy, deviceId } = attested;
    const { updateHubAssignment, migrateDeviceData } = policy.reprovisionPolicy;
    const before = previous?.assignedHub && context.hubs.byHostName(previous.assignedHub);
    const current = before || undefined;
    const hub =
        current !== undefined && !updateHubAssignment
            ? keepHub(context, service, current)
            : allocate(context, service, policy, registrationId, current);
    const old = current?.devices.get(previous?.deviceId ?? deviceId);
    const isReset = current !== undefined && updateHubAssignment && !migrateDeviceData;
    writeDevice(context, hub, attested, current === hub ? undefined : old, isReset);
    if (
        current !== undefined &&
        old !== undefined &&
        (current !== hub || old.deviceId !== deviceId)
    ) {
        current.devices.delete(old.deviceId);
        context.hubs.events.emit("deviceRemoved", current, old.deviceId);
    }
    return { hub, deviceId, substatus: substatusOf(current, hub, migrateDeviceData) };
}

function substatusOf(
    current: Hub | undefined,
    hub: Hub,
    migrates: boolean,
): Registration["substatus"] {
    if (current === undefined) {
        return "initialAssignment";
    }
    if (current === hub) {
        return "reprovisionedToInitialAssignment";
    }
    return migrates ? "deviceDataMigrated" : "deviceDataReset";
}

/** @param leaving the identity on the hub that the device leaves */
function writeDevice(
    context: Context,
    hub: Hub,
    attested: Attested,
    leaving: Device | undefined,
    isReset: boolean,
): void {
    const { policy } = attested;
    const deviceId = checked("deviceIdInvalid", () => checkDeviceId(attested.deviceId));
    const initial = { ...policy.initialTwin };
    const { tags = {}, desired = {} } = checked("initialTwinInvalid", () => checkedTwin(initial));
    const existing = hub.devices.get(deviceId);
    const kept = isReset ? undefined : (leaving ?? existing);
    const fields = {
        // A device that was disabled on its hub stays disabled: only an operator may enable it again.
        status: (leaving ?? existing)?.status ?? "enabled",
        statusReason: (leaving ?? existing)?.statusReason ?? null,
        authentication: authentication(attested),
        iotEdge: (kept?.capabilities ?? policy.capabilities).iotEdge,
        parentScopes: kept?.parentScopes ?? [],
    } as const;
    const device = existing ?? newDevice(context, deviceId, fields);
    if (existing === undefined) {
        device.twin.tags = tags;
        device.twin.desired.values = desired;
        hub.devices.set(deviceId, device);
    } else {
        overwrite(context, device, fields);
        if (isReset) {
            const { updated } = device.twin.reported;
            device.twin.reported = { version: 1, values: {}, updated };
            applyTwinChange(context, hub, device, replacedTwin(device, initial));
        }
    }
    if (leaving !== undefined && !isReset) {
        Object.assign(device.twin, structuredClone(leaving.twin));
    }
    context.hubs.events.emit("deviceChanged", hub, device);
}

/**
 * The identity trusts the thumbprints of the certificates, not their CA, for either kind of enrollment: `selfSigned`
 * with SHA-256 thumbprints (MicrosoftDocs/azure-docs#70976 and #108289; Azure/azure-iot-sdk-java#253 shows such a
 * twin). An individual enrollment provides its primary and secondary certificates, a group the leaf that the device
 * sent; a single certificate fills both places (Azure/iotedge#2951).
 */
function authentication({ individual, leaf }: Attested): DeviceAuthentication {
    const attestation = individual?.attestation;
    const certificates =
        attestation?.kind === "clientCertificates"
            ? [attestation.primary, attestation.secondary ?? attestation.primary].map(
                  (pem) => issuerFacts(pem).certificate,
              )
            : [leaf.certificate, leaf.certificate];
    const [primaryThumbprint, secondaryThumbprint] = certificates.map((one) =>
        one.fingerprint256.split(":").join(""),
    );
    return {
        type: "selfSigned",
        symmetricKey: { primaryKey: null, secondaryKey: null },
        x509Thumbprint: { primaryThumbprint, secondaryThumbprint },
    };
}

/** Turns a refusal by the hub's registry into a failed registration. */
function checked<T>(reason: "deviceIdInvalid" | "initialTwinInvalid", check: () => T): T {
    try {
        return check();
    } catch (error) {
        if (!(error instanceof RegistryProblem)) {
            throw error;
        }
        const detail = `the hub refuses the enrollment's settings: ${error.message}`;
        throw new AssignmentFailure(reason, detail, 400004, error.message);
    }
}
