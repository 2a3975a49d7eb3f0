import { EmulatorContext } from "../context";
import { HostService, HttpReply, HttpRequest } from "../core/http";
import { Params, Router } from "../core/router";
import {
    checkApiVersion,
    DeviceAnswer,
    DeviceRequest,
    readBody,
    Registrar,
} from "./deviceRegistrar";
import { RegistrationRefusal } from "./deviceRefusals";

type Work = (registrar: Registrar, request: DeviceRequest, http: HttpRequest) => DeviceAnswer;

/**
 * The device API over HTTPS, on `global.azure-devices-provisioning.net` (REST reference "IoT DPS: Runtime
 * Registration"). Clients authenticate with their TLS certificates.
 */
export class DeviceProvisioningApi implements HostService {
    private readonly router = new Router();
    private readonly registrar: Registrar;

    constructor(private readonly context: EmulatorContext) {
        this.registrar = Registrar.of(context);
        const registration = "/:idScope/registrations/:registrationId";
        this.on("PUT", `${registration}/register`, (registrar, request, http) =>
            registrar.register(request, readBody(http.body)),
        );
        this.on("POST", registration, (registrar, request) => registrar.lookup(request));
        this.router.on("GET", `${registration}/operations/:operationId`, (http, params) =>
            this.perform(http, params, (registrar, request) =>
                registrar.operation(request, params.operationId),
            ),
        );
    }

    async handle(request: HttpRequest): Promise<HttpReply> {
        return this.router.handle(request);
    }

    private on(method: "PUT" | "POST", path: string, work: Work): void {
        this.router.on(method, path, (http, params) => this.perform(http, params, work));
    }

    private perform(http: HttpRequest, params: Params, work: Work): HttpReply {
        const { idScope, registrationId } = params;
        try {
            checkApiVersion(http.url.searchParams.get("api-version"));
            if (http.headers.authorization !== undefined) {
                throw RegistrationRefusal.of(
                    "attestationNotSupported",
                    "the device sent an Authorization header; the emulator supports X.509 only, where " +
                        "the TLS certificate is the proof",
                );
            }
            const presented = http.clientCertificates;
            return reply(work(this.registrar, { idScope, registrationId, presented }, http));
        } catch (error) {
            if (!(error instanceof RegistrationRefusal)) {
                throw error;
            }
            this.registrar.record(error, idScope, registrationId);
            return this.refusal(error);
        }
    }

    private refusal(refusal: RegistrationRefusal): HttpReply {
        const { status, retryAfter } = refusal;
        return {
            status,
            headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
            body: refusal.body(this.context.clock.date()),
        };
    }
}

function reply({ status, retryAfter, body }: DeviceAnswer): HttpReply {
    return {
        status,
        headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
        body,
    };
}
