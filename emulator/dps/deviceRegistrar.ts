import { randomBytes, randomUUID, X509Certificate } from "crypto";
import { EmulatorContext } from "../context";
import { documentETag } from "../core/etag";
import { hostNameFor } from "../hub/hostNames";
import { assign } from "./assignment";
import { AssignmentFailure } from "./assignmentFailure";
import { attest, Attested, sameId } from "./attestation";
import { registrationJson, x509Result } from "./deviceRecord";
import { RegistrationRefusal } from "./deviceRefusals";
import { DeviceThrottle } from "./deviceThrottle";
import { ProvisioningService, RefusedRegistration, Registration } from "./model";

/** What the device API needs; the device port has nothing more. */
export type RegistrarContext = Omit<EmulatorContext, "connections">;

/** A request from a device, over HTTPS or MQTT. */
export interface DeviceRequest {
    readonly idScope: string;
    readonly registrationId: string;
    /** The certificates that the client sent in TLS, leaf first. */
    readonly presented: readonly X509Certificate[];
}

export interface DeviceAnswer {
    /** HTTP status, also the status in the topic of an MQTT reply. */
    readonly status: 200 | 202;
    /** Seconds after which the device should ask again; only with 202. */
    readonly retryAfter?: number;
    readonly body: Record<string, unknown>;
}

/** The latest registration operation of a device. */
interface Operation {
    readonly operationId: string;
    readonly service: ProvisioningService;
    readonly registration: Registration;
    /** SHA-256 fingerprint of the leaf that started it. */
    readonly leaf: string;
}

/**
 * Device API versions, except previews and those for features that are not emulated, such as certificate signing
 * requests.
 */
const apiVersions = ["2018-04-01", "2018-11-01", "2019-01-15", "2019-03-31", "2021-06-01"];

/**
 * Azure docs: iot-dps concepts-service, "Registration ID": letters, digits and `- . _ :`, ending in a letter, digit or
 * `-`, at most 128 characters, case-insensitive.
 */
const registrationIdRule = /^[a-z0-9\-._:]{0,127}[a-z0-9-]$/i;

/**
 * The device API of all provisioning services, over HTTPS and MQTT: register, ask for the operation's result, look up
 * the registration (REST reference "IoT DPS: Runtime Registration"). Assignment is asynchronous: it takes as long as
 * the setting `registrationSeconds`, and until then the device is told to ask again.
 */
export class Registrar {
    private static readonly all = new WeakMap<object, Registrar>();
    private readonly operations = new Map<string, Operation>();
    private readonly throttle: DeviceThrottle;

    private constructor(private readonly context: RegistrarContext) {
        this.throttle = new DeviceThrottle(context);
    }

    /** The registrar of an emulator, shared by HTTPS and MQTT: a device may start on one and ask on the other. */
    static of(context: RegistrarContext): Registrar {
        const registrar = Registrar.all.get(context.provisioning) ?? new Registrar(context);
        Registrar.all.set(context.provisioning, registrar);
        return registrar;
    }

    /** @throws RegistrationRefusal */
    register(request: DeviceRequest, body: unknown): DeviceAnswer {
        const service = this.serviceOf(request);
        checkBody(body, request.registrationId);
        this.throttle.registration(service);
        const attested = this.attest(service, request);
        const key = keyOf(request);
        const running = this.operations.get(key);
        if (running?.registration.status === "assigning" && this.isCurrent(running)) {
            return this.answer(running);
        }
        const id = request.registrationId.toLowerCase();
        const previous = service.registrations.get(id);
        const registration = this.newRegistration(request.registrationId, attested, previous);
        service.registrations.set(id, registration);
        if (attested.policy.provisioningStatus === "disabled") {
            return this.disabled(request, attested, registration);
        }
        const operation: Operation = {
            operationId: `4.${randomBytes(8).toString("hex")}.${randomUUID()}`,
            service,
            registration,
            leaf: attested.leaf.certificate.fingerprint256,
        };
        this.operations.set(key, operation);
        registration.status = "assigning";
        const { registrationSeconds } = this.context.settings;
        setTimeout(
            () => this.finish(operation, attested, previous),
            registrationSeconds * 1000,
        ).unref();
        // The first reply has no registrationState (azure-iot-cli-extension, test_device_registration_group).
        const { operationId } = operation;
        return { ...this.again(), body: { operationId, status: "assigning" } };
    }

    /** @throws RegistrationRefusal */
    operation(request: DeviceRequest, operationId: string): DeviceAnswer {
        const service = this.serviceOf(request);
        this.throttle.poll(service, request.registrationId);
        const operation = this.operations.get(keyOf(request));
        if (operation?.operationId !== operationId || !this.isCurrent(operation)) {
            throw RegistrationRefusal.of(
                "operationUnknown",
                `"${request.registrationId}" has no operation "${operationId}"; register first`,
            );
        }
        if (request.presented[0]?.fingerprint256 !== operation.leaf) {
            throw RegistrationRefusal.of(
                "certificateChanged",
                "the device sent another certificate than it registered with",
            );
        }
        return this.answer(operation);
    }

    /** Returns the current registration. @throws RegistrationRefusal */
    lookup(request: DeviceRequest): DeviceAnswer {
        const service = this.serviceOf(request);
        this.attest(service, request);
        const registration = service.registrations.get(request.registrationId.toLowerCase());
        if (registration === undefined) {
            throw RegistrationRefusal.of(
                "registrationMissing",
                `"${request.registrationId}" has not registered yet`,
            );
        }
        return { status: 200, body: registrationJson(registration) };
    }

    /** Finds the service with an ID scope. @throws RegistrationRefusal */
    serviceOf({ idScope, registrationId }: Omit<DeviceRequest, "presented">): ProvisioningService {
        const service = this.context.provisioning.byIdScope(idScope);
        if (service === undefined) {
            throw RegistrationRefusal.of(
                "idScopeUnknown",
                `no provisioning service has the ID scope "${idScope}"`,
            );
        }
        if (service.state !== "Active") {
            throw RegistrationRefusal.of(
                "serviceNotActive",
                `provisioning service ${service.name} is ${service.state}; wait until it is Active`,
            );
        }
        const isInLowerCase = registrationId === registrationId.toLowerCase();
        if (
            !registrationIdRule.test(registrationId) ||
            (this.context.settings.dpsLowerCaseIds && !isInLowerCase)
        ) {
            throw RegistrationRefusal.of(
                "registrationIdInvalid",
                `registration ID "${registrationId}" must be at most 128 letters, digits and ` +
                    `- . _ : and end with a letter, digit or -` +
                    (isInLowerCase ? "" : ", in lower case with the setting dpsLowerCaseIds"),
            );
        }
        return service;
    }

    /** Records a refusal for the management API. */
    record(
        why: Pick<RefusedRegistration, "reason" | "detail" | "errorCode">,
        idScope: string,
        registrationId: string | undefined,
    ): void {
        const { reason, detail, errorCode } = why;
        const time = this.context.clock.date().toISOString();
        this.context.provisioning.refuse({
            time,
            idScope,
            registrationId,
            reason,
            detail,
            errorCode,
        });
        const who = registrationId === undefined ? "a client" : `registration of ${registrationId}`;
        this.context.log.info(`refused ${who}: ${reason}: ${detail}`);
    }

    private attest(service: ProvisioningService, request: DeviceRequest): Attested {
        const { registrationId, presented } = request;
        const { clock, settings } = this.context;
        return attest({ service, registrationId, presented, now: clock.now(), settings });
    }

    private newRegistration(
        registrationId: string,
        attested: Attested,
        previous: Registration | undefined,
    ): Registration {
        const now = this.context.clock.date();
        return {
            registrationId,
            createdDateTimeUtc: previous?.createdDateTimeUtc ?? now.toISOString(),
            lastUpdatedDateTimeUtc: now.toISOString(),
            status: "unassigned",
            substatus: previous?.substatus ?? "initialAssignment",
            assignedHub: previous?.assignedHub,
            deviceId: previous?.deviceId,
            errorCode: undefined,
            errorMessage: undefined,
            etag: documentETag(now.getTime()),
            payload: undefined,
            enrollmentGroupId: attested.group?.enrollmentGroupId,
            x509: x509Result(attested),
        };
    }

    /**
     * A disabled enrollment is not an error: the reply has no operation, and the record says `disabled`
     * (azure-iot-cli-extension, test_dps_device_registration_disabled_enrollment).
     */
    private disabled(
        request: DeviceRequest,
        { individual, group }: Attested,
        registration: Registration,
    ): DeviceAnswer {
        registration.status = "disabled";
        const what =
            individual === undefined
                ? `enrollment group "${group?.enrollmentGroupId}"`
                : `individual enrollment "${individual.registrationId}"`;
        this.record(
            {
                reason: "enrollmentDisabled",
                detail: `${what} is disabled; enable it`,
                errorCode: 401002,
            },
            request.idScope,
            request.registrationId,
        );
        const registrationState = registrationJson(registration);
        return { status: 200, body: { operationId: "", status: "disabled", registrationState } };
    }

    private finish(
        operation: Operation,
        attested: Attested,
        previous: Registration | undefined,
    ): void {
        const { service, registration } = operation;
        if (!this.isCurrent(operation)) {
            return;
        }
        const now = this.context.clock.date();
        registration.lastUpdatedDateTimeUtc = now.toISOString();
        registration.etag = documentETag(now.getTime());
        try {
            const { registrationId } = registration;
            const made = assign(this.context, service, attested, registrationId, previous);
            registration.status = "assigned";
            registration.substatus = made.substatus;
            registration.assignedHub = hostNameFor(made.hub, "device");
            registration.deviceId = made.deviceId;
            this.context.log.info(
                `${registrationId} registered with ${service.name}: device ${made.deviceId} on hub ` +
                    `${made.hub.name} (${made.substatus})`,
            );
        } catch (error) {
            this.fail(operation, error);
        }
    }

    private fail({ service, registration }: Operation, error: unknown): void {
        registration.status = "failed";
        if (error instanceof AssignmentFailure) {
            registration.errorCode = error.errorCode;
            registration.errorMessage = error.message;
            this.record(error, service.idScope, registration.registrationId);
        } else {
            registration.errorCode = 500001;
            registration.errorMessage = "Internal server error.";
            this.context.log.warn(`assignment failed: ${(error as Error).stack}`);
        }
    }

    private answer(operation: Operation): DeviceAnswer {
        const { operationId, registration } = operation;
        const { registrationId, status } = registration;
        if (status === "assigning") {
            const registrationState = { registrationId, status };
            return { ...this.again(), body: { operationId, status, registrationState } };
        }
        const registrationState = registrationJson(registration);
        return { status: 200, body: { operationId, status, registrationState } };
    }

    private again(): { status: 202; retryAfter: number } {
        const { registrationSeconds } = this.context.settings;
        return { status: 202, retryAfter: Math.max(1, Math.ceil(registrationSeconds)) };
    }

    /** Whether the operation's record still exists on the service: deleting a registration also drops its operation. */
    private isCurrent({ service, registration }: Operation): boolean {
        const id = registration.registrationId.toLowerCase();
        return (
            this.context.provisioning.get(service.name) === service &&
            service.registrations.get(id) === registration
        );
    }
}

/** @throws RegistrationRefusal */
export function checkApiVersion(version: string | null): void {
    if (version === null) {
        throw RegistrationRefusal.of(
            "apiVersionMissing",
            `api-version is missing; known are ${apiVersions.join(", ")}`,
        );
    }
    if (!apiVersions.includes(version)) {
        throw RegistrationRefusal.of(
            "apiVersionUnsupported",
            `api-version "${version}" is not supported; known are ${apiVersions.join(", ")}`,
        );
    }
}

/**
 * Reads the body of a registration.
 *
 * @throws RegistrationRefusal
 */
export function readBody(body: Buffer): unknown {
    try {
        return JSON.parse(body.toString("utf8"));
    } catch (error) {
        throw RegistrationRefusal.of(
            "bodyMalformed",
            `the body is not JSON: ${(error as Error).message}`,
        );
    }
}

function checkBody(body: unknown, registrationId: string): void {
    if (typeof body !== "object" || body === null || Array.isArray(body)) {
        throw RegistrationRefusal.of("bodyMalformed", "the body must be a JSON object");
    }
    const given = body as { registrationId?: unknown; tpm?: unknown; symmetricKey?: unknown };
    if (given.tpm !== undefined || given.symmetricKey !== undefined) {
        throw RegistrationRefusal.of(
            "attestationNotSupported",
            "the emulator supports X.509 attestation only, not TPM or symmetric keys",
        );
    }
    const { registrationId: named = registrationId } = given;
    if (typeof named !== "string" || !sameId(named, registrationId)) {
        throw RegistrationRefusal.of(
            "registrationIdMismatch",
            `the body's registration ID is not "${registrationId}"`,
        );
    }
}

function keyOf({ idScope, registrationId }: DeviceRequest): string {
    return `${idScope}/${registrationId.toLowerCase()}`;
}
