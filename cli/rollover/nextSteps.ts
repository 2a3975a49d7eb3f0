import { shellWord } from "../../components/text/shellWords";
import { GroupRollover, waiting } from "./groupRollover";

/**
 * What to do next with a group: sentences, and commands that begin with `$ `.
 *
 * @param retain the generations that the settings retain, in their order
 */
export function nextSteps(
    { group, generation, isDeployed, isBlocked, earlier }: Omit<GroupRollover, "next">,
    retain: readonly number[],
    hasShards: boolean,
): string[] {
    const intermediate = `iot-x509:groups.${group}.intermediate`;
    const set = (path: string, value: number): string =>
        `$ pulumi config set --path ${shellWord(`${intermediate}.${path}`)} ${value}`;
    const up = hasShards ? "$ npm run fleet -- up" : "$ pulumi up";
    if (isBlocked) {
        return ["The group is blocked: none of its devices can connect."];
    }
    if (!isDeployed) {
        return [`Generation ${generation} does not exist yet.`, up];
    }
    if (earlier.length === 0) {
        return [
            "No rollover is under way. To begin one:",
            set("generation", generation + 1),
            set("retain[0]", generation),
            up,
        ];
    }
    const stuck = earlier.filter((one) => waiting(one).length > 0);
    const dropped = stuck.filter(({ isRetained }) => !isRetained);
    if (dropped.length > 0) {
        return [
            `The settings no longer retain generation ${dropped[0].generation}, on which devices depend: the next run is refused. Retain it:`,
            ...dropped.map((one, index) => set(`retain[${retain.length + index}]`, one.generation)),
        ];
    }
    if (stuck.length > 0) {
        return [
            "Bring the new chains to the devices, and let each connect and report its certificate, or register again. The new chains:",
            "$ npm run fleet -- certificates --changed --out ../credentials",
            "Then look again.",
        ];
    }
    const retained = earlier.filter(({ isRetained }) => isRetained);
    return [
        "No device depends on an earlier generation any more. Remove it:",
        ...retained
            .map((one) => retain.indexOf(one.generation))
            // The last first, because a removal changes the places of those after it.
            .sort((one, other) => other - one)
            .map(
                (index) =>
                    `$ pulumi config rm --path ${shellWord(`${intermediate}.retain[${index}]`)}`,
            ),
        up,
    ];
}
