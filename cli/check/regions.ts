import { CheckContext } from "./context";
import { error, Finding, ok, unchecked } from "./finding";

interface Provider {
    readonly resourceTypes?: readonly {
        readonly resourceType: string;
        readonly locations?: readonly string[];
    }[];
}

/** Whether the region offers what the settings declare. */
export async function checkRegions(context: CheckContext): Promise<Finding[]> {
    const { arm, settings, encrypted } = context;
    if (encrypted.includes("location")) {
        return [
            unchecked(
                "iot-x509:location is encrypted, so the region was not checked",
                "a region is not a secret: pulumi config set iot-x509:location REGION",
            ),
        ];
    }
    const provider = await arm.get<Provider>(
        `${arm.subscription}/providers/Microsoft.Devices`,
        "2021-04-01",
    );
    const wanted = [
        { type: "IotHubs", what: "an IoT hub" },
        ...(settings.dps === undefined
            ? []
            : [{ type: "ProvisioningServices", what: "a provisioning service" }]),
    ];
    return wanted.map(({ type, what }) => {
        const { locations = [] } =
            provider.resourceTypes?.find(
                ({ resourceType }) => resourceType.toLowerCase() === type.toLowerCase(),
            ) ?? {};
        const offered = locations.map(regionName);
        return offered.includes(regionName(settings.location))
            ? ok(`${settings.location} offers ${what}`)
            : error(
                  `${settings.location} does not offer ${what} to this subscription`,
                  `set iot-x509:location to one of ${offered.sort().join(", ") || "(none)"}`,
              );
    });
}

/** `West Europe` and `westeurope` are the same region. */
function regionName(location: string): string {
    return location.toLowerCase().replace(/\s/g, "");
}
