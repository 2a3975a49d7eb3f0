import { strict as assert } from "assert";
import { rolloversOf } from "../../../../cli/report/rollovers";
import { GroupSettings } from "../../../../stacks/settings";

describe("rollovers of a report", () => {
    it("are groups that retain another generation than the one that signs", () => {
        const group = (name: string, generation: number, retain: readonly number[]) =>
            ({ name, intermediate: { generation, retain } }) as unknown as GroupSettings;
        const groups = [group("calm", 1, []), group("pumps", 2, [1]), group("back", 1, [1, 2])];
        assert.deepEqual(rolloversOf({ groups }), [
            { group: "pumps", generation: 2, retain: [1] },
            { group: "back", generation: 1, retain: [2] },
        ]);
    });
});
