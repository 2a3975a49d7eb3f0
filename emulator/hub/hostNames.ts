import { Hub } from "./model";

const special = /^([^.]+)\.(device|service)\.(.+)$/;

/** The classic host name of the hub that a host name stands for, and what it is for. */
export function readHostName(hostName: string): {
    readonly classic: string;
    /** `all`: it is the classic one. */
    readonly use: "all" | "device" | "service";
} {
    const name = hostName.toLowerCase();
    const found = special.exec(name);
    return found === null
        ? { classic: name, use: "all" }
        : { classic: `${found[1]}.${found[3]}`, use: found[2] as "device" | "service" };
}

/**
 * The host name of a hub for one use: `<hub>.device.azure-devices.net` and `<hub>.service.azure-devices.net` where its
 * gateway is the second version, with the classic name beside them (Azure/azure-iot-sdk-java pull request 1831).
 */
export function hostNameFor({ hostName, gatewayV2 }: Hub, use: "device" | "service"): string {
    return gatewayV2 === true ? hostName.replace(".", `.${use}.`) : hostName;
}
