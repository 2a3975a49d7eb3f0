/**
 * The classic host name of a hub, which the program uses throughout. A provisioning service may assign devices to
 * `<hub>.device.azure-devices.net`, a name that a hub of the second gateway has for devices only; its registry does not
 * answer there. The classic name serves all clients (Azure/azure-iot-sdk-java pull request 1831).
 */
export function classicHostName(hostName: string): string {
    return hostName.toLowerCase().replace(/^([^.]+)\.(?:device|service)\./, "$1.");
}
