import { permissions } from "./authorization";
import { deviceOf, objectBodyOf, Operation } from "./call";
import { RegistryProblem } from "./errors";

/**
 * Direct methods (Azure docs: iot-hub-devguide-direct-methods; texts from the live findings of
 * terraform-provider-iothub). Their errors use the nested envelope.
 */
export const invokeMethod: Operation = {
    permission: permissions.invokeMethods,
    isStandardOnly: true,
    envelope: "nested",
    run: async (call) => {
        const { context, hub } = call;
        const { deviceId } = deviceOf(call);
        const body = objectBodyOf(call);
        if (typeof body.methodName !== "string" || body.methodName === "") {
            throw new RegistryProblem("ArgumentNull", "methodName is missing");
        }
        const responseTimeout = seconds(body, "responseTimeoutInSeconds", 5, 30);
        const connectTimeout = seconds(body, "connectTimeoutInSeconds", 0, 0);
        if (connectTimeout > responseTimeout) {
            throw new RegistryProblem(
                "ArgumentInvalid",
                `Device connection timeout ${connectTimeout} cannot be longer than an overall call timeout ${responseTimeout}.`,
            );
        }
        const result = await context.connections.invokeMethod(hub, deviceId, {
            name: body.methodName,
            payload: body.payload ?? null,
            connectTimeout,
            responseTimeout,
        });
        if (result === undefined) {
            throw new RegistryProblem(
                "DeviceNotOnline",
                "The operation failed because the requested device isn't online. To learn more, see https://aka.ms/iothub404103",
            );
        }
        if (result === null) {
            throw new RegistryProblem(
                "GatewayTimeout",
                "Timed out waiting for the response from device.",
            );
        }
        return { status: 200, body: { status: result.status, payload: result.payload } };
    },
};

function seconds(
    body: Readonly<Record<string, unknown>>,
    name: string,
    least: number,
    otherwise: number,
): number {
    const value = body[name] ?? otherwise;
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > 300) {
        throw new RegistryProblem("ArgumentInvalid", `${name} must be ${least} to 300`);
    }
    return value;
}

/** Empties a device's queue of cloud-to-device messages. */
export const purgeMessages: Operation = {
    permission: permissions.purgeMessages,
    isStandardOnly: true,
    run: (call) => {
        const device = deviceOf(call);
        const totalMessagesPurged = device.inbox.length;
        device.inbox.length = 0;
        return {
            status: 200,
            body: { deviceId: device.deviceId, moduleId: null, totalMessagesPurged },
        };
    },
};

/** Includes devices deleted in the last `statisticsLagSeconds`. */
export const deviceStatistics: Operation = {
    permission: permissions.readDeviceStatistics,
    limit: { name: "registry", operationType: "RegistryRead" },
    run: ({ hub, deleted }) => {
        const counted = [...hub.devices.values(), ...deleted.counted(hub)];
        const totalDeviceCount = counted.length;
        const enabledDeviceCount = counted.filter(({ status }) => status === "enabled").length;
        const disabledDeviceCount = totalDeviceCount - enabledDeviceCount;
        return { status: 200, body: { totalDeviceCount, enabledDeviceCount, disabledDeviceCount } };
    },
};

export const serviceStatistics: Operation = {
    permission: permissions.readServiceStatistics,
    run: ({ context, hub }) => {
        let connectedDeviceCount = 0;
        for (const connection of context.connections.list()) {
            connectedDeviceCount += connection.hub === hub.name.toLowerCase() ? 1 : 0;
        }
        return { status: 200, body: { connectedDeviceCount } };
    },
};
