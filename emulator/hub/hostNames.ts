import { Hub } from "./model";

const special = /^([^.]+)\.(device|service)\.(.+)$/;

/** The classic host name of the hub that a host name belongs to, and its use. */
export function readHostName(hostName: string): {
    readonly classic: string;
    /** `all` for the classic host name. */
    readonly use: "all" | "device" | "service";
} {
    const name = hostName.toLowerCase();
    const found = special.exec(name);
    return found === null
        ? { classic: name, use: "all" }
        : { classic: `${found[1]}.${found[3]}`, use: found[2] as "device" | "service" };
}

/**
 * The host name of a hub for one use. With the second gateway version this is `<hub>.device.azure-devices.net` or
 * `<hub>.service.azure-devices.net`, in addition to the classic name (Azure/azure-iot-sdk-java pull request 1831).
 */
export function hostNameFor({ hostName, gatewayV2 }: Hub, use: "device" | "service"): string {
    return gatewayV2 === true ? hostName.replace(".", `.${use}.`) : hostName;
}
