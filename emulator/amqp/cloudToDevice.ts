import { randomUUID } from "crypto";
import { Message } from "rhea";
import { EmulatorContext } from "../context";
import { CloudToDeviceMessage, Hub } from "../hub/model";
import { RegistryProblem } from "../registry/errors";

/** Azure docs: iot-hub-devguide-messages-c2d, "Limits". */
const longestQueue = 50;
const largestMessage = 64 * 1024;

/**
 * Queues a message for the device that its `to` names, and notifies the device if it is connected.
 *
 * @throws RegistryProblem when the device does not exist, its queue is full, or the message is too large.
 */
export function enqueue(context: EmulatorContext, hub: Hub, message: Message): void {
    const deviceId = addressee(message.to);
    const device = deviceId === undefined ? undefined : hub.devices.get(deviceId);
    if (device === undefined) {
        throw new RegistryProblem(
            "DeviceNotFound",
            deviceId ?? `${message.to} does not name a device`,
        );
    }
    if (device.inbox.length >= longestQueue) {
        throw new RegistryProblem(
            "DeviceMaximumQueueDepthExceeded",
            `The queue of device '${device.deviceId}' holds ${longestQueue} messages already.`,
        );
    }
    device.inbox.push(waiting(device.deviceId, message));
    context.hubs.events.emit("messageWaiting", hub, device);
}

/** `/devices/<percent-encoded ID>/messages/devicebound` */
function addressee(to: unknown): string | undefined {
    const match = /^\/devices\/([^/]+)\/messages\/devicebound$/i.exec(String(to));
    try {
        return match === null ? undefined : decodeURIComponent(match[1]);
    } catch {
        return undefined;
    }
}

function waiting(deviceId: string, message: Message): CloudToDeviceMessage {
    const body = bytes(message.body);
    if (body.length > largestMessage) {
        throw new RegistryProblem(
            "MessageTooLarge",
            `The message has ${body.length} bytes; at most ${largestMessage} are allowed.`,
        );
    }
    const messageId = message.message_id === undefined ? randomUUID() : idText(message.message_id);
    return {
        messageId,
        body,
        properties: applicationProperties(message),
        systemProperties: {
            "$.mid": messageId,
            "$.to": `/devices/${deviceId}/messages/devicebound`,
            ...present("$.cid", message.correlation_id, idText),
            ...present("$.uid", message.user_id, (id) => bytes(id).toString("utf8")),
            ...present("$.exp", message.absolute_expiry_time, (time) =>
                new Date(Number(time)).toISOString(),
            ),
            ...present("$.ct", message.content_type, String),
            ...present("$.ce", message.content_encoding, String),
        },
    };
}

function present(
    name: string,
    value: unknown,
    text: (value: unknown) => string,
): Record<string, string> {
    return value === undefined || value === null ? {} : { [name]: text(value) };
}

/** An ID is a string, a number or a 16-byte UUID. */
function idText(id: unknown): string {
    if (!Buffer.isBuffer(id) || id.length !== 16) {
        return String(id);
    }
    return id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function applicationProperties(message: Message): Record<string, string> {
    const given: Record<string, unknown> = message.application_properties ?? {};
    return Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name, String(value)] as const),
    );
}

/** rhea represents a data section as `{content}`, with a list of buffers if there were several sections. */
function bytes(body: unknown): Buffer {
    if (body === undefined || body === null) {
        return Buffer.alloc(0);
    }
    if (Buffer.isBuffer(body)) {
        return body;
    }
    if (typeof body === "object" && "content" in body) {
        const { content } = body as { content: unknown };
        return Array.isArray(content) ? Buffer.concat(content.map(bytes)) : bytes(content);
    }
    return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}
