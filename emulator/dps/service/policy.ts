import { EnrollmentPolicy, ProvisioningService, X509Attestation } from "../model";
import { EnrollmentKind, readAttestation } from "./attestation";
import { isObject, JsonObject } from "./call";
import { NotEmulated, ServiceProblem } from "./errors";

/** The part of an enrollment that a body sets; the service sets its ETag and times. */
export type WantedPolicy = Omit<
    EnrollmentPolicy,
    "etag" | "createdDateTimeUtc" | "lastUpdatedDateTimeUtc"
>;

/**
 * Checks the ID of a group or a registration: up to 128 of `a-z0-9-._:` in either case, ending in a letter, digit or
 * hyphen (Azure docs: iot-dps concepts-service).
 *
 * @throws ServiceProblem 400
 */
export function checkId(what: "enrollmentGroupId" | "registrationId", id: string): void {
    if (!/^[a-z0-9\-._:]{0,127}[a-z0-9-]$/i.test(id)) {
        throw new ServiceProblem(
            "badRequest",
            `${what} '${id}' is not valid: it must have 1 to 128 letters, digits and the characters - . _ : ` +
                "and end with a letter, a digit or a hyphen.",
        );
    }
}

/**
 * Reads what both kinds of enrollment share; absent and null mean the default.
 *
 * @throws ServiceProblem 400
 */
export function readPolicy(
    service: ProvisioningService,
    kind: EnrollmentKind,
    body: JsonObject,
    before: X509Attestation | undefined,
): WantedPolicy {
    const { credentialPolicyName } = body;
    if (body.allocationPolicy === "custom") {
        throw new NotEmulated("the allocation policy custom, which calls an Azure Function");
    }
    if (credentialPolicyName !== undefined && credentialPolicyName !== null) {
        throw new NotEmulated("credentialPolicyName, which needs Azure Device Registry");
    }
    return {
        attestation: readAttestation(service, kind, body.attestation, before),
        provisioningStatus:
            oneOf(body, "provisioningStatus", ["enabled", "disabled"] as const) ?? "enabled",
        capabilities: { iotEdge: flags(body, "capabilities").iotEdge ?? false },
        reprovisionPolicy: {
            updateHubAssignment: flags(body, "reprovisionPolicy").updateHubAssignment ?? true,
            migrateDeviceData: flags(body, "reprovisionPolicy").migrateDeviceData ?? true,
        },
        allocationPolicy: oneOf(body, "allocationPolicy", [
            "hashed",
            "geoLatency",
            "static",
        ] as const),
        iotHubs: readHubs(service, body.iotHubs),
        iotHubHostName: readHub(service, body.iotHubHostName),
        initialTwin: readTwin(body.initialTwin),
    };
}

function oneOf<T extends string>(
    body: JsonObject,
    name: string,
    known: readonly T[],
): T | undefined {
    const given = body[name] ?? undefined;
    const found = known.find((value) => value === given);
    if (given !== undefined && found === undefined) {
        throw new ServiceProblem("badRequest", `${name} must be one of ${known.join(", ")}.`);
    }
    return found;
}

function flags(body: JsonObject, name: string): Record<string, boolean | undefined> {
    const given = body[name] ?? {};
    if (!isObject(given) || Object.values(given).some((value) => typeof value !== "boolean")) {
        throw new ServiceProblem("badRequest", `${name} must be an object with boolean values.`);
    }
    return given as Record<string, boolean>;
}

function readHubs(service: ProvisioningService, given: unknown): string[] | undefined {
    if (given === undefined || given === null) {
        return undefined;
    }
    if (!Array.isArray(given)) {
        throw new ServiceProblem("badRequest", "iotHubs must be a list of host names.");
    }
    const hubs = given.flatMap((one) => readHub(service, one) ?? []);
    return hubs.length === 0 ? undefined : hubs;
}

function readHub(service: ProvisioningService, given: unknown): string | undefined {
    if (given === undefined || given === null || given === "") {
        return undefined;
    }
    const name = String(given).toLowerCase();
    if (!service.linkedHubs.some((hub) => hub.name === name)) {
        throw new ServiceProblem(
            "badRequest",
            `IoT hub '${name}' is not linked to the provisioning service '${service.name}'.`,
        );
    }
    return name;
}

function readTwin(given: unknown): WantedPolicy["initialTwin"] {
    if (given === undefined || given === null) {
        return undefined;
    }
    const twin = isObject(given) ? given : { tags: "not an object" };
    const properties = twin.properties ?? {};
    const desired = isObject(properties) ? (properties.desired ?? {}) : undefined;
    if (!isObject(twin.tags ?? {}) || !isObject(desired)) {
        throw new ServiceProblem(
            "badRequest",
            "initialTwin must be an object with tags and properties.desired, both objects.",
        );
    }
    return {
        ...(isObject(twin.tags) ? { tags: twin.tags } : {}),
        ...(isObject(twin.properties) ? { properties: { desired } } : {}),
    };
}
