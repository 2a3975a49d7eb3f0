/**
 * JSON in ASCII, everything else escaped (RFC 8259, 7): the provisioning client of the Node SDK reads what comes over MQTT
 * as ASCII (azure-iot-provisioning-device-mqtt, `payload.toString("ascii")`), and HTTP headers hold nothing else.
 */
export function asciiJson(value: unknown): string {
    return ascii(JSON.stringify(value));
}

/** A text for a header, with what is beyond ASCII as JSON escapes it. */
export function ascii(text: string): string {
    return text.replace(
        /[\u0080-\uffff]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}
