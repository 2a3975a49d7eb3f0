import { shellWord } from "../../components/text/shellWords";
import { nameList } from "../../components/dynamic/nameList";
import { deviceTypes, PreviousState } from "../../stacks/previousState";
import { isFleetStack } from "../../stacks/shards";
import { StackFileError } from "../stackFiles/planConfig";
import { platformOf } from "./placement";
import { ExportedState } from "./stackState";

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
    hub: PreviousState["outputs"][string],
    names: readonly string[],
    read: (stack: string) => Promise<ExportedState>,
): Promise<void> {
    const strays = names.filter(
        (name) =>
            /-(?:shard-\d+|group-.+|groupless)$/.test(name) &&
            !names.some((one) => isFleetStack(one, name)),
    );
    const { id, hostName } = (hub ?? {}) as { readonly id?: string; readonly hostName?: string };
    const held: string[] = [];
    let former: string | undefined;
    for (const stray of strays) {
        const state = await read(stray);
        const told = platformOf(state);
        if (typeof told === "string" && !names.includes(told) && holds(state, [id, hostName])) {
            held.push(stray);
            former = told;
        }
    }
    if (former !== undefined) {
        throw new StackFileError(
            `devices of ${platform}'s hub are in ${nameList(held)}, of the stack "${former}", which does not exist — a stack with ` +
                `fleet stacks keeps its name: pulumi stack rename ${shellWord(former)} --stack ${shellWord(platform)}`,
        );
    }
}

/** @param hub its ARM ID and host name */
function holds({ deployment }: ExportedState, hub: readonly (string | undefined)[]): boolean {
    const wanted = hub.flatMap((one) => one?.toLowerCase() ?? []);
    return (deployment.resources ?? []).some(
        ({ type, outputs }) =>
            [deviceTypes.identity, deviceTypes.registration].includes(type) &&
            [outputs?.hubId, outputs?.hubHostName].some((one) =>
                wanted.includes(String(one).toLowerCase()),
            ),
    );
}
