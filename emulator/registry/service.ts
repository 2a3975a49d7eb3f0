import { EmulatorContext } from "../context";
import { HostService, HttpReply, HttpRequest } from "../core/http";
import { Params, Router } from "../core/router";
import { Hub } from "../hub/model";
import { authenticate } from "./authorization";
import { bulkRegistry } from "./bulk";
import { Call, demandStandardTier, Operation } from "./call";
import { DeletedDevices } from "./deletedDevices";
import {
    deleteDevice,
    listDevices,
    listModules,
    readDevice,
    readModule,
    writeDevice,
} from "./devices";
import { Envelope, NotEmulated, notEmulated, problemReply, RegistryProblem } from "./errors";
import { deviceStatistics, invokeMethod, purgeMessages, serviceStatistics } from "./methods";
import { queryDevices } from "./query";
import { Throttle } from "./throttle";
import { patchTwin, readTwin, replaceTwin } from "./twins";

/**
 * Supported versions: those probed on a live hub (terraform-provider-iothub, 2026-08-15: 2018-06-30 to 2024-03-31) and
 * those that Microsoft's own SDKs send.
 */
const apiVersions: ReadonlySet<string> = new Set([
    "2018-06-30",
    "2019-03-30",
    "2019-07-01-preview",
    "2019-10-01",
    "2020-03-13",
    "2020-05-31-preview",
    "2020-09-30",
    "2021-04-12",
    "2024-03-31",
]);

const routes: readonly (readonly [
    "GET" | "PUT" | "POST" | "PATCH" | "DELETE",
    string,
    Operation,
])[] = [
    ["GET", "/devices", listDevices],
    ["POST", "/devices", bulkRegistry],
    ["POST", "/devices/query", queryDevices],
    ["GET", "/devices/:deviceId", readDevice],
    ["PUT", "/devices/:deviceId", writeDevice],
    ["DELETE", "/devices/:deviceId", deleteDevice],
    ["DELETE", "/devices/:deviceId/commands", purgeMessages],
    ["GET", "/devices/:deviceId/modules", listModules],
    ["GET", "/devices/:deviceId/modules/:moduleId", readModule],
    ["GET", "/twins/:deviceId", readTwin],
    ["PATCH", "/twins/:deviceId", patchTwin],
    ["PUT", "/twins/:deviceId", replaceTwin],
    ["POST", "/twins/:deviceId/methods", invokeMethod],
    ["GET", "/statistics/devices", deviceStatistics],
    ["GET", "/statistics/service", serviceStatistics],
];

/**
 * The service API of a hub, on `<hub>.azure-devices.net` (REST reference "IoT Hub service"). Jobs, configurations,
 * digital twins, writes of modules and the devices' own HTTPS protocol are not emulated and return 501.
 */
export class RegistryService implements HostService {
    private readonly router = new Router();
    private readonly throttle: Throttle;
    private readonly deleted: DeletedDevices;

    constructor(private readonly context: EmulatorContext) {
        this.throttle = new Throttle(context);
        this.deleted = new DeletedDevices(context.clock, context.settings);
        for (const [method, path, operation] of routes) {
            this.router.on(method, path, (request, params) =>
                this.perform(request, params, operation),
            );
        }
    }

    async handle(request: HttpRequest): Promise<HttpReply> {
        return this.router.handle(request);
    }

    private async perform(
        request: HttpRequest,
        params: Params,
        operation: Operation,
    ): Promise<HttpReply> {
        let envelope: Envelope = "message";
        try {
            const call = await this.admit(request, params, operation);
            envelope = operation.envelope ?? envelope;
            return await operation.run(call);
        } catch (error) {
            if (error instanceof NotEmulated) {
                throw notEmulated(request, error.message);
            }
            if (error instanceof RegistryProblem) {
                return problemReply(request, this.context.clock.date(), error, envelope);
            }
            throw error;
        }
    }

    private async admit(request: HttpRequest, params: Params, operation: Operation): Promise<Call> {
        const { context, throttle, deleted } = this;
        const hub = this.hubOf(request);
        checkApiVersion(request.url.searchParams.get("api-version"));
        const path = request.url.pathname;
        const caller = await authenticate(context, hub, request.headers.authorization, path);
        if (operation.permission !== undefined) {
            caller.demand(operation.permission, `${request.method} on ${path}`);
        }
        if (operation.isStandardOnly === true) {
            demandStandardTier(hub);
        }
        if (operation.limit !== undefined) {
            const { name, operationType } = operation.limit;
            await throttle.pass(hub, name, operationType);
        }
        return { context, request, params, hub, caller, throttle, deleted };
    }

    /** A hub has no host name while it is being created or deleted. */
    private hubOf(request: HttpRequest): Hub {
        const hub = this.context.hubs.byHostName(request.host.name, "device");
        if (hub?.state !== "Active") {
            throw new RegistryProblem(
                "IotHubNotFound",
                `There is no IoT hub ${request.host.name}. In Azure this host name would not resolve.`,
            );
        }
        return hub;
    }
}

function checkApiVersion(version: string | null): void {
    if (version === null || !apiVersions.has(version.toLowerCase())) {
        const given = version === null ? "is missing" : `'${version}' is not supported`;
        throw new RegistryProblem(
            "InvalidProtocolVersion",
            `The query parameter api-version ${given}; known are ${[...apiVersions].join(", ")}.`,
        );
    }
}
