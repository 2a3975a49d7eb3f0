import { EmulatorContext } from "../context";
import { Hub } from "../hub/model";
import { verifiedUploadSince } from "./apiVersions";
import { CertificateApi } from "./certificates";
import { existingHub, hubPath, requireActive } from "./hubs";
import { hubType } from "./resourceGroups";

/** Microsoft.Devices/IotHubs/certificates (azure-rest-api-specs iothub.json 2023-06-30). */
export function hubCertificates(context: EmulatorContext): CertificateApi<Hub> {
    return new CertificateApi<Hub>(context, {
        path: hubPath,
        type: hubType,
        label: "IotHub",
        showsContent: true,
        owner: (request, { group, hub }) => existingHub(context, request, group, hub),
        requireActive: (request, hub) => requireActive(context, request, hub),
        upload: (request, body) => {
            const properties = (body.properties ?? {}) as Record<string, unknown>;
            const isVerified =
                properties.isVerified === true && request.apiVersion >= verifiedUploadSince;
            return { certificate: properties.certificate, isVerified };
        },
        lost: (hub, certificate) => context.hubs.events.emit("certificateLost", hub, certificate),
    });
}
