import { firstOf } from "../../components/dynamic/nameList";
import { counted } from "../fleet/counted";
import { EarlierGeneration, GroupRollover, RollingDevice, waiting } from "./groupRollover";

/** A generation lists this many devices; the rest are counted. */
const most = 50;

/** The rollovers as lines of text. */
export function rolloverLines(groups: readonly GroupRollover[], wasAsked: boolean): string[] {
    return [
        ...(wasAsked ? [] : ["Neither hub nor provisioning service was asked.", ""]),
        ...groups.flatMap((group, index) => [...(index === 0 ? [] : [""]), ...groupLines(group)]),
    ];
}

function groupLines({ group, generation, earlier, next }: GroupRollover): string[] {
    return [
        `Group ${group}, generation ${generation}`,
        ...earlier.flatMap((one) => generationLines(one)),
        ...next.map((line) => `  ${line}`),
    ];
}

function generationLines(earlier: EarlierGeneration): string[] {
    const { generation, isRetained, devices } = earlier;
    const count = (wanted: RollingDevice["state"]): number =>
        devices.filter(({ state }) => state === wanted).length;
    return [
        `  generation ${generation} (${isRetained ? "retained" : "to be removed"}): ${counted(devices.length, "device")}: ` +
            `${count("moved")} moved, ${count("not moved")} not moved, ${count("unknown")} unknown`,
        ...firstOf(waiting(earlier).map(deviceLine), most).map((line) => `    ${line}`),
    ];
}

function deviceLine({ id, state, evidence, until, lastActivity }: RollingDevice): string {
    const end = until === null ? "" : `, its certificate ends ${until.slice(0, 10)}`;
    const seen = lastActivity === null ? "" : `, last activity ${lastActivity.slice(0, 19)}Z`;
    return `${id}: ${state}, ${evidence}${end}${seen}`.replace(/[\p{Cc}\p{Cf}]/gu, "?");
}
