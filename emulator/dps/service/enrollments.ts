import { EmulatorContext } from "../../context";
import { documentETag } from "../../core/etag";
import { EnrollmentGroup, IndividualEnrollment, ProvisioningService } from "../model";
import { namedCertificates } from "./attestation";
import { JsonObject } from "./call";
import { ServiceProblem } from "./errors";
import { checkId, readPolicy, WantedPolicy } from "./policy";

/** The most X.509 enrollment groups, and individual enrollments, of a service (Azure docs: DPS limits). */
const maximumGroups = 100;
const maximumEnrollments = 1_000_000;

type Precondition = string | undefined;

/**
 * The rules for writing and deleting that both kinds of enrollment share. An enrollment is created without `If-Match`
 * and changed with it (its ETag or `*`); a write without it to an existing enrollment is a conflict (recorded sessions
 * of azure-sdk-for-python; Azure/azure-sdk-for-python issue 35187).
 */
export class Enrollments {
    constructor(
        private readonly context: EmulatorContext,
        private readonly service: ProvisioningService,
    ) {}

    group(id: string): EnrollmentGroup {
        const group = this.service.groups.get(id.toLowerCase());
        if (group === undefined) {
            throw new ServiceProblem("groupNotFound", "EnrollmentGroup not found.");
        }
        return group;
    }

    enrollment(id: string): IndividualEnrollment {
        const enrollment = this.service.enrollments.get(id.toLowerCase());
        if (enrollment === undefined) {
            throw new ServiceProblem("enrollmentNotFound", "Enrollment not found.");
        }
        return enrollment;
    }

    putGroup(id: string, body: JsonObject, precondition: Precondition): EnrollmentGroup {
        const { groups } = this.service;
        checkSameId("enrollmentGroupId", body.enrollmentGroupId, id);
        const existing = groups.get(id.toLowerCase());
        if (existing !== undefined && precondition === undefined) {
            throw new ServiceProblem("groupExists", "EnrollmentGroup already exists.");
        }
        checkPrecondition(precondition, existing?.etag);
        const policy = readPolicy(this.service, "group", body, existing?.attestation);
        this.checkUnused(policy, existing);
        if (existing === undefined && groups.size >= maximumGroups) {
            throw new ServiceProblem(
                "quota",
                `Max number of X509 enrollment groups is ${maximumGroups}.`,
            );
        }
        const enrollmentGroupId = existing?.enrollmentGroupId ?? id;
        const group = { enrollmentGroupId, ...policy, ...this.stamps(existing) };
        groups.set(id.toLowerCase(), group);
        return group;
    }

    putEnrollment(id: string, body: JsonObject, precondition: Precondition): IndividualEnrollment {
        const { enrollments } = this.service;
        checkSameId("registrationId", body.registrationId, id);
        if (this.context.settings.dpsLowerCaseIds && /[A-Z]/.test(`${id}${body.registrationId}`)) {
            throw new ServiceProblem(
                "badRequest",
                `registrationId '${id}' has upper-case letters (setting dpsLowerCaseIds).`,
            );
        }
        const existing = enrollments.get(id.toLowerCase());
        if (existing !== undefined && precondition === undefined) {
            throw new ServiceProblem("enrollmentExists", "Enrollment already exists.");
        }
        checkPrecondition(precondition, existing?.etag);
        const policy = readPolicy(this.service, "individual", body, existing?.attestation);
        this.checkUnused(policy, existing);
        if (existing === undefined && enrollments.size >= maximumEnrollments) {
            throw new ServiceProblem(
                "quota",
                `Max number of enrollments is ${maximumEnrollments}.`,
            );
        }
        const enrollment = {
            registrationId: existing?.registrationId ?? id,
            deviceId: readDeviceId(body.deviceId),
            ...policy,
            ...this.stamps(existing),
        };
        enrollments.set(id.toLowerCase(), enrollment);
        return enrollment;
    }

    deleteGroup(id: string, precondition: Precondition): void {
        checkPrecondition(precondition, this.group(id).etag);
        this.service.groups.delete(id.toLowerCase());
    }

    /** Also deletes the registration of an individual enrollment, which the enrollment shows as part of itself. */
    deleteEnrollment(id: string, precondition: Precondition): void {
        checkPrecondition(precondition, this.enrollment(id).etag);
        this.service.enrollments.delete(id.toLowerCase());
        this.service.registrations.delete(id.toLowerCase());
    }

    /** A certificate can be in one enrollment only (Azure docs: iot-dps concepts-x509-attestation). */
    private checkUnused(
        { attestation }: WantedPolicy,
        existing: EnrollmentGroup | IndividualEnrollment | undefined,
    ): void {
        const wanted = new Set(namedCertificates(this.service, attestation));
        const others = [...this.service.groups.values(), ...this.service.enrollments.values()];
        const holder = others.find(
            (one) =>
                one !== existing &&
                namedCertificates(this.service, one.attestation).some((thumbprint) =>
                    wanted.has(thumbprint),
                ),
        );
        if (holder !== undefined) {
            const name =
                "enrollmentGroupId" in holder ? holder.enrollmentGroupId : holder.registrationId;
            throw new ServiceProblem(
                "certificateTaken",
                `The certificate is already used by the enrollment '${name}'.`,
            );
        }
    }

    private stamps(existing: { readonly createdDateTimeUtc: string } | undefined): {
        etag: string;
        createdDateTimeUtc: string;
        lastUpdatedDateTimeUtc: string;
    } {
        const { clock } = this.context;
        const now = clock.date().toISOString();
        return {
            etag: documentETag(clock.now()),
            createdDateTimeUtc: existing?.createdDateTimeUtc ?? now,
            lastUpdatedDateTimeUtc: now,
        };
    }
}

function checkSameId(
    what: "enrollmentGroupId" | "registrationId",
    given: unknown,
    id: string,
): void {
    checkId(what, id);
    if (typeof given !== "string" || given.toLowerCase() !== id.toLowerCase()) {
        throw new ServiceProblem(
            "badRequest",
            `${what} of the body must be that of the URL, '${id}'.`,
        );
    }
}

/** @throws ServiceProblem 412 when the tag is not the current one */
export function checkPrecondition(wanted: Precondition, etag: string | undefined): void {
    const holds = wanted === undefined || (wanted === "*" ? etag !== undefined : wanted === etag);
    if (!holds) {
        throw new ServiceProblem("preconditionFailed", "Precondition failed.");
    }
}

/** Checks a device ID by the rules of a hub (Azure docs: iot-hub-devguide-identity-registry). */
function readDeviceId(given: unknown): string | undefined {
    if (given === undefined || given === null || given === "") {
        return undefined;
    }
    if (typeof given !== "string" || !/^[A-Za-z0-9\-.+%_#*?!(),:=@$']{1,128}$/.test(given)) {
        throw new ServiceProblem("badRequest", "deviceId is not a valid device ID.");
    }
    return given;
}
