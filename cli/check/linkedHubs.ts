import { isForbidden } from "./armReader";
import { CheckContext } from "./context";
import { hubPlane } from "./dataRoles";
import { error, Finding, ok, warning } from "./finding";
import { grantCommand, missingActions, missingDataActions, permissionsOn } from "./permissions";

const listKeys = "Microsoft.Devices/IotHubs/listkeys/action";

/**
 * Whether the additional linked hubs exist, the login may read their keys for the link, and may change their devices: `up`
 * assigns no role on them.
 */
export async function checkLinkedHubs(context: CheckContext): Promise<Finding[]> {
    const linked = context.settings.dps?.linkedHubs ?? [];
    return Promise.all(linked.map(({ id }) => checkLinkedHub(context, id)));
}

async function checkLinkedHub(context: CheckContext, id: string): Promise<Finding> {
    const { arm } = context;
    try {
        if ((await arm.find(id, "2023-06-30")) === undefined) {
            return error(
                `the linked hub ${id} does not exist`,
                "correct its ID in iot-x509:dps.linkedHubs, or delete it from the list",
            );
        }
        const permissions = await permissionsOn(arm, id);
        if (missingActions(permissions, [listKeys]).length > 0) {
            return error(
                `this login may not ${listKeys} on the linked hub ${id}`,
                grantCommand(context, "Contributor", id),
            );
        }
        return missingDataActions(permissions, hubPlane.actions).length === 0
            ? ok(`the linked hub ${id} exists`)
            : warning(
                  `this login has no role for the devices of the linked hub ${id}: none can be cut off there`,
                  grantCommand(context, hubPlane.role, id),
              );
    } catch (failure) {
        if (!isForbidden(failure)) {
            throw failure;
        }
        return error(
            `this login may not read the linked hub ${id}`,
            grantCommand(context, "Contributor", id),
        );
    }
}
