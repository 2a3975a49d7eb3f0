import { Rollover } from "../../report-page/inventory";
import { Settings } from "../../stacks/settings";

/** Groups that retain another generation than the one that signs. */
export function rolloversOf({ groups }: Pick<Settings, "groups">): Rollover[] {
    return groups.flatMap(({ name, intermediate: { generation, retain } }) => {
        const others = retain.filter((one) => one !== generation);
        return others.length === 0 ? [] : [{ group: name, generation, retain: others }];
    });
}
