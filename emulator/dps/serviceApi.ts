import { EmulatorContext } from "../context";
import { HostService, HttpReply, HttpRequest } from "../core/http";
import { Params, Router } from "../core/router";
import { ProvisioningService, Registration } from "./model";
import { permissions, authorize } from "./service/authorization";
import { attestationView } from "./service/attestation";
import { bulk, bulkEnrollments, bulkGroups } from "./service/bulk";
import { Call, objectOf, Operation, preconditionOf } from "./service/call";
import { checkPrecondition, Enrollments } from "./service/enrollments";
import { NotEmulated, notEmulated, problemReply, ServiceProblem } from "./service/errors";
import { queryReply } from "./service/query";
import { ServiceThrottle } from "./service/throttle";
import { enrollmentView, groupView, registrationView } from "./service/views";

/** Supported versions (azure-rest-api-specs, deviceprovisioningservices data plane). */
const apiVersions: readonly string[] = [
    "2018-09-01-preview",
    "2018-11-01",
    "2019-03-31",
    "2021-06-01",
    "2021-10-01",
    "2025-07-01-preview",
    "2026-11-01",
];

const routes: readonly (readonly ["GET" | "PUT" | "POST" | "DELETE", string, Operation])[] = [
    ["POST", "/enrollmentGroups/query", { permission: permissions.readGroups, run: queryGroups }],
    ["POST", "/enrollmentGroups", { permission: permissions.writeGroups, run: bulkOf(bulkGroups) }],
    ["GET", "/enrollmentGroups/:id", { permission: permissions.readGroups, run: getGroup }],
    ["PUT", "/enrollmentGroups/:id", { permission: permissions.writeGroups, run: putGroup }],
    ["DELETE", "/enrollmentGroups/:id", { permission: permissions.deleteGroups, run: deleteGroup }],
    [
        "POST",
        "/enrollmentGroups/:id/attestationmechanism",
        { permission: permissions.readAttestation, run: groupAttestation },
    ],
    [
        "POST",
        "/enrollments/query",
        { permission: permissions.readEnrollments, run: queryEnrollments },
    ],
    [
        "POST",
        "/enrollments",
        { permission: permissions.writeEnrollments, run: bulkOf(bulkEnrollments) },
    ],
    ["GET", "/enrollments/:id", { permission: permissions.readEnrollments, run: getEnrollment }],
    ["PUT", "/enrollments/:id", { permission: permissions.writeEnrollments, run: putEnrollment }],
    [
        "DELETE",
        "/enrollments/:id",
        { permission: permissions.deleteEnrollments, run: deleteEnrollment },
    ],
    [
        "POST",
        "/enrollments/:id/attestationmechanism",
        { permission: permissions.readAttestation, run: enrollmentAttestation },
    ],
    [
        "POST",
        "/registrations/:group/query",
        { permission: permissions.readRegistrations, run: queryRegistrations },
    ],
    [
        "GET",
        "/registrations/:id",
        { permission: permissions.readRegistrations, run: getRegistration },
    ],
    [
        "DELETE",
        "/registrations/:id",
        { permission: permissions.deleteRegistrations, run: deleteRegistration },
    ],
];

/**
 * The service API of a provisioning service, on `<name>.azure-devices-provisioning.net` (REST reference "Azure IoT Hub
 * Device Provisioning Service"; bodies as in the recorded sessions of azure-sdk-for-python). Attestation by TPM and
 * symmetric key, custom allocation and queries with conditions are not emulated and return 501.
 */
export class ProvisioningServiceApi implements HostService {
    private readonly router = new Router();
    private readonly throttle: ServiceThrottle;

    constructor(private readonly context: EmulatorContext) {
        this.throttle = new ServiceThrottle(context);
        for (const [method, path, operation] of routes) {
            this.router.on(method, path, (request, params) =>
                this.perform(request, params, operation),
            );
        }
    }

    handle(request: HttpRequest): Promise<HttpReply> {
        return this.router.handle(request);
    }

    private async perform(
        request: HttpRequest,
        params: Params,
        operation: Operation,
    ): Promise<HttpReply> {
        const { clock } = this.context;
        try {
            const service = this.serviceOf(request);
            checkApiVersion(request.url.searchParams.get("api-version"));
            const { host, headers, url } = request;
            const demand: Call["demand"] = (wanted) =>
                authorize(this.context, service, host, headers.authorization, url.pathname, wanted);
            await demand(operation.permission);
            this.throttle.pass(service);
            const { context, throttle } = this;
            return await operation.run({ context, request, params, service, throttle, demand });
        } catch (error) {
            if (error instanceof NotEmulated) {
                throw notEmulated(request, clock.date(), error);
            }
            if (error instanceof ServiceProblem) {
                return problemReply(request, clock.date(), error);
            }
            throw error;
        }
    }

    /** A service has no host name while it is being created or deleted. */
    private serviceOf({ host }: HttpRequest): ProvisioningService {
        const service = this.context.provisioning.get(host.name.split(".")[0]);
        if (service?.state !== "Active" || service.serviceHostName !== host.name) {
            throw new ServiceProblem(
                "serviceNotFound",
                `There is no provisioning service ${host.name}. In Azure this host name would not resolve.`,
            );
        }
        return service;
    }
}

function checkApiVersion(version: string | null): void {
    if (version === null || !apiVersions.includes(version.toLowerCase())) {
        const given = version === null ? "is missing" : `'${version}' is not supported`;
        throw new ServiceProblem(
            "apiVersion",
            `The query parameter api-version ${given}; known are ${apiVersions.join(", ")}.`,
        );
    }
}

function of(call: Call): Enrollments {
    return new Enrollments(call.context, call.service);
}

function bulkOf(kind: typeof bulkEnrollments): Operation["run"] {
    return (call) => bulk(call, kind);
}

function queryGroups(call: Call): HttpReply {
    return queryReply(call, "EnrollmentGroup", call.service.groups, groupView);
}

function getGroup(call: Call): HttpReply {
    return { status: 200, body: groupView(of(call).group(call.params.id)) };
}

function putGroup(call: Call): HttpReply {
    const precondition = preconditionOf(call);
    const group = of(call).putGroup(call.params.id, objectOf(call), precondition);
    return { status: 200, body: groupView(group) };
}

function deleteGroup(call: Call): HttpReply {
    of(call).deleteGroup(call.params.id, preconditionOf(call));
    return { status: 204 };
}

function groupAttestation(call: Call): HttpReply {
    const { attestation } = of(call).group(call.params.id);
    return { status: 200, body: attestationView(attestation) };
}

function queryEnrollments(call: Call): HttpReply {
    const { service } = call;
    return queryReply(call, "Enrollment", service.enrollments, (one) =>
        enrollmentView(service, one),
    );
}

function getEnrollment(call: Call): HttpReply {
    const enrollment = of(call).enrollment(call.params.id);
    return { status: 200, body: enrollmentView(call.service, enrollment) };
}

function putEnrollment(call: Call): HttpReply {
    const precondition = preconditionOf(call);
    const enrollment = of(call).putEnrollment(call.params.id, objectOf(call), precondition);
    return { status: 200, body: enrollmentView(call.service, enrollment) };
}

function deleteEnrollment(call: Call): HttpReply {
    of(call).deleteEnrollment(call.params.id, preconditionOf(call));
    return { status: 204 };
}

function enrollmentAttestation(call: Call): HttpReply {
    const { attestation } = of(call).enrollment(call.params.id);
    return { status: 200, body: attestationView(attestation) };
}

/** The registrations that came through one enrollment group. */
function queryRegistrations(call: Call): HttpReply {
    const { enrollmentGroupId } = of(call).group(call.params.group);
    const registrations = new Map(
        [...call.service.registrations].filter(
            ([, one]) => one.enrollmentGroupId === enrollmentGroupId,
        ),
    );
    return queryReply(call, "DeviceRegistration", registrations, registrationView);
}

function getRegistration(call: Call): HttpReply {
    return { status: 200, body: registrationView(registrationOf(call)) };
}

function deleteRegistration(call: Call): HttpReply {
    const registration = registrationOf(call);
    checkPrecondition(preconditionOf(call), registration.etag);
    call.service.registrations.delete(registration.registrationId.toLowerCase());
    return { status: 204 };
}

function registrationOf(call: Call): Registration {
    const registration = call.service.registrations.get(call.params.id.toLowerCase());
    if (registration === undefined) {
        throw new ServiceProblem("registrationNotFound", "Registration not found.");
    }
    return registration;
}
