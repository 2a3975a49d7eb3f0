import { isForbidden } from "./armReader";
import { CheckContext } from "./context";
import { error, Finding, ok } from "./finding";
import { grantCommand, missingActions, permissionsOn } from "./permissions";

const listKeys = "Microsoft.Devices/IotHubs/listkeys/action";

/** Whether the hubs beside the stack's own are there, and their keys may be read for the link. */
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
        const lacking = missingActions(await permissionsOn(arm, id), [listKeys]);
        return lacking.length === 0
            ? ok(`the linked hub ${id} exists`)
            : error(
                  `this login may not ${listKeys} on the linked hub ${id}`,
                  grantCommand(context, "Contributor", id),
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
