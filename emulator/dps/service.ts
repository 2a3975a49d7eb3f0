import { EmulatorContext } from "../context";
import { HostService, HttpReply, HttpRequest } from "../core/http";
import { ProvisioningServiceApi } from "./serviceApi";

/**
 * All hosts below `azure-devices-provisioning.net`: devices of every service register at `global`; the others are the
 * service APIs.
 */
export class DpsService implements HostService {
    private readonly serviceApi: HostService;

    constructor(
        context: EmulatorContext,
        private readonly deviceApi: HostService,
    ) {
        this.serviceApi = new ProvisioningServiceApi(context);
    }

    handle(request: HttpRequest): Promise<HttpReply> {
        const { name, cloud } = request.host;
        const isDevice = name === `global.${cloud.dpsSuffix}`;
        return (isDevice ? this.deviceApi : this.serviceApi).handle(request);
    }
}
