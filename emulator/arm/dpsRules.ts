import { AllocationPolicy } from "../dps/model";
import { SharedAccessPolicy } from "../hub/model";
import { policiesOf } from "./hubRules";

/** The most provisioning services in a subscription (Azure docs: "IoT Hub Device Provisioning Service limits"). */
export const maximumServices = 10;

/** The most hubs that one service can be linked to (same page). */
export const maximumLinkedHubs = 50;

/**
 * Rights of the policy `provisioningserviceowner`, which every service has from the start (Azure PowerShell's IotDps
 * tests).
 */
export const ownerRights = "ServiceConfig, DeviceConnect, EnrollmentWrite";

const knownRights: ReadonlySet<string> = new Set([
    "ServiceConfig",
    "EnrollmentRead",
    "EnrollmentWrite",
    "DeviceConnect",
    "RegistrationStatusRead",
    "RegistrationStatusWrite",
]);

/** Returns undefined when the name is valid for a service (Azure docs: resource-name-rules, Microsoft.Devices). */
export function dpsNameProblem(name: string): string | undefined {
    if (/^[A-Za-z0-9-]{2,63}[A-Za-z0-9]$/.test(name)) {
        return undefined;
    }
    return (
        `Provisioning service name '${name}' is not valid. It must be 3 to 64 characters long, contain only ` +
        "alphanumeric characters or hyphens, and end with an alphanumeric character."
    );
}

/** Returns what is wrong with the SKU in a body, or undefined. */
export function dpsSkuProblem(body: unknown): string | undefined {
    const { name, capacity = 1 } = (body ?? {}) as { name?: unknown; capacity?: unknown };
    if (name !== "S1") {
        return `Sku name '${String(name)}' is not valid: a provisioning service has S1.`;
    }
    if (!Number.isInteger(capacity) || (capacity as number) < 1) {
        return `Capacity ${String(capacity)} is not valid.`;
    }
    return undefined;
}

/** The service's allocation policy: `Hashed` by default, undefined when no policy has this name. */
export function allocationPolicyOf(given: unknown): AllocationPolicy | undefined {
    const known: readonly AllocationPolicy[] = ["Hashed", "GeoLatency", "Static"];
    return known.find((policy) => policy === (given ?? "Hashed"));
}

/** The policies that a body sets: undefined when it sets none, a string with the problem when they are invalid. */
export function dpsPolicies(
    wanted: Readonly<Record<string, unknown>>,
    newKey: () => string,
): SharedAccessPolicy[] | string | undefined {
    const policies = policiesOf(wanted, newKey);
    if (typeof policies === "string" || policies === undefined) {
        return policies;
    }
    const unknown = policies
        .flatMap(({ rights }) => rights.split(","))
        .map((right) => right.trim())
        .find((right) => !knownRights.has(right));
    return unknown === undefined ? policies : `'${unknown}' is not an access right.`;
}
