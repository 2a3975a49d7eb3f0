import { EmulatorContext } from "../context";
import { ProvisioningService } from "../dps/model";
import { CertificateApi } from "./certificates";
import { dpsPath, existingService, requireActiveService } from "./dpsServices";
import { dpsType } from "./resourceGroups";

/** The last version whose body has `certificate` and `isVerified` at the top level. */
const lastFlatVersion = "2021-10-15";

/** The first version whose body has them in `properties`; it accepts both forms. */
const firstNestedVersion = "2021-10-15";

/** From this version on, a PUT with `isVerified: true` needs no proof of possession. */
const verifiedUploadSince = "2020-09-01-preview";

/**
 * Microsoft.Devices/provisioningServices/certificates. Only the reply with a verification code contains the certificate
 * (azure-cli's `test_dps_certificate_lifecycle.yaml`; azure-rest-api-specs iotdps.json 2020-03-01 and 2022-02-05).
 */
export function dpsCertificates(context: EmulatorContext): CertificateApi<ProvisioningService> {
    return new CertificateApi<ProvisioningService>(context, {
        path: dpsPath,
        type: dpsType,
        label: "provisioning service",
        showsContent: false,
        owner: (request, { group, service }) => existingService(context, request, group, service),
        requireActive: (request, service) => requireActiveService(context, request, service),
        upload: ({ apiVersion }, body) => {
            const nested = (body.properties ?? {}) as Record<string, unknown>;
            const given = {
                ...(apiVersion <= lastFlatVersion ? body : {}),
                ...(apiVersion >= firstNestedVersion ? nested : {}),
            } as Record<string, unknown>;
            const isVerified = given.isVerified === true && apiVersion >= verifiedUploadSince;
            return { certificate: given.certificate, isVerified };
        },
    });
}
