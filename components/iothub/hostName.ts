/**
 * The classic host name of a hub, under which the program has it: a provisioning service may assign devices to the name
 * that a hub of the second gateway has for devices alone, `<hub>.device.azure-devices.net`, where its registry does not
 * answer. The classic one serves everybody (Azure/azure-iot-sdk-java pull request 1831).
 */
export function classicHostName(hostName: string): string {
    return hostName.toLowerCase().replace(/^([^.]+)\.(?:device|service)\./, "$1.");
}
