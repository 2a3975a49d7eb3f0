import { isSameResourceName } from "../../components/azure/sameName";
import { shellWord } from "../../components/text/shellWords";
import { nameList } from "../../components/dynamic/nameList";
import { deviceTypes } from "../../stacks/previousState";
import { hasFleetStackName, isFleetStack } from "../../stacks/shards";
import { StackFileError } from "../stackFiles/planConfig";
import { platformOf } from "./placement";
import { ExportedState } from "./stackState";

/** The output `hub` of a hub's stack. */
export interface HubOutput {
    /** ARM resource ID. */
    readonly id: string;
    readonly hostName: string;
}

/**
 * Finds fleet stacks that hold devices of this hub, but belong to a stack that does not exist: the hub's stack had that name.
 * Nobody would manage those devices, and the run would make new fleet stacks for them.
 *
 * @param platform name of the hub's stack
 * @param hub output of that stack
 * @param names of all stacks of the project
 * @throws StackFileError that names them
 */
export async function refuseRenamed(
    platform: string,
    hub: HubOutput | undefined,
    names: readonly string[],
    read: (stack: string) => Promise<ExportedState>,
): Promise<void> {
    const strays = names.filter(
        (name) => hasFleetStackName(name) && !names.some((one) => isFleetStack(one, name)),
    );
    for (const stray of strays) {
        const state = await read(stray);
        const former = platformOf(state);
        if (typeof former === "string" && !names.includes(former) && holds(state, hub)) {
            const fleet = strays.filter((one) => isFleetStack(former, one));
            throw new StackFileError(
                `devices of ${platform}'s hub are in ${nameList(fleet)}, of the stack "${former}", which does not exist — a stack ` +
                    `with fleet stacks keeps its name: pulumi stack rename ${shellWord(former)} --stack ${shellWord(platform)}`,
            );
        }
    }
}

/** Whether a state has devices of a hub. */
function holds({ deployment }: ExportedState, hub: HubOutput | undefined): boolean {
    const isOf = (known: string | undefined, held: unknown): boolean =>
        known !== undefined && isSameResourceName(known, String(held));
    return (deployment.resources ?? []).some(
        ({ type, outputs }) =>
            (type === deviceTypes.identity && isOf(hub?.id, outputs?.hubId)) ||
            (type === deviceTypes.registration && isOf(hub?.hostName, outputs?.hubHostName)),
    );
}
