import { CloudToDeviceMessage } from "../hub/model";

/**
 * The topics that IoT Hub knows (Azure docs: iot-hub-mqtt-support, "Using the MQTT protocol directly (as a device)").
 */
export type DevicePublication =
    | {
          readonly kind: "telemetry";
          readonly properties: Record<string, string>;
          readonly systemProperties: Record<string, string>;
      }
    | { readonly kind: "twinGet"; readonly requestId: string }
    | { readonly kind: "reported"; readonly requestId: string }
    | { readonly kind: "methodAnswer"; readonly requestId: string; readonly status: number };

export type DeviceFilter = "cloudToDevice" | "twinAnswers" | "desired" | "methods";

/**
 * Short names in a property bag, and their names in the built-in endpoint (Azure docs:
 * iot-hub-devguide-messages-construct).
 */
const systemNames: Readonly<Record<string, string>> = {
    "$.mid": "message-id",
    "$.cid": "correlation-id",
    "$.uid": "user-id",
    "$.to": "to",
    "$.ct": "content-type",
    "$.ce": "content-encoding",
    "$.exp": "absolute-expiry-time",
    "$.ctime": "iothub-creation-time-utc",
    "$.sub": "dt-subject",
    "$.ifid": "iothub-interface-id",
};

/** Reads the topic of a publication; undefined for a topic that does not exist or is not the device's own. */
export function readPublication(topic: string, deviceId: string): DevicePublication | undefined {
    const bag = telemetryBag(topic, deviceId);
    if (bag !== undefined) {
        return readTelemetry(bag);
    }
    const twin = /^\$iothub\/twin\/(GET|PATCH\/properties\/reported)\/\?\$rid=([^&]+)/.exec(topic);
    if (twin !== null) {
        return { kind: twin[1] === "GET" ? "twinGet" : "reported", requestId: twin[2] };
    }
    const answer = /^\$iothub\/methods\/res\/(-?\d+)\/\?\$rid=([^&]+)/.exec(topic);
    if (answer !== null) {
        return { kind: "methodAnswer", status: Number(answer[1]), requestId: answer[2] };
    }
    return undefined;
}

/** Reads a topic filter; undefined for every filter that IoT Hub does not grant. */
export function readFilter(filter: string, deviceId: string): DeviceFilter | undefined {
    switch (filter) {
        case "$iothub/twin/res/#":
            return "twinAnswers";
        case "$iothub/twin/PATCH/properties/desired/#":
            return "desired";
        case "$iothub/methods/POST/#":
            return "methods";
        default: {
            const match = /^devices\/([^/]+)\/messages\/devicebound\/#$/i.exec(filter);
            return match !== null && isDevice(match[1], deviceId) ? "cloudToDevice" : undefined;
        }
    }
}

/** The topic of a cloud-to-device message, ending in its percent-encoded properties. */
export function deviceBoundTopic(deviceId: string, message: CloudToDeviceMessage): string {
    const bag = [
        ...Object.entries(message.systemProperties),
        ...Object.entries(message.properties),
    ].map(([name, value]) => `${encodeName(name)}=${encodeURIComponent(value)}`);
    return `devices/${deviceId}/messages/devicebound/${bag.join("&")}`;
}

function telemetryBag(topic: string, deviceId: string): string | undefined {
    const match = /^devices\/([^/]+)\/messages\/events(?:\/(.*))?$/i.exec(topic);
    return match !== null && isDevice(match[1], deviceId) ? (match[2] ?? "") : undefined;
}

function readTelemetry(bag: string): DevicePublication {
    const properties: Record<string, string> = {};
    const systemProperties: Record<string, string> = {};
    for (const pair of bag.replace(/^\?/, "").replace(/\/$/, "").split("&")) {
        if (pair === "") {
            continue;
        }
        const at = pair.indexOf("=");
        const name = decode(at < 0 ? pair : pair.slice(0, at));
        const value = at < 0 ? "" : decode(pair.slice(at + 1));
        if (name.startsWith("$.")) {
            systemProperties[systemNames[name] ?? name] = value;
        } else {
            properties[name] = value;
        }
    }
    return { kind: "telemetry", properties, systemProperties };
}

/** SDKs percent-encode the device ID in topics; plain clients do not. */
function isDevice(segment: string, deviceId: string): boolean {
    return segment === deviceId || decode(segment) === deviceId;
}

function encodeName(name: string): string {
    return name.startsWith("$.") ? name : encodeURIComponent(name);
}

function decode(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
