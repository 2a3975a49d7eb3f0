import { EmulatorContext } from "../../context";
import { AzureHost } from "../../core/clouds";
import { letsClientsIn } from "../../core/networkRules";
import { Principal } from "../../entra/principal";
import { audiencesOf } from "../../entra/resources";
import { TokenProblem } from "../../entra/tokens";
import { rightsOf, signingPolicy } from "../../hub/sharedAccess";
import { ProvisioningService } from "../model";
import { ServiceProblem } from "./errors";

/** Rights of a shared access policy that the service API requires (Azure docs: iot-dps how-to-control-access). */
type Right =
    "EnrollmentRead" | "EnrollmentWrite" | "RegistrationStatusRead" | "RegistrationStatusWrite";

/** What an operation requires of its caller, for both kinds of authentication. */
export interface Permission {
    /**
     * The part after `Microsoft.Devices/provisioningServices/` (Azure docs: iot-dps
     * concepts-control-access-dps-azure-ad).
     */
    readonly dataAction: string;
    readonly right: Right;
}

/** Permissions by kind of operation. */
export const permissions = {
    readGroups: { dataAction: "enrollmentGroups/read", right: "EnrollmentRead" },
    writeGroups: { dataAction: "enrollmentGroups/write", right: "EnrollmentWrite" },
    deleteGroups: { dataAction: "enrollmentGroups/delete", right: "EnrollmentWrite" },
    readEnrollments: { dataAction: "enrollments/read", right: "EnrollmentRead" },
    writeEnrollments: { dataAction: "enrollments/write", right: "EnrollmentWrite" },
    deleteEnrollments: { dataAction: "enrollments/delete", right: "EnrollmentWrite" },
    readAttestation: {
        dataAction: "attestationmechanism/details/action",
        right: "EnrollmentWrite",
    },
    readRegistrations: { dataAction: "registrationStates/read", right: "RegistrationStatusRead" },
    deleteRegistrations: {
        dataAction: "registrationStates/delete",
        right: "RegistrationStatusWrite",
    },
} satisfies Record<string, Permission>;

/**
 * Checks the `Authorization` header and whether its holder may perform the operation.
 *
 * @param path the path below the service's host name
 * @throws ServiceProblem 401
 */
export async function authorize(
    context: EmulatorContext,
    service: ProvisioningService,
    host: AzureHost,
    authorization: string | undefined,
    path: string,
    wanted: Permission,
): Promise<void> {
    if (!letsClientsIn(service.settings ?? {})) {
        throw new ServiceProblem("unauthorized", "Unauthorized");
    }
    if (authorization !== undefined && /^Bearer\s/i.test(authorization)) {
        const principal = await verified(context, service, host, authorization);
        const action = `Microsoft.Devices/provisioningServices/${wanted.dataAction}`;
        if (!context.access.isDataAllowed(principal, action, service.id)) {
            throw new ServiceProblem(
                "notPermitted",
                `Principal ${principal.objectId} is not authorized for ${action} on ${service.name}.`,
            );
        }
        return;
    }
    const policy = service.disableLocalAuth
        ? undefined
        : signingPolicy(service.policies, authorization ?? "", {
              hostName: service.serviceHostName,
              path,
              now: context.clock.now(),
          });
    if (policy === undefined || !rightsOf(policy, includedRights).includes(wanted.right)) {
        throw new ServiceProblem("unauthorized", "Unauthorized");
    }
}

async function verified(
    context: EmulatorContext,
    { subscriptionId }: ProvisioningService,
    { cloud }: AzureHost,
    authorization: string,
): Promise<Principal> {
    try {
        return await context.tokens.verify(authorization, audiencesOf("dps", cloud), [
            context.tenants.ownerOf(subscriptionId).tenantId,
        ]);
    } catch (error) {
        if (error instanceof TokenProblem) {
            throw new ServiceProblem("unauthorized", "Unauthorized");
        }
        throw error;
    }
}

/**
 * Writing enrollments includes all lesser rights: Azure gives `provisioningserviceowner`, "all permissions", the rights
 * "ServiceConfig, DeviceConnect, EnrollmentWrite".
 */
const includedRights: Readonly<Record<string, readonly Right[]>> = {
    EnrollmentWrite: ["EnrollmentRead", "RegistrationStatusRead", "RegistrationStatusWrite"],
    RegistrationStatusWrite: ["RegistrationStatusRead"],
};
