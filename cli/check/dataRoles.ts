import { CheckContext, Present } from "./context";
import { error, Finding, ok } from "./finding";
import { grantCommand, missingDataActions, permissionsOn } from "./permissions";

/** The permissions with which devices and enrollments are created; not even Owner includes them. */
interface DataPlane {
    readonly what: string;
    readonly role: string;
    readonly actions: readonly string[];
}

/** Azure docs: "Control access to IoT Hub by using Microsoft Entra ID". */
export const hubPlane: DataPlane = {
    what: "the hub's devices",
    role: "IoT Hub Data Contributor",
    actions: ["devices/read", "devices/write", "devices/delete", "twins/read", "twins/write"].map(
        (action) => `Microsoft.Devices/IotHubs/${action}`,
    ),
};

/** Azure docs: "Control access to Azure IoT Hub Device Provisioning Service by using Microsoft Entra ID". */
const servicePlane: DataPlane = {
    what: "the provisioning service's enrollments",
    role: "Device Provisioning Service Data Contributor",
    actions: ["enrollmentGroups", "enrollments"].flatMap((kind) =>
        ["read", "write", "delete"].map(
            (action) => `Microsoft.Devices/provisioningServices/${kind}/${action}`,
        ),
    ),
};

/** Whether the login has the data-plane roles, or gets them from `up`. */
export async function checkDataRoles(context: CheckContext): Promise<Finding[]> {
    const { settings, hubs, services } = context;
    const { hub, dps } = settings;
    const findings = [await checkPlane(context, hubPlane, named(await hubs(), hub.name))];
    if (dps !== undefined) {
        findings.push(await checkPlane(context, servicePlane, named(await services(), dps.name)));
    }
    return findings;
}

async function checkPlane(
    context: CheckContext,
    { what, role, actions }: DataPlane,
    present: Present | undefined,
): Promise<Finding> {
    const { arm, settings } = context;
    if (settings.hub.dataRole === "assign") {
        return ok(`up grants this login the role for ${what}`);
    }
    const scope = present?.id ?? (await context.group()) ?? arm.subscription;
    const lacking = missingDataActions(await permissionsOn(arm, scope), actions);
    return lacking.length === 0
        ? ok(`this login may change ${what} on ${scope}`)
        : error(
              `iot-x509:hub.dataRole is existing, but this login has no role for ${what} on ${scope}`,
              `${grantCommand(context, role, scope)}, or set iot-x509:hub.dataRole to assign`,
          );
}

function named(all: readonly Present[], name: string | undefined): Present | undefined {
    return all.find((one) => one.name.toLowerCase() === name?.toLowerCase());
}
