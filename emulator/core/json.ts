/**
 * JSON in ASCII, with everything else escaped (RFC 8259, 7): the Node SDK's provisioning client decodes MQTT payloads
 * as ASCII (azure-iot-provisioning-device-mqtt, `payload.toString("ascii")`), and HTTP headers allow nothing else.
 */
export function asciiJson(value: unknown): string {
    return ascii(JSON.stringify(value));
}

/** A header value in which characters beyond ASCII are escaped as in JSON. */
export function ascii(text: string): string {
    return text.replace(
        /[\u0080-\uffff]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}
